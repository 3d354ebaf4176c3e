"""A question on its way to an answer: the one record that every form of answer is made from."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Generic, TypeVar

from coopbot.ask.rank.features import OpenPassage, RankedPassage
from coopbot.ask.rank.reader import Reader, ReadPassage
from coopbot.ask.rank.retrieve import (
    FIRST_READ,
    Evidence,
    Progress,
    Watch,
    find_all,
    rank_passages,
    read_opened,
    read_passages,
    scored_sentences,
)
from coopbot.ask.store import VectorStore
from coopbot.ask.understand.conversations import Turn
from coopbot.ask.understand.follow_up import readings
from coopbot.ask.understand.question import Question, understand
from coopbot.ask.weights import SentenceWeights, Weights
from coopbot.domain import Article, Filters, Passage
from coopbot.errors import IndexBroken
from coopbot.index.model.embedder import Embedder

T = TypeVar("T")


class _Once(Generic[T]):
    """A property that is made when it is first needed. Until Python 3.12, `cached_property` would have all questions wait
    meanwhile.
    """

    def __init__(self, make: Callable[[Asking], T]) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, asking: Asking, owner: type) -> T:
        made: T = self._make(asking)
        asking.__dict__[self._name] = made
        return made


class Clock:
    """A stopwatch with named laps."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        """Add the time since the last lap to `name`, in milliseconds."""
        now = time.perf_counter()
        self._laps[name] = round(self._laps.get(name, 0.0) + (now - self._last) * 1000, 2)
        self._last = now

    def finish(self, name: str = "") -> dict[str, float]:
        """All laps and their total; with a `name`, after a last lap."""
        if name:
            self.lap(name)
        return {**self._laps, "total": round((self._last - self._start) * 1000, 2)}


class ReadOnce:
    """A `Reader` for one question, which may be answered in one form, and where that finds nothing in another: it reads no
    passage twice, and a few at a time, since others may wait.
    """

    def __init__(self, reader: Reader, watch: Watch = lambda _: None) -> None:
        """watch: called between readings; what it raises ends the question."""
        self._reader = reader
        self._watch = watch
        self._read: dict[tuple[str, str, str], ReadPassage] = {}

    @property
    def fingerprint(self) -> str:
        """See `Reader`."""
        return self._reader.fingerprint

    def read(self, question: str, passages: Sequence[tuple[str, Passage]]) -> list[ReadPassage]:
        """See `Reader`."""
        keys = [(question, head, passage.passage_id) for head, passage in passages]
        unread = {key: one for key, one in zip(keys, passages, strict=True) if key not in self._read}
        for first in range(0, len(unread), FIRST_READ):
            some = dict(list(unread.items())[first : first + FIRST_READ])
            self._read |= zip(some, self._reader.read(question, list(some.values())), strict=True)
            self._watch(Progress(stage="read", passages=len({passage_id for *_, passage_id in self._read})))
        return [self._read[key] for key in keys]


@dataclass(frozen=True, kw_only=True)
class Asking:
    """A question asked of one snapshot, and what its answer is made with.

    before: the turn that it may follow up; an empty one if there is none. cited: the asker's limit of citations. to_write:
    whether a language model may use more quotes than are shown. today: the day of "this year". watch: is shown each step.
    reader: without one, sentences are ranked by retrieval alone. late: whether late interaction is used.
    """

    text: str
    store: VectorStore
    filters: Filters
    before: Turn
    cited: int | None
    to_write: bool
    today: date
    clock: Clock
    watch: Watch
    embedder: Embedder
    reader: Reader | None
    weights: Weights
    late: bool

    @_Once
    def asked(self) -> Question:
        """The question, embedded when that is first needed."""
        asked = understand(self.text, self.embedder)
        self.clock.lap("embed")
        return asked

    @_Once
    def ranked(self) -> Sequence[RankedPassage]:
        """The passages of all languages that are found for it, best first."""
        ranked = rank_passages(find_all(self.asked, self.store, self.filters, late=self.late), self.weights.passage)
        self.clock.lap("retrieve")
        self.watch(Progress(stage="retrieved", passages=len(ranked)))
        return ranked

    def of(self, text: str) -> Asking:
        """The same for another question."""
        return self if text == self.text else replace(self, text=text)

    def readings(self, text: str) -> tuple[str, ...]:
        """What a text is searched as after the turn before, likeliest first."""
        return readings(text, self.before.question, self.embedder, self.weights.follow_up, self.before.typed)

    def evidence(self, ranked: Sequence[RankedPassage] | None = None) -> Evidence:
        """What the best of these passages say, or of all that are found, read."""
        passages = self.ranked if ranked is None else ranked
        return read_passages(self.text, self.store, self.weights, passages, reader=self.reader)

    def confidence(self, read: Sequence[OpenPassage]) -> float:
        """The probability that the best sentence of these passages answers."""
        if not read or (self.reader is not None and read[0].read is None):
            return 0.0
        sentences = scored_sentences(self.text, read, self.sentence_weights)
        return sentences[0].probability if sentences else 0.0

    @property
    def sentence_weights(self) -> SentenceWeights:
        """The weights of sentences, with this reader or without one."""
        return self.weights.sentences(with_reader=self.reader is not None)

    def limit(self, most: int) -> int:
        """How many quotes to give."""
        return most if self.cited is None else min(most, self.cited)

    def article(self, article_id: str) -> Article:
        """An article of the snapshot. Raises IndexBroken."""
        return article_of(self.store, article_id)


def read_own_first(
    question: str, opened: Sequence[OpenPassage], reader: Reader | None, own: int, others: int
) -> list[OpenPassage]:
    """So many of these passages read, best first: of the question's language, then of others, and more of these where it has
    too few.
    """
    chosen = [one for one in opened if one.ranked.pair == "same"][:own]
    chosen += [one for one in opened if one.ranked.pair != "same"][: own + others - len(chosen)]
    return read_opened(question, chosen, reader)


def article_of(store: VectorStore, article_id: str) -> Article:
    """An article of which the store has passages. Raises IndexBroken."""
    article = store.article(article_id)
    if article is None:
        raise IndexBroken(f"the index holds passages of {article_id} but not the article; run: coopbot index --force")
    return article
