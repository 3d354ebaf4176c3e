"""Questions to begin with: those that the corpus in use answers."""

from __future__ import annotations

from collections.abc import Callable

from coopbot.domain import Answer, Language

_SHOWN = 3

EXAMPLES: dict[Language, tuple[str, ...]] = {
    "en": (
        "When did the Heihe–Blagoveshchensk bridge open?",
        "How long is the Tongjiang railway bridge?",
        "How much gas did Power of Siberia deliver in 2024?",
        "What is the capacity of the Zabaikalsk grain terminal?",
        "How much did trade between Russia and China grow in 2024?",
        "Where do Russians travel in China without a visa?",
    ),
    "zh": (
        "黑河公路大桥什么时候通车？",
        "同江铁路大桥有多长？",
        "2024年“西伯利亚力量”管道输送了多少天然气？",
        "后贝加尔斯克粮食码头的年吞吐能力是多少？",
        "2024年中俄贸易额是多少？",
        "2023年黑龙江对俄贸易额是多少？",
    ),
    "ru": (
        "Когда открыли мост Благовещенск — Хэйхэ?",
        "Какова длина железнодорожного моста в Тунцзяне?",
        "Сколько газа поставили по «Силе Сибири» в 2024 году?",
        "Какова мощность зернового терминала в Забайкальске?",
        "Какой была торговля России и Китая в 2024 году?",
        "Когда заработает канатная дорога между Благовещенском и Хэйхэ?",
    ),
}


class Examples:
    """Looked for once a snapshot and language. Safe to call from several threads."""

    def __init__(self, ask: Callable[[str], Answer], snapshot: Callable[[], str]) -> None:
        self._ask, self._snapshot = ask, snapshot
        self._found: dict[tuple[str, Language], list[tuple[int, str]]] = {}

    def fitting(self, language: Language) -> list[tuple[int, str]]:
        """The first few that are answered, each with its place in the list. Raises what asking raises."""
        key = (self._snapshot(), language)
        if key not in self._found:
            self._found = {found: value for found, value in self._found.items() if found[0] == key[0]}
            self._found[key] = self._look(language)
        return self._found[key]

    def _look(self, language: Language) -> list[tuple[int, str]]:
        fitting: list[tuple[int, str]] = []
        for place, question in enumerate(EXAMPLES[language]):
            if len(fitting) < _SHOWN and self._ask(question).outcome == "answered":
                fitting.append((place, question))
        return fitting
