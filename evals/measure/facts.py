"""What a question accepts: facts by their codes, with figures or words; compared with quotes in any language.

Sentences of briefs are labelled by codes of facts, and HB-02a is a part of HB-02: see `facts_check.py`. So an answer may be
reworded, moved to another article, or given in another language, and is still right.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import product
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from coopbot.domain import Article, Passage, Span
from coopbot.text.dates import DateMention, find_dates
from coopbot.text.measures import flatten
from coopbot.text.quantities import Quantity, find_quantities
from coopbot.text.sentences import split_sentences

_PART = re.compile(r"[a-z]+$")
_BASE_UNITS = {"km": ("m", 1000), "km2": ("m2", 10**6), "ha": ("m2", 10**4)}
_THOUSANDS = frozenset(Decimal(1000) ** power for power in range(1, 5))
# What is counted: a truck in one text is a vehicle or a car in another.
_COUNTED = frozenset(("people", "vehicles", "wagons", "trains", "households", "teu"))


@dataclass(frozen=True, slots=True)
class Quoted:
    """A quote, or a sentence of an article. labels: of its footnotes. open_in: the name of the article, without its
    language, if others of its sentences have footnotes and this one has none: it says what is not known.
    """

    text: str
    labels: frozenset[str] = frozenset()
    open_in: str = ""


class Accepted(BaseModel):
    """What makes a quote right; a plain string stands for these words anywhere.

    facts: the quote is of one of these. figures: it has one of these amounts or dates. words: or one of these strings,
    whatever the case and the white space. open_in: it is a sentence without a footnote of one of these articles.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    facts: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    open_in: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _of_string(cls, value: Any) -> Any:
        return {"words": (value,)} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _says_something(self) -> Accepted:
        if not (self.facts or self.words or self.open_in):
            raise ValueError("accepts nothing: give facts, words or open_in")
        if wrong := [figure for figure in self.figures if not any(_mentions(figure))]:
            raise ValueError(f"neither amount nor date: {wrong[0]}")
        return self

    def identities(self) -> Iterator[str]:
        """The same for what is accepted alike: for each fact, and each figure or word of it."""
        stated = [*map(_written, self.figures), *(word.casefold() for word in self.words)] or [""]
        for code in self.facts or self.open_in or ("",):
            yield from (f"{fact_of(code)} {one}".strip() for one in stated)

    def spans_in(self, quote: Quoted) -> list[Span]:
        """Where the quote has a figure or word that makes it right; all of it where its fact alone does."""
        if self.facts and not any(is_label_of(label, code) for label in quote.labels for code in self.facts):
            return []
        if self.open_in and quote.open_in not in self.open_in:
            return []
        if not (self.figures or self.words):
            return [Span(start_char=0, end_char=len(quote.text))]
        spans = [span for figure in self.figures for span in _stating(quote.text, figure)]
        return [*spans, *(span for word in self.words for span in _having(quote.text, word))]


def is_right(quote: Quoted, accepted: Iterable[Accepted]) -> bool:
    """Whether a quote is one of those accepted."""
    return any(one.spans_in(quote) for one in accepted)


def fact_of(label: str) -> str:
    """The fact that a label is a part of: HB-02 of HB-02a, and of itself."""
    return _PART.sub("", label) if "-" in label else label


def is_label_of(label: str, code: str) -> bool:
    """Whether a sentence with this label states what a code names: HB-02 has HB-02a, HB-02a only itself."""
    return label == code or fact_of(label) == code


def quoted(article: Article, span: Span) -> Quoted:
    """The text at a span of an article, with its labels."""
    text = span.of(article.text)
    labels = labels_at(article, span)
    if labels or not article.attributions or text.startswith("#"):
        return Quoted(text, labels)
    return Quoted(text, open_in=article.article_id.partition("/")[2])


def quoted_sentences(passage: Passage, article: Article | None) -> list[Quoted]:
    """Each sentence of a passage, with its labels if its article is given."""
    return [quoted(article, span) if article else Quoted(passage.quoted(span)) for span in passage.sentences]


