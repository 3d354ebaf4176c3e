"""Questions that one sentence cannot answer, to measure each part of their answers: sides, points, items, sources."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Literal, Protocol, get_args

from pydantic import BaseModel, ConfigDict

from coopbot.domain import LANGUAGES, Answer, AnswerKind, Article, Citation, Language, Point
from coopbot.index.model.embedder import Progress
from coopbot.text.quantities import find_quantities
from evals.measure.board import cell, compared, fill, table
from evals.measure.facts import Accepted, Quoted, is_right
from evals.measure.golden import SPLITS, Grade, Split, quote_of, read_rows
from evals.measure.scores import Estimate, estimate, mean

SeveralKind = Literal["latest", "compare", "years", "list", "source", "summary"]
SEVERAL_KINDS: tuple[SeveralKind, ...] = get_args(SeveralKind)

_GIVEN_AS: Mapping[SeveralKind, AnswerKind] = {
    "latest": "latest",
    "compare": "compare",
    "years": "series",
    "list": "list",
    "source": "source",
    "summary": "summary",
}
# Of the points of a series and the items of a list, the share that a right answer has.
_SHARE = 0.5
# Quotes from the articles about its subject that an overview has at least.
_OF_SUBJECT = 2
# How far apart two sources may be on one figure.
_NEAR = 1.1
# A part of a name that is compared has so many characters at least.
_SHORTEST_NAME = 2
_JOINTS = re.compile(r"\s*[-–—]\s*")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


class Side(BaseModel):
    """A side of a comparison: any of its figures is right; without facts no article tells of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    facts: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()


class TimedFact(BaseModel):
    """A point of a series: the figure at a time, such as "2024" or "2019-10"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    time: str
    facts: tuple[str, ...]
    figures: tuple[str, ...] = ()


class ListedItem(BaseModel):
    """An item of a list: its names in the three languages, and facts that make it one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: tuple[str, ...]
    facts: tuple[str, ...] = ()

    def is_told(self, quote: Quoted) -> bool:
        """Whether a quote names it: all of "Poltavka-Dongning", or in a sentence of its fact one word of it."""
        text, by_fact = _even(quote.text), self.is_of_fact(quote)
        names = [[part for part in _JOINTS.split(_even(name)) if len(part) >= _SHORTEST_NAME] for name in self.name]
        if by_fact and any(_first_word(part) in text for parts in names for part in parts):
            return True
        return any(all(part in text for part in parts) for parts in names if parts)

    def is_of_fact(self, quote: Quoted) -> bool:
        """Whether a quote is of a fact that makes it an item."""
        return bool(self.facts) and is_right(quote, [Accepted(facts=self.facts)])


