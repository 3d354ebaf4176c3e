"""The unseen questions on the scoreboard: figures such as `unseen.answer.across.first`, and their section."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from coopbot.domain import LANGUAGES
from coopbot.measure.board import compared
from coopbot.measure.figures import Figures, answer_figures, citation_figures, kind_figures, refusal_figures
from coopbot.measure.golden import Reply
from coopbot.measure.scores import Estimate
from coopbot.measure.unseen import UNSEEN_KINDS

_ABOUT = """\
## Unseen questions

By people who had seen neither the code nor the golden questions: `unseen` and `blind` over the corpus, `pages` over invented
pages in an index of their own. Nothing is learned or tuned on them, and which were missed is not shown. First quote, refused
and wrong add up to 1 where a question has an answer: answered with an accepted string in the first quote, refused, answered
otherwise. Right first: the first quote is right, be it given as an answer or only offered.

"""

_ABOUT_KINDS = """\

Answered with an accepted string in the first quote, by kind. `by-date` is answered with the help of the page's date, as where
it says "this year". `latest` asks for the newest of several figures. `two-part` counts only with both parts among the quotes.

"""

_ABOUT_REFUSALS = """\

Questions without an answer, declined: refused, or answered with the sentence by which an article says that it does not know.

"""

_ABOUT_UNREAD = """\

The same questions without the reader, by retrieval alone:

"""

_GROUPS = {
    "an article in the question's language has it": "answer.same",
    "only articles in other languages have it": "answer.across",
    **{f"asked in {language}": f"answer.{language}" for language in LANGUAGES},
    "all": "answer.all",
}
_COLUMNS = {"first quote": "first", "refused": "refused", "wrong": "wrong", "right first": "offered"}
_KINDS = tuple(kind for kind in UNSEEN_KINDS if kind != "unanswerable")
_REFUSALS = {"precision": "precision", "recall": "recall", "recall at precision .90": "recall_at_90", "area": "area"}


@dataclass(frozen=True, kw_only=True)
class UnseenPart:
    """Keeps the `Part` contract. replies: by the name of the set of questions, which begins the names of its figures.

    unread: the same without the reader, if there is one; `.unread` follows the set's name in the names of its figures.
    """

    replies: Mapping[str, Sequence[Reply]]
    unread: Mapping[str, Sequence[Reply]] = field(default_factory=dict)

    @cached_property
    def figures(self) -> Mapping[str, Estimate]:
        """By name."""
        sets = {**self.replies, **{f"{name}.unread": replies for name, replies in self.unread.items()}}
        return {f"{name}.{key}": figure for name, replies in sets.items() for key, figure in _figures(replies).items()}

    def sections(self) -> str:
        """Markdown."""
        sets = tuple(self.replies)
        kinds: dict[str, str] = {kind: f"kind.{kind}" for kind in _KINDS}
        refusals = {"all": "no_evidence.all", **{f"asked in {language}": f"no_evidence.{language}" for language in LANGUAGES}}
        return (
            _ABOUT
            + compared(self.figures, _GROUPS, _COLUMNS, sets)
            + _ABOUT_REFUSALS
            + compared(self.figures, refusals, _REFUSALS, sets)
            + _ABOUT_KINDS
            + compared(self.figures, kinds, {"first quote": "first"}, sets)
            + self._unread()
        )

    def _unread(self) -> str:
        if not self.unread:
            return ""
        sets = tuple(f"{name}.unread" for name in self.unread)
        return (
            _ABOUT_UNREAD
            + compared(self.figures, {"all": "answer.all"}, _COLUMNS, sets)
            + "\n"
            + compared(self.figures, {"no": "no_evidence.all"}, _REFUSALS, sets)
        )


def _figures(replies: Sequence[Reply]) -> Figures:
    answerable = [one for one in replies if one.question.answers]
    return {
        **answer_figures(answerable),
        **kind_figures(answerable, _KINDS),
        **refusal_figures([one for one in replies if one.question.kind != "small-talk"]),
        **citation_figures(replies),
    }
