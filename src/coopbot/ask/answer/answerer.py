"""Answers a question end to end. The synchronous core behind every interface."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from threading import Lock
from typing import Protocol

from coopbot.ask.answer.asking import Asking, Clock, ReadOnce, article_of
from coopbot.ask.answer.forms import FORMS, answer_source, said_plainly
from coopbot.ask.answer.listing import Newest, fixed_answer, list_articles
from coopbot.ask.answer.plain import answer_plainly
from coopbot.ask.answer.verify import verify_answer
from coopbot.ask.rank.candidates import CANDIDATES
from coopbot.ask.rank.reader import Reader
from coopbot.ask.rank.retrieve import Watch, find_all, rank_passages, to_hits
from coopbot.ask.store import VectorStore
from coopbot.ask.understand.conversations import MAX_EARLIER, NO_TURN, Conversations, Quotation, Turn, checked_conversation_id
from coopbot.ask.understand.follow_up import completed
from coopbot.ask.understand.kinds import find_kind, load_kind_weights
from coopbot.ask.understand.question import checked, understand, with_known_names
from coopbot.ask.weights import Weights, load_weights
from coopbot.domain import Answer, Article, Citation, Filters, Hit
from coopbot.index.model.embedder import Embedder
from coopbot.state import State
from coopbot.text.relative import with_dates
from coopbot.text.small_talk import find_small_talk
from coopbot.text.wanted import articles_wanted

MAX_HITS = 50

# Quotes of an answer that are kept for "where is this from?".
_REMEMBERED = 4

# How many answers of a conversation are remembered.
_ANSWERS_KEPT = 8

Answered = tuple[Answer, tuple[Citation, ...]]


class Writer(Protocol):
    """Rewrites quotes as prose. Safe to call from several threads."""

    def write(self, quoted: Answer, citations: Sequence[Citation]) -> Answer:
        """The answer as prose, each sentence supported by some of `citations` (those of `quoted` come first), or `quoted`
        itself. The result's `writing` says which. Never raises: on failure the quotes are returned.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """Search hits, and their articles by id."""

    hits: tuple[Hit, ...]
    articles: dict[str, Article]
    snapshot: str
    timings_ms: dict[str, float]


