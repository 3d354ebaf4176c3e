"""Answers a question end to end. The synchronous core behind every interface."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

from coopbot.ask.answer.clock import Clock
from coopbot.ask.answer.compose import Chosen, choose, cite, disagreements, nearest
from coopbot.ask.answer.dating import dated, promote_newer
from coopbot.ask.answer.listing import Newest, articles_about, newest_articles
from coopbot.ask.answer.verify import verify_answer
from coopbot.ask.answer.writer import Writer
from coopbot.ask.rank.candidates import CANDIDATES
from coopbot.ask.rank.reader import Reader
from coopbot.ask.rank.retrieve import (
    Evidence,
    Progress,
    ScoredSentence,
    Watch,
    find_all,
    find_evidence,
    rank_passages,
    read_passages,
    to_hits,
)
from coopbot.ask.rank.weights import Weights, load_weights
from coopbot.ask.store import VectorStore
from coopbot.ask.understand.conversations import Conversations, Turn, checked_conversation_id
from coopbot.ask.understand.converse import points_back, readings, resolve
from coopbot.ask.understand.question import Question, checked, understand
from coopbot.domain import Answer, Article, Citation, Claim, Filters, Hit, Notice, Outcome
from coopbot.errors import IndexBroken
from coopbot.index.model.embedder import Embedder
from coopbot.state import State
from coopbot.text.language import detect_language
from coopbot.text.relative import asks_for_latest, with_dates
from coopbot.text.small_talk import find_small_talk
from coopbot.text.two_parts import two_parts
from coopbot.text.wanted import articles_wanted

DEFAULT_CITATIONS = 4
MAX_CITATIONS = 10
MAX_HITS = 50

# Nearest passages offered when the sources do not answer.
_OFFERED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """Search hits, and their articles by id."""

    hits: tuple[Hit, ...]
    articles: dict[str, Article]
    snapshot: str
    timings_ms: dict[str, float]


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
    ) -> None:
        """reader: without one, sentences are ranked by retrieval alone. weights: the package's own by default. late: whether to
        use late interaction. writer: rewrites quotes as prose. on_answer: called with every answer, in the asking thread.
        conversations: in memory by default. today: the clock for "this year".
        """
        self._embedder = embedder
        self._current = current
        self._reader = reader
        self._weights = weights or load_weights()
        self._late = late
        self._writer = writer
        self._on_answer = on_answer
        self._conversations = conversations or Conversations(State(None))
        self._today = today
        self._newest = Newest()

    def ask(
        self,
        question: str,
        *,
        filters: Filters | None = None,
        max_citations: int | None = None,
        conversation_id: str | None = None,
        client: str = "",
        earlier: Sequence[str] = (),
        watch: Watch = lambda _: None,
    ) -> Answer:
        """Answer with verified citations; small talk gets a notice, and a request for articles a list of them.

        Within a conversation, "how much was it?" is searched both as completed by the earlier questions and as it is. The
        better answer is returned; `searched_as` has its query. The same id from another `client` is another conversation.
        `earlier` questions may be passed instead of an id. `watch` is called in this thread during retrieval and reading.
        There are up to 4 quotes by default, and a `writer` has up to 10 to draw on; `max_citations` overrides both.
        Raises InvalidRequest, IndexBroken.
        """
        clock, store, today = Clock(), self._current(), self._today()
        text, filters = checked(question), filters or Filters()
        if conversation_id is not None:
            turns = self._conversations.earlier(checked_conversation_id(conversation_id), client)
            earlier = [turn.question for turn in turns]
        unquoted = self._unquoted(text, store, filters, today, earlier)
        if unquoted is not None:
            if conversation_id is not None and unquoted.notice == "about":
                self._conversations.remember(conversation_id, Turn(question=unquoted.searched_as), client)
            return self._given(replace(unquoted, timings_ms=clock.finish("retrieve")))
        text = with_dates(text, today)
        found_by = [self._searched(query, store, filters, clock, watch) for query in readings(text, earlier)]
        asked, evidence = max(found_by, key=lambda found: found[1].confidence)
        if conversation_id is not None:
            self._conversations.remember(conversation_id, Turn(question=asked.text), client)
        parts = self._parts(text, evidence, store) if max_citations != 1 else ()
        clock.lap("read" if self._reader else "retrieve")
        quoted, found = self._quoted(asked, evidence, parts, store, max_citations, today)
        clock.lap("compose")
        if self._writer is not None and quoted.outcome == "answered":
            quoted = self._writer.write(quoted, found)
            clock.lap("write")
        return self._given(verify_answer(replace(quoted, timings_ms=clock.finish()), store.article))

    def _searched(
        self, text: str, store: VectorStore, filters: Filters, clock: Clock, watch: Watch
    ) -> tuple[Question, Evidence]:
        """One query, embedded, and the evidence found for it."""
        asked = understand(text, self._embedder)
        clock.lap("embed")

        def seen(progress: Progress) -> None:
            if progress.stage == "retrieved":
                clock.lap("retrieve")
            watch(progress)

        evidence = find_evidence(asked, store, self._weights, filters, reader=self._reader, late=self._late, watch=seen)
        clock.lap("read" if self._reader else "retrieve")
        return asked, evidence

    def _parts(self, text: str, evidence: Evidence, store: VectorStore) -> tuple[ScoredSentence, ...]:
        """The best sentence for each part of an answered question that asks two things, from the passages found for it."""
        threshold = self._weights.read.threshold
        if self._reader is None or evidence.confidence < threshold:
            return ()
        read = (read_passages(part, store, self._weights, evidence.passages, reader=self._reader) for part in two_parts(text))
        return tuple(one.sentences[0] for one in read if one.confidence >= threshold)

    def _given(self, answer: Answer) -> Answer:
        self._on_answer(answer)
        return answer

    def _unquoted(self, text: str, store: VectorStore, filters: Filters, today: date, earlier: Sequence[str]) -> Answer | None:
        """The answer to small talk or to a request for articles; None for a question."""
        talk = find_small_talk(text)
        wanted = None if talk else articles_wanted(text, today)
        if talk:
            return _plain(text, store, outcome="small_talk", notice=talk)
        if wanted is None:
            return None
        if not wanted.subject:
            notice, articles = newest_articles(self._newest, store, wanted, filters)
            return _plain(text, store, notice=notice, articles=articles)
        subject = resolve(wanted.subject, earlier) if points_back(wanted.subject) else wanted.subject
        asked = understand(subject, self._embedder)
        ranked = rank_passages(find_all(asked, store, filters, late=self._late), self._weights.passage)
        articles = articles_about(to_hits(ranked, store, MAX_HITS), partial(_article, store))
        return _plain(text, store, notice="about", articles=articles, searched_as=subject)

    def _quoted(
        self,
        asked: Question,
        evidence: Evidence,
        parts: Sequence[ScoredSentence],
        store: VectorStore,
        max_citations: int | None,
        today: date,
    ) -> tuple[Answer, tuple[Citation, ...]]:
        """The quoted answer, and all citations that a writer may use."""
        weights = self._weights.sentences(with_reader=self._reader is not None)
        answered = bool(evidence.sentences) and evidence.confidence >= weights.threshold
        latest = asks_for_latest(asked.text)
        sentences = evidence.sentences
        if latest:
            sentences = promote_newer(sentences, lambda article_id: _article(store, article_id).published)
        limit = max_citations or DEFAULT_CITATIONS
        most = limit if self._writer is None or max_citations else MAX_CITATIONS
        chosen = choose(sentences, most, weights, parts) if answered else nearest(sentences, min(_OFFERED, limit))
        found = tuple(dated(citation, today, latest=latest) for citation in _cited(store, chosen))
        citations = found[:limit]
        answer = Answer(
            outcome="answered" if answered else "no_evidence",
            question_language=asked.language,
            claims=tuple(Claim(text=c.quote, citations=(c.number,)) for c in citations) if answered else (),
            citations=citations,
            disagreements=disagreements(found, chosen) if answered else (),
            confidence=round(evidence.confidence, 3),
            searched_as=asked.text,
            snapshot=store.snapshot_id,
        )
        return answer, found

    def search(self, question: str, *, top_k: int = 10, filters: Filters | None = None) -> SearchResult:
        """The nearest passages. Raises InvalidRequest."""
        clock = Clock()
        store = self._current()
        asked = understand(checked(question), self._embedder)
        clock.lap("embed")
        found = find_all(asked, store, filters or Filters(), late=self._late, candidates_per_language=max(CANDIDATES, top_k))
        hits = to_hits(rank_passages(found, self._weights.passage), store, top_k)
        articles = {hit.passage.article_id: _article(store, hit.passage.article_id) for hit in hits}
        return SearchResult(
            hits=tuple(hits), articles=articles, snapshot=store.snapshot_id, timings_ms=clock.finish("retrieve")
        )


def _cited(store: VectorStore, chosen: Chosen) -> Iterator[Citation]:
    for number, one in enumerate(chosen.sentences, start=1):
        yield cite(number, one, _article(store, one.stored.passage.article_id))


def _plain(
    text: str,
    store: VectorStore,
    *,
    notice: Notice,
    outcome: Outcome = "articles",
    articles: tuple[Article, ...] = (),
    searched_as: str = "",
) -> Answer:
    """An answer without quotes. An empty list of articles becomes "no_evidence"."""
    nothing = outcome == "articles" and not articles
    return Answer(
        outcome="no_evidence" if nothing else outcome,
        question_language=detect_language(text),
        claims=(),
        citations=(),
        disagreements=(),
        confidence=0.0,
        searched_as=searched_as or text,
        snapshot=store.snapshot_id,
        notice=None if nothing else notice,
        articles=articles,
    )


def _article(store: VectorStore, article_id: str) -> Article:
    article = store.article(article_id)
    if article is None:
        raise IndexBroken(f"the index holds passages of {article_id} but not the article; run: coopbot index --force")
    return article
