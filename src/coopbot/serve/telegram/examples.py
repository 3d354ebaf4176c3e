"""Example questions: those that the current index answers."""

from __future__ import annotations

from collections.abc import Callable

from coopbot.domain import Answer, Language

_SHOWN = 3

EXAMPLES: dict[Language, tuple[str, ...]] = {
    "en": (
        "When did the Heihe–Blagoveshchensk bridge open?",
        "How much did Primorye trade with China in 2023?",
        "When did the 500 kV power line to Heihe stop sending power?",
        "What is the capacity of the Zabaikalsk grain terminal?",
        "When did Summa and Jilin sign up for the Zarubino port?",
        "How long is the Tongjiang railway bridge?",
        "When was the Asino veneer mill near Tomsk opened?",
    ),
    "zh": (
        "同江铁路大桥有多长？",
        "2024年“西伯利亚力量”管道输送了多少天然气？",
        "2022年吉林从俄罗斯进口了多少煤炭？",
        "俄罗斯远东和中国东北2022年的贸易额是多少？",
        "黑河公路大桥什么时候通车？",
        "黑龙江自贸试验区有多大？",
        "后贝加尔斯克粮食码头的年吞吐能力是多少？",
    ),
    "ru": (
        "Когда открыли мост Благовещенск — Хэйхэ?",
        "Какова ширина моста Благовещенск — Хэйхэ?",
        "Когда перестали подавать ток по ЛЭП 500 кВ в Хэйхэ?",
        "Сколько Приморье торговало с Китаем в 2023 году?",
        "Какова мощность зернового терминала в Забайкальске?",
        "Сколько газа поставили по «Силе Сибири» в 2024 году?",
        "Когда заработает канатная дорога между Благовещенском и Хэйхэ?",
    ),
}


class Examples:
    """Finds examples once for each snapshot and language. Safe to share between threads."""

    def __init__(self, ask: Callable[[str], Answer], snapshot: Callable[[], str]) -> None:
        self._ask, self._snapshot = ask, snapshot
        self._found: dict[tuple[str, Language], list[tuple[int, str]]] = {}

    def fitting(self, language: Language) -> list[tuple[int, str]]:
        """The first few that are answered, each with its index in EXAMPLES. Raises what asking raises."""
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