class SeveralQuestion(BaseModel):
    """One line of `evals/several.jsonl`; evals/README.md describes the fields. Without what its kind asks for, no article has
    an answer.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    language: Language
    split: Split
    topic: str
    kind: SeveralKind
    question: str
    after: str = ""
    facts: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    sides: tuple[Side, ...] = ()
    points: tuple[TimedFact, ...] = ()
    items: tuple[ListedItem, ...] = ()
    wrong: tuple[str, ...] = ()
    publishers: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    subject: tuple[str, ...] = ()
    note: str = ""

    @property
    def has_answer(self) -> bool:
        """Whether articles have an answer, or a part of it."""
        return bool(self.facts or self.points or self.items or self.subject or any(side.facts for side in self.sides))


@dataclass(frozen=True, kw_only=True)
class SeveralReply:
    """The verdict on an answer.

    formed: whether it was given in the form of its kind. found, wanted: how many of the parts that articles have are in its
    quotes, of how many. said_missing: whether all sides without an answer are named as such; None if there are none.
    wrong_items: items that do not belong; None if it is no list. points, exact: how many figures a series has, and how many of
    these stand in a quote of their own, word by word.
    """

    question: SeveralQuestion
    grade: Grade
    right: bool
    formed: bool
    found: int = 0
    wanted: int = 0
    said_missing: bool | None = None
    wrong_items: int | None = None
    points: int = 0
    exact: int = 0


class Asked(Protocol):
    """What is measured."""

    def ask(self, question: str, *, conversation_id: str | None = None) -> Answer:
        """See `Answerer`."""


def load_several(path: Path) -> list[SeveralQuestion]:
    """The questions of a JSONL file. Raises Unreadable."""
    return read_rows(path, SeveralQuestion, option="--questions")


def ask_several(
    questions: Sequence[SeveralQuestion],
    answerer: Asked,
    articles: Mapping[str, Article],
    progress: Progress = lambda done, total: None,
) -> list[SeveralReply]:
    """Ask each once, a question of sources after the one before it. articles: all of the index."""
    replies = []
    progress(0, len(questions))
    for done, one in enumerate(questions, start=1):
        conversation = f"several-{one.id}" if one.after else None
        if one.after:
            answerer.ask(one.after, conversation_id=conversation)
        answer = answerer.ask(one.question, conversation_id=conversation)
        replies.append(judge_several(one, answer, articles))
        progress(done, len(questions))
    return replies


def judge_several(question: SeveralQuestion, answer: Answer, articles: Mapping[str, Article]) -> SeveralReply:
    """Compare each part of an answer with what the question accepts."""
    grade: Grade = answer.outcome if answer.outcome in ("answered", "possible") else "no_evidence"
    cited = {one.number: one for one in answer.citations}
    given = [[cited[number] for number in claim.citations] for claim in answer.claims] if grade != "no_evidence" else []
    quotes = [[quote_of(one, articles) for one in citations] for citations in given]
    found, wanted = _parts(question, answer, quotes, cited, articles)
    missing = sum(not side.facts for side in question.sides)
    wrong_items = _wrong_items(question, answer, quotes) if answer.kind == "list" and given else None
    if question.has_answer:
        right = bool(quotes) and _is_right(question, answer, quotes, given, found, wanted) and not wrong_items
    else:
        right = not given or _admits(question, quotes[0]) or "not_about" in answer.remarks
    return SeveralReply(
        question=question,
        grade=grade,
        right=right,
        formed=answer.kind == _GIVEN_AS[question.kind],
        found=found,
        wanted=wanted,
        said_missing=len(answer.missing) >= missing if missing else None,
        wrong_items=wrong_items,
        points=len(answer.series),
        exact=sum(_is_exact(point, cited, articles) for point in answer.series),
    )


def _parts(
    question: SeveralQuestion,
    answer: Answer,
    quotes: Sequence[Sequence[Quoted]],
    cited: Mapping[int, Citation],
    articles: Mapping[str, Article],
) -> tuple[int, int]:
    """How many parts of its answer are there, of how many."""
    flat = [quote for claim in quotes for quote in claim]
    match question.kind:
        case "latest":
            asked = [Accepted(facts=question.facts, figures=(one,)) for one in question.figures] if question.facts else []
            return sum(any(is_right(quote, [one]) for quote in flat) for one in asked), len(asked)
        case "compare":
            sides = [Accepted(facts=side.facts, figures=side.figures) for side in question.sides if side.facts]
            return sum(any(is_right(quote, [side]) for quote in flat) for side in sides), len(sides)
        case "years":
            shown = list(_shown_points(answer, cited, articles))
            return sum(_has_point(one, shown, [] if shown else flat) for one in question.points), len(question.points)
        case "list":
            return sum(any(item.is_told(quote) for quote in flat) for item in question.items), len(question.items)
        case "source" | "summary":
            return 0, 0


def _is_right(
    question: SeveralQuestion,
    answer: Answer,
    quotes: Sequence[Sequence[Quoted]],
    given: Sequence[Sequence[Citation]],
    found: int,
    wanted: int,
) -> bool:
    """Whether an answer has the parts that its kind needs."""
    first = quotes[0]
    match question.kind:
        case "latest":
            return found == wanted and is_right(first[0], [Accepted(facts=question.facts, figures=question.figures)])
        case "compare":
            missing = sum(not side.facts for side in question.sides)
            return found == wanted and len(answer.missing) == missing
        case "years":
            return found >= max(1, _SHARE * wanted) and not any(_contradicts(question, point) for point in answer.series)
        case "list":
            return found >= _SHARE * wanted
        case "source":
            return (
                answer.kind == "source"
                and is_right(first[0], [Accepted(facts=question.facts)])
                and _is_sourced(question, given[0][0])
            )
        case "summary":
            own = [one[0].article_id for one in given if f"{one[0].article_id.partition('/')[2]}.md" in question.subject]
            return own[:1] == [given[0][0].article_id] and len(own) >= _OF_SUBJECT


def _is_sourced(question: SeveralQuestion, citation: Citation) -> bool:
    """Whether a citation shows a publisher or a date that the question accepts."""
    dates = {str(one.published) for one in citation.sources} | {str(citation.said)}
    names = " ".join(f"{one.publisher} {one.via} {one.title}" for one in citation.sources)
    return bool(dates & set(question.dates)) or any(_even(one) in _even(names) for one in question.publishers)


def _admits(question: SeveralQuestion, quotes: Sequence[Quoted]) -> bool:
    """Whether the first quote is a sentence by which the articles on the subject say that they do not know."""
    return bool(quotes[0].open_in) and f"{quotes[0].open_in}.md" == question.topic


def _wrong_items(question: SeveralQuestion, answer: Answer, quotes: Sequence[Sequence[Quoted]]) -> int:
    """How many items of a list do not belong: quotes of no item, or labelled as another thing."""
    wrong = [_even(one) for one in question.wrong]
    return sum(
        not any(item.is_told(quote) or item.is_of_fact(quote) for item in question.items for quote in claim)
        or _even(label) in wrong
        for claim, label in zip(quotes, (one.label for one in answer.claims), strict=True)
    )


def _shown_points(
    answer: Answer, cited: Mapping[int, Citation], articles: Mapping[str, Article]
) -> Iterator[tuple[Point, Quoted]]:
    """The points of a series, each with the words of its figure as they are quoted."""
    for point in answer.series:
        quote = quote_of(cited[point.citation], articles)
        yield point, Quoted(point.words.of(quote.text), quote.labels)


def _has_point(wanted: TimedFact, shown: Sequence[tuple[Point, Quoted]], quotes: Sequence[Quoted]) -> bool:
    """Whether a series has the figure at its time or, if there is no series, a quote has it."""
    accepted, years = Accepted(facts=wanted.facts, figures=wanted.figures), _years(wanted.time)
    if any(is_right(quote, [accepted]) for quote in quotes):
        return True
    return any(
        is_right(words, [accepted]) and (not years or years & set(range(point.first.year, point.last.year + 1)))
        for point, words in shown
    )


def _contradicts(question: SeveralQuestion, point: Point) -> bool:
    """Whether a point gives another figure for the whole of a year that the question has one for."""
    if point.first.year != point.last.year or (point.first.month, point.last.month) != (1, 12):
        return False
    same = [one for one in question.points if one.time == str(point.first.year)]
    return bool(same) and not any(_is_near(one, point) for one in same)


def _is_near(wanted: TimedFact, point: Point) -> bool:
    """Whether a point has one of the figures, but for what sources differ by."""
    values = [float(amount.value) for figure in wanted.figures for amount in find_quantities(figure)]
    close = [max(one, value) <= _NEAR * min(one, value) for value in values if value for one in (point.value, point.high)]
    return any(close) or not values


def _is_exact(point: Point, cited: Mapping[int, Citation], articles: Mapping[str, Article]) -> bool:
    """Whether a point's figure stands in its quote, and the quote in its article."""
    quote = cited[point.citation]
    article = articles.get(quote.article_id)
    return (
        article is not None
        and article.text[quote.start_char : quote.end_char] == quote.quote
        and bool(find_quantities(point.words.of(quote.quote)))
    )