class KeptAnswers:
    """The answers asked for last, by all that they depend on. Safe to share between threads."""

    def __init__(self, most: int) -> None:
        """most: how many; with 0 none are kept."""
        self._most = most
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, Answered] = OrderedDict()

    def get(self, key: Hashable) -> Answered | None:
        """The answer, which is now the latest."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def keep(self, key: Hashable, answered: Answered) -> None:
        """Keep an answer; the one not asked for longest goes if there are too many."""
        with self._lock:
            self._kept[key] = answered
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


class Answerer:
    """Answers questions from the snapshot that `current` returns; each call uses one snapshot throughout."""

    def __init__(
        self,
        embedder: Embedder,
        current: Callable[[], VectorStore],
        reader: Reader | None = None,
        weights: Weights | None = None,
        *,
        late: bool = True,
        writer: Writer | None = None,
        on_answer: Callable[[Answer], object] = lambda _: None,
        conversations: Conversations | None = None,
        today: Callable[[], date] = date.today,
        kept: int = 0,
    ) -> None:
        """reader: without one, sentences are ranked by retrieval alone. weights: the package's own by default. late: whether to
        use late interaction. writer: rewrites quotes as prose. on_answer: called with every answer, in the asking thread.
        conversations: in memory by default. today: the clock for "this year". kept: how many answers
        are kept for the next who ask the same.
        """
        self._embedder = embedder
        self._current = current
        self._reader = reader
        self._weights = weights or load_weights()
        self._kinds = load_kind_weights()
        self._late = late
        self._writer = writer
        self._on_answer = on_answer
        self._conversations = conversations or Conversations(State(None))
        self._today = today
        self._newest = Newest()
        self._kept = KeptAnswers(kept)

    def ask(
        self,
        question: str,
        *,
        filters: Filters | None = None,
        max_citations: int | None = None,
        conversation_id: str | None = None,
        client: str = "",
        earlier: Sequence[str] = (),
        quoted_before: Sequence[str] = (),
        watch: Watch = lambda _: None,
    ) -> Answer:
        """Answer with verified citations; small talk gets a notice, and a request for articles a list of them.

        Within a conversation, "how much was it?" is searched with the words that it needs of the question before; `searched_as`
        has that query. The same id from another `client` is another conversation. `earlier` questions may be passed instead of
        an id. To ask a follow-up again outside its conversation, pass its `searched_as`, and as `quoted_before` the articles
        that the answer before quoted. `watch` is called in this thread during retrieval and reading. There are up to 4 quotes
        by default, and a `writer` has up to 10 to draw on; `max_citations` overrides both. Raises InvalidRequest, IndexBroken.
        """
        asking = self._asking(question, filters, max_citations, watch)
        before = self._before(conversation_id, client, earlier, quoted_before)
        asking = replace(asking, before=before)
        answer, further = self._answer(asking)
        if conversation_id is not None:
            self._remember(conversation_id, client, asking, answer)
        if self._writer is not None and answer.claims and answer.kind == "plain":
            answer = self._writer.write(answer, (*answer.citations, *further))
            asking.clock.lap("write")
        answer = _verified(asking, answer)
        self._on_answer(answer)
        return answer

    def find(
        self,
        question: str,
        *,
        filters: Filters | None = None,
        max_citations: int | None = None,
        watch: Watch = lambda _: None,
    ) -> Answer:
        """The quotes that `ask` would answer with, outside any conversation. Never calls a language model, and is no answer
        that `on_answer` hears of: for suggestions, examples and measurements. Raises InvalidRequest, IndexBroken.
        """
        asking = self._asking(question, filters, max_citations, watch)
        answer, _ = self._answer(asking)
        return _verified(asking, answer)

    def search(self, question: str, *, top_k: int = 10, filters: Filters | None = None) -> SearchResult:
        """The nearest passages. Raises InvalidRequest."""
        clock, store = Clock(), self._current()
        asked = understand(with_known_names(checked(question), store), self._embedder)
        clock.lap("embed")
        found = find_all(asked, store, filters or Filters(), late=self._late, candidates_per_language=max(CANDIDATES, top_k))
        hits = to_hits(rank_passages(found, self._weights.passage), store, top_k)
        articles = {hit.passage.article_id: article_of(store, hit.passage.article_id) for hit in hits}
        return SearchResult(
            hits=tuple(hits), articles=articles, snapshot=store.snapshot_id, timings_ms=clock.finish("retrieve")
        )

    def _asking(self, question: str, filters: Filters | None, max_citations: int | None, watch: Watch) -> Asking:
        """The question outside any conversation, of the current snapshot."""
        return Asking(
            text=checked(question),
            store=self._current(),
            filters=filters or Filters(),
            before=NO_TURN,
            cited=max_citations,
            to_write=self._writer is not None,
            today=self._today(),
            clock=Clock(),
            watch=watch,
            embedder=self._embedder,
            reader=ReadOnce(self._reader, watch) if self._reader else None,
            weights=self._weights,
            late=self._late,
        )

    def _before(self, conversation_id: str | None, client: str, earlier: Sequence[str], quoted_before: Sequence[str]) -> Turn:
        """The last turn of the conversation; an empty one if there is none."""
        if conversation_id is not None:
            turns = self._conversations.earlier(checked_conversation_id(conversation_id), client)
        if quoted_before:
            return Turn(question="", articles=tuple(quoted_before))
        if conversation_id is not None:
            return turns[-1] if turns else NO_TURN
        last = earlier[-1] if earlier else ""
        return Turn(question=completed(earlier[-MAX_EARLIER:], self._embedder, self._weights.follow_up), typed=last)

    def _answer(self, asking: Asking) -> Answered:
        """The answer in quotes, and citations of further sentences that a writer may use; a kept one where nothing was asked
        before, so that no conversation has a part in it.
        """
        if asking.before != NO_TURN:
            return self._answered_anew(asking)
        snapshot = asking.store.snapshot_id
        key = (asking.text.strip(), asking.filters, asking.cited, asking.today, snapshot)
        answered = self._kept.get(key)
        if answered is None:
            answered = self._answered_anew(asking)
            self._kept.keep(key, answered)
        return answered

    def _answered_anew(self, asking: Asking) -> Answered:
        if talk := find_small_talk(asking.text):
            asking.clock.lap("retrieve")
            return fixed_answer(asking, talk, outcome="small_talk"), ()
        if wanted := articles_wanted(asking.text, asking.today):
            listed = list_articles(asking, wanted, self._newest)
            asking.clock.lap("retrieve")
            return listed, ()
        asking = asking.of(_in_full(asking))
        kind = find_kind(asking.text, asking.asked.vector, self._kinds)
        asking.clock.lap("embed")
        if kind == "ability":
            return fixed_answer(asking, "ability", outcome="small_talk"), ()
        if kind == "source":
            sources = answer_source(asking, asking.before.quoted or _quoted_before(asking))
            asking.clock.lap("compose")
            return sources, ()
        if kind in FORMS:
            formed = FORMS[kind](asking.of(asking.readings(asking.text)[0]))
            asking.clock.lap("read" if asking.reader else "retrieve")
            if formed is not None:
                return formed, ()
        answer, further = answer_plainly(asking)
        return said_plainly(answer, kind), further

    def _remember(self, conversation_id: str, client: str, asking: Asking, answer: Answer) -> None:
        """Add a turn to the conversation, unless the answer was small talk or the newest articles."""
        if answer.outcome == "small_talk" or answer.notice in ("newest", "none_then"):
            return
        before, typed = asking.before, _in_full(asking)
        # What is asked after "where is this from?" is about the same answer.
        turn = before if answer.kind == "source" else _turn(answer, typed, before if answer.searched_as != typed else NO_TURN)
        self._conversations.remember(conversation_id, turn, client)


def _in_full(asking: Asking) -> str:
    """The question with dates for "last year" and with names that the articles use."""
    return with_known_names(with_dates(asking.text, asking.today, asking.before.question), asking.store)


def _verified(asking: Asking, answer: Answer) -> Answer:
    return verify_answer(replace(answer, timings_ms=asking.clock.finish()), asking.store.article)


def _quoted_before(asking: Asking) -> tuple[Quotation, ...]:
    """The quotes of the question before, where only that is known."""
    if not asking.before.question:
        return ()
    again = replace(asking, text=asking.before.question, before=NO_TURN, cited=None, clock=Clock())
    answer, _ = answer_plainly(again)
    return _quotations(answer)


def _turn(answer: Answer, typed: str, followed: Turn) -> Turn:
    """What a conversation keeps of an answer. typed: its question. followed: the turn that it follows up, or an empty one."""
    quotes = _quotes(answer)
    cited = tuple(dict.fromkeys(one.article_id for one in answer.citations)) if answer.claims else ()
    answers = (*followed.answers, *(one.answer.of(one.quote) for one in quotes if one.answer))
    return Turn(
        question=answer.searched_as,
        typed=typed,
        articles=cited or followed.articles,
        answers=answers[-_ANSWERS_KEPT:],
        quoted=_quotations(answer),
    )


def _quotations(answer: Answer) -> tuple[Quotation, ...]:
    return tuple(
        Quotation(
            article_id=one.article_id,
            start_char=one.start_char,
            end_char=one.end_char,
            passage=one.passage,
            deep_link=one.deep_link,
        )
        for one in _quotes(answer)[:_REMEMBERED]
    )


def _quotes(answer: Answer) -> list[Citation]:
    """The first citation of each claim."""
    cited = {citation.number: citation for citation in answer.citations}
    return [cited[claim.citations[0]] for claim in answer.claims]
