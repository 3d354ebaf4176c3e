"""The unseen questions on the scoreboard: figures such as `unseen.answer.across.first`, and their section."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

from evals.measure.board import ANSWER_COLUMNS, ANSWERS, REFUSAL_FIGURES, REFUSALS, compared, fill, grades
from evals.measure.figures import Figures, answer_figures, citation_figures, grade_figures, kind_figures, refusal_figures
from evals.measure.golden import Reply
from evals.measure.scores import Estimate
from evals.measure.unseen import UNSEEN_KINDS, UnseenQuestion

_KINDS = tuple(kind for kind in UNSEEN_KINDS if kind != "unanswerable")


@dataclass(frozen=True, kw_only=True)
class UnseenPart:
    """Keeps the `Part` contract. replies: by the name of the set of questions, which begins the names of its figures.

    unread: the same without the reader, if there is one; `.unread` follows the set's name in the names of its figures.
    """

    replies: Mapping[str, Sequence[Reply[UnseenQuestion]]]
    unread: Mapping[str, Sequence[Reply[UnseenQuestion]]] = field(default_factory=dict)

    @cached_property
    def figures(self) -> Mapping[str, Estimate]:
        """By name."""
        sets = {**self.replies, **{f"{name}.unread": replies for name, replies in self.unread.items()}}
        return {f"{name}.{key}": figure for name, replies in sets.items() for key, figure in _figures(replies).items()}

    def sections(self) -> str:
        """Markdown."""
        return fill("unseen", tables=self.tables())

    def tables(self) -> str:
        """The same without its heading."""
        shown = partial(compared, self.figures, sets=tuple(self.replies))
        return fill(
            "unseen_tables",
            answers=shown(ANSWERS, ANSWER_COLUMNS),
            refusals=shown(REFUSALS, REFUSAL_FIGURES),
            kinds=shown({kind: f"kind.{kind}" for kind in _KINDS}, {"first quote": "first"}),
            grades=grades(self.figures, sets=tuple(self.replies)),
            unread=self._unread() if self.unread else "",
        )

    def _unread(self) -> str:
        shown = partial(compared, self.figures, sets=tuple(f"{name}.unread" for name in self.unread))
        answers, refusals = shown({"all": "answer.all"}, ANSWER_COLUMNS), shown({"no": "no_evidence.all"}, REFUSAL_FIGURES)
        return f"The same questions without the reader, by retrieval alone:\n\n{answers}\n{refusals}"


def _figures(replies: Sequence[Reply[UnseenQuestion]]) -> Figures:
    answerable = [one for one in replies if one.question.answers]
    return {
        **answer_figures(answerable),
        **kind_figures(answerable, _KINDS),
        **refusal_figures([one for one in replies if one.question.kind != "small-talk"]),
        **grade_figures(replies),
        **citation_figures(replies),
    }