def _first_word(name: str) -> str:
    """The first word of a name, in Chinese its first two characters."""
    return name.split()[0] if name.isascii() or " " in name else name[:2]


def _years(time: str) -> set[int]:
    return {int(year) for year in _YEAR.findall(time)}


def _even(text: str) -> str:
    return " ".join(text.split()).casefold().replace("ё", "е")


@dataclass(frozen=True, kw_only=True)
class SeveralPart:
    """Keeps the `Part` contract."""

    replies: Sequence[SeveralReply]

    @cached_property
    def figures(self) -> Mapping[str, Estimate]:
        """By name, such as `several.test.list.right`."""
        return {
            f"several.{split}.{name}": figure
            for split in SPLITS
            for name, figure in _figures([one for one in self.replies if one.question.split == split]).items()
        }

    def sections(self) -> str:
        """Markdown."""
        shown = partial(compared, self.figures, sets=[f"several.{split}" for split in SPLITS])
        kinds: dict[str, str] = {kind: kind for kind in SEVERAL_KINDS}
        rows = {**kinds, **{f"asked in {one}": one for one in LANGUAGES}, "all": "all"}
        missed = {
            kind: ", ".join(
                one.question.id
                for one in self.replies
                if one.question.split == "dev" and one.question.kind == kind and not one.right
            )
            for kind in SEVERAL_KINDS
        }
        return fill(
            "several",
            kinds=shown(rows, {"right": "right", "in its form": "formed"}),
            answers=shown(
                {"with an answer": "with_answer", "without one": "without_answer"}, {"right": "right", "shown": "shown"}
            ),
            grades=shown({"answered": "answered", "possible": "possible"}, {"right": "right"}),
            parts=table(
                ("", *SPLITS),
                [
                    (label, *(cell(self.figures[f"several.{split}.{name}"]) for split in SPLITS))
                    for label, name in _PARTS.items()
                ],
            ),
            missed=table(("kind", "questions"), [(kind, ids) for kind, ids in missed.items() if ids]),
        )