def labels_at(article: Article, span: Span) -> frozenset[str]:
    """The labels of the footnotes of what stands at a span."""
    return frozenset(one.label for one in article.attributed(span))


def articles_stating(accepted: Iterable[Accepted], sentences: Mapping[str, Sequence[tuple[str, Quoted]]]) -> list[str]:
    """The ids of articles that have a sentence that is right. sentences: from `sentences_by_fact`."""
    found = set()
    for one in accepted:
        for code in one.facts:
            found |= {article_id for article_id, quote in sentences.get(fact_of(code), ()) if one.spans_in(quote)}
    return sorted(found)


def sentences_by_fact(articles: Iterable[Article]) -> Mapping[str, Sequence[tuple[str, Quoted]]]:
    """By code of a fact: the sentences that state it, with the ids of their articles."""
    found: dict[str, list[tuple[str, Quoted]]] = defaultdict(list)
    for article in articles:
        if article.attributions:
            for span in split_sentences(article.text):
                quote = quoted(article, span)
                for code in {fact_of(label) for label in quote.labels}:
                    found[code].append((article.article_id, quote))
    return found


@cache
def _mentions(text: str) -> tuple[tuple[DateMention, ...], tuple[Quantity, ...]]:
    dates = find_dates(text)
    return tuple(dates), tuple(find_quantities(text, dates))


def _stating(text: str, figure: str) -> list[Span]:
    """Where a text states a figure; nowhere if it lacks a part of it, such as the end of a range."""
    dates, amounts = _mentions(text)
    wanted_dates, wanted_amounts = _mentions(figure)
    found = [[one for one in dates if _is_date(wanted, one, text)] for wanted in wanted_dates]
    same = [[one for one in amounts if _is_amount(wanted, one)] for wanted in wanted_amounts]
    parts: list[Sequence[Span]] = [*found, *same]
    return [part[0] for part in parts] if all(parts) else []


def _is_date(wanted: DateMention, date: DateMention, text: str) -> bool:
    """Whether a date has the year, month and day that are wanted; another may give its year or month."""
    days = {int(number) for number in re.findall(r"(?<!\d)\d{1,2}(?!\d)", date.of(text))}  # both of a span of days
    return (
        wanted.year in (None, date.year or wanted.year)
        and (wanted.month in (None, date.month) or (date.month is None and date.day is not None))
        and (wanted.day is None or (date.day is not None and wanted.day in days))
    )


def _is_amount(wanted: Quantity, amount: Quantity) -> bool:
    """Whether both are the same. Where one has no unit, as in "19.9 km, 13.4 of them in Russia", the numbers are compared."""
    (unit, value), (other, its) = _based(wanted), _based(amount)
    if "" in (unit, other):
        pairs = product((value, wanted.value), (its, amount.value))
        return any(one == two or (one and two and max(one / two, two / one) in _THOUSANDS) for one, two in pairs)
    return value == its and (unit == other or {unit, other} <= _COUNTED)


def _based(amount: Quantity) -> tuple[str, Decimal]:
    unit, factor = _BASE_UNITS.get(amount.unit, (amount.unit, 1))
    return unit, amount.value * factor


def _having(text: str, word: str) -> list[Span]:
    pattern = re.sub(r"\\?\s+", r"\\s+", re.escape(_even(word)))
    return [Span(start_char=one.start(), end_char=one.end()) for one in re.finditer(pattern, _even(text), re.IGNORECASE)]


@cache
def _even(text: str) -> str:
    """A text with spellings made alike; offsets stay the same."""
    return flatten(text).replace("ё", "е").replace("Ё", "Е")


def _written(figure: str) -> str:
    """A figure in one form, whatever the language."""
    dates, amounts = _mentions(figure)
    written = [f"{one.year}-{one.month}-{one.day}" for one in dates]
    return " ".join([*written, *(f"{value.normalize():f} {unit}".strip() for unit, value in map(_based, amounts))])