_PARTS = {
    "sides found": "compare.found",
    "missing sides said": "compare.missing",
    "points found": "years.found",
    "points with an exact quote": "years.exact",
    "items found": "list.found",
    "lists without a wrong item": "list.clean",
}


def _figures(replies: Sequence[SeveralReply]) -> dict[str, Estimate]:
    groups: dict[str, list[SeveralReply]] = {
        "all": list(replies),
        **{kind: [one for one in replies if one.question.kind == kind] for kind in SEVERAL_KINDS},
        **{language: [one for one in replies if one.question.language == language] for language in LANGUAGES},
        "with_answer": [one for one in replies if one.question.has_answer],
        "without_answer": [one for one in replies if not one.question.has_answer],
        "answered": [one for one in replies if one.grade == "answered"],
        "possible": [one for one in replies if one.grade == "possible"],
    }
    figures: dict[str, Estimate] = {}
    for name, group in groups.items():
        figures[f"{name}.right"] = _share(group, [one.right for one in group])
        figures[f"{name}.formed"] = _share(group, [one.formed for one in group])
        figures[f"{name}.shown"] = _share(group, [one.grade != "no_evidence" for one in group])
    for kind in ("compare", "years", "list"):
        parted = [one for one in groups[kind] if one.wanted]
        figures[f"{kind}.found"] = _share(parted, [one.found / one.wanted for one in parted])
    lacking = [one for one in groups["compare"] if one.said_missing is not None]
    figures["compare.missing"] = _share(lacking, [bool(one.said_missing) for one in lacking])
    lists = [one for one in replies if one.wrong_items is not None]
    figures["list.clean"] = _share(lists, [not one.wrong_items for one in lists])
    series = [one for one in replies if one.points]
    figures["years.exact"] = _share(series, [one.exact / one.points for one in series])
    return figures


def _share(group: Sequence[SeveralReply], values: Sequence[float]) -> Estimate:
    """Their mean; intervals draw subjects, which the three languages share."""
    return estimate(mean, values, groups=[one.question.topic for one in group])
