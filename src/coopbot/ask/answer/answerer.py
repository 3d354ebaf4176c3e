"""Answers a question end to end. The synchronous core behind every interface."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

from coopbot.ask.answer.clock import Clock
from coopbot.ask.answer.compose import Chosen, choose, cite, disagreements, nearest, quoted_span, with_versions
from coopbot.ask.answer.dating import dated, promote_newer
from coopbot.ask.answer.forms import FORMS, Asking, answer_source, said_plainly
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
from coopbot.ask.store import VectorStore
from coopbot.ask.understand.conversations import MAX_EARLIER, Conversations, Quotation, Turn, checked_conversation_id
from coopbot.ask.understand.follow_up import completed, readings
from coopbot.ask.understand.kinds import Wanted, find_kind, load_kind_weights
from coopbot.ask.understand.question import Question, checked, understand
from coopbot.ask.understand.rules import Wider, wider
from coopbot.ask.weights import Weights, load_weights
from coopbot.domain import About, Answer, Article, Citation, Claim, Filters, Hit, Language, Notice, Outcome
from coopbot.errors import IndexBroken
from coopbot.index.model.embedder import Embedder
from coopbot.state import State
from coopbot.text.gazetteer import names_in
from coopbot.text.language import detect_language
from coopbot.text.questions import needs_antecedent
from coopbot.text.relative import asks_for_latest, with_dates
from coopbot.text.small_talk import find_small_talk
from coopbot.text.two_parts import two_parts
from coopbot.text.wanted import articles_wanted

DEFAULT_CITATIONS = 4
MAX_CITATIONS = 10
MAX_HITS = 50

# Quotes of an answer that are kept for "where is this from?".
_REMEMBERED = 4

# How many answers of a conversation are remembered.
_ANSWERS_KEPT = 8

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
        clock, store = Clock(), self._current()
        before = self._before(conversation_id, client, earlier)
        if quoted_before:
            before = Turn(question="", articles=tuple(quoted_before))
        quoted, found = self._find(checked(question), filters or Filters(), max_citations, before, store, clock, watch)
        if conversation_id is not None and quoted.outcome != "small_talk" and quoted.notice not in ("newest", "none_then"):
            cited = [citation.article_id for citation in quoted.citations if quoted.claims]
            is_follow_up = quoted.searched_as != question.strip()
            articles = tuple(dict.fromkeys(cited)) or (before.articles if is_follow_up else ())
            answers = (before.answers if is_follow_up else ()) + _answering_words(quoted)
            turn = Turn(
                question=quoted.searched_as,
                typed=with_dates(checked(question), self._today()),
                articles=articles,
                answers=answers[-_ANSWERS_KEPT:],
                quoted=_quotations(quoted),
            )
            if quoted.kind == "source":
                turn = before  # what is asked next is about the same answer
            self._conversations.remember(conversation_id, turn, client)
        if self._writer is not None and quoted.claims and quoted.kind == "plain":
            quoted = self._writer.write(quoted, found)
            clock.lap("write")
        answer = verify_answer(replace(quoted, timings_ms=clock.finish()), store.article)
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
        clock, store = Clock(), self._current()
        nothing = Turn(question="")
        found, _ = self._find(checked(question), filters or Filters(), max_citations, nothing, store, clock, watch)
        return verify_answer(replace(found, timings_ms=clock.finish()), store.article)

    def _before(self, conversation_id: str | None, client: str, earlier: Sequence[str]) -> Turn:
        """The last turn of the conversation; an empty one if there is none."""
        if conversation_id is not None:
            turns = self._conversations.earlier(checked_conversation_id(conversation_id), client)
            return turns[-1] if turns else Turn(question="")
        last = earlier[-1] if earlier else ""
        return Turn(question=completed(earlier[-MAX_EARLIER:], self._embedder, self._weights.follow_up), typed=last)

    def _find(
        self,
        text: str,
        filters: Filters,
        max_citations: int | None,
        before: Turn,
        store: VectorStore,
        clock: Clock,
        watch: Watch,
    ) -> tuple[Answer, tuple[Citation, ...]]:
        """The answer in quotes, and all citations that a writer may use."""
        today = self._today()
        unquoted = self._unquoted(text, store, filters, today, before)
        if unquoted is not None:
            clock.lap("retrieve")
            return unquoted, ()
        text = with_dates(text, today)
        asked = understand(text, self._embedder)
        clock.lap("embed")
        kind, formed = self._formed(asked, filters, max_citations, before, store, clock, today)
        if formed is not None:
            return formed, ()
        answer, citations = self._plainly(asked, filters, max_citations, before, store, clock, watch, today)
        return said_plainly(answer, kind), citations

    def _formed(
        self,
        asked: Question,
        filters: Filters,
        max_citations: int | None,
        before: Turn,
        store: VectorStore,
        clock: Clock,
        today: date,
    ) -> tuple[Wanted, Answer | None]:
        """The kind of answer that the question wants, and its answer; None where single sentences have to give it."""
        text = asked.text
        kind = find_kind(text, asked.vector, load_kind_weights())
        clock.lap("embed")
        if kind == "ability":
            return kind, _plain(text, store, outcome="small_talk", notice="ability")
        if kind == "source":
            quoted = before.quoted or self._quoted_before(before, filters, store)
            told = answer_source(asked, quoted, store, today, max_citations)
            clock.lap("compose")
            return kind, told
        if kind == "plain":
            return kind, None
        query = readings(text, before.question, self._embedder, self._weights.follow_up, before.typed)[0]
        if query != text:
            asked = understand(query, self._embedder)
        ranked = rank_passages(find_all(asked, store, filters, late=self._late), self._weights.passage)
        clock.lap("retrieve")
        asking = Asking(
            asked=asked,
            ranked=ranked,
            store=store,
            article=partial(_article, store),
            weights=self._weights,
            reader=self._reader,
            embedder=self._embedder,
            filters=filters,
            late=self._late,
            today=today,
            cited=max_citations,
        )
        answer = FORMS[kind](asking)
        clock.lap("read" if self._reader else "retrieve")
        return kind, answer

    def _quoted_before(self, before: Turn, filters: Filters, store: VectorStore) -> tuple[Quotation, ...]:
        """The quotes of the question before, where only that is known."""
        if not before.question:
            return ()
        found, _ = self._plainly(
            understand(before.question, self._embedder),
            filters,
            None,
            Turn(question=""),
            store,
            Clock(),
            lambda _: None,
            self._today(),
        )
        return _quotations(found)

    def _plainly(
        self,
        asked: Question,
        filters: Filters,
        max_citations: int | None,
        before: Turn,
        store: VectorStore,
        clock: Clock,
        watch: Watch,
        today: date,
    ) -> tuple[Answer, tuple[Citation, ...]]:
        """The answer in single sentences, and all citations that a writer may use."""
        queries = readings(asked.text, before.question, self._embedder, self._weights.follow_up, before.typed)
        read_as = [asked if query == asked.text else understand(query, self._embedder) for query in queries]
        clock.lap("embed")
        # A question that is complete without the one before has nothing to do with its articles.
        independent = asked if before.question else None
        found_by = [
            self._searched(one, store, filters, Turn(question="") if one is independent else before, clock, watch)
            for one in read_as
        ]
        asked, evidence = max(found_by, key=lambda found: found[1].confidence)
        asked, evidence, about = self._asked_wider(asked, evidence, store, filters, clock, watch)
        parts = self._parts(asked.text, evidence, store) if max_citations != 1 else ()
        clock.lap("read" if self._reader else "retrieve")
        if parts and evidence.confidence < self._weights.read.possible:
            # No sentence answers the whole question, and this one answers a part of it.
            half = replace(parts[0], log_odds=min(parts[0].log_odds, 0.0))
            evidence = replace(evidence, sentences=(half, *evidence.sentences))
        answer, citations = self._quoted(asked, evidence, parts, store, max_citations, today)
        clock.lap("compose")
        answer = replace(answer, about=about if answer.claims else None)
        if not before.question and not before.articles and needs_antecedent(asked.text):
            outcome = "possible" if answer.outcome == "answered" else answer.outcome
            answer = replace(answer, outcome=outcome, remarks=("refers_back",))
        return answer, citations

    def _asked_wider(
        self, asked: Question, evidence: Evidence, store: VectorStore, filters: Filters, clock: Clock, watch: Watch
    ) -> tuple[Question, Evidence, About | None]:
        """The query and its evidence; where that is not sure and a rule of the country is, the query about the country."""
        weights = self._weights.sentences(with_reader=self._reader is not None)
        country = wider(asked, self._weights.rules) if evidence.confidence < weights.answered else None
        if country is None:
            return asked, evidence, None
        question = understand(country.text, self._embedder)
        clock.lap("embed")
        _, found = self._searched(question, store, filters, Turn(question=""), clock, watch)
        found = found.discounted(country.holds, without=partial(_speaks_of_another, country, store))
        if found.confidence <= max(evidence.confidence, weights.possible):
            return asked, evidence, None
        place, around = (names_in((id_,), asked.language)[0] for id_ in (country.place, country.around))
        return question, found, About(place=place, around=around)

    def _searched(
        self, asked: Question, store: VectorStore, filters: Filters, before: Turn, clock: Clock, watch: Watch
    ) -> tuple[Question, Evidence]:
        """One query and the evidence found for it. before: the turn that it follows up; an empty one if none."""

        def seen(progress: Progress) -> None:
            if progress.stage == "retrieved":
                clock.lap("retrieve")
            watch(progress)

        evidence = find_evidence(
            asked,
            store,
            self._weights,
            filters,
            reader=self._reader,
            late=self._late,
            quoted_last=before.articles,
            answers=before.answers,
            watch=seen,
        )
        clock.lap("read" if self._reader else "retrieve")
        return asked, evidence

    def _parts(self, text: str, evidence: Evidence, store: VectorStore) -> tuple[ScoredSentence, ...]:
        """The best sentence for each part of a question that asks two things, from the passages found for it."""
        if self._reader is None:
            return ()
        read = (read_passages(part, store, self._weights, evidence.passages, reader=self._reader) for part in two_parts(text))
        return tuple(one.sentences[0] for one in read if one.confidence >= self._weights.read.further)

    def _unquoted(self, text: str, store: VectorStore, filters: Filters, today: date, before: Turn) -> Answer | None:
        """The answer to small talk or to a request for articles; None for a question."""
        talk = find_small_talk(text)
        wanted = None if talk else articles_wanted(text, today)
        if talk:
            return _plain(text, store, outcome="small_talk", notice=talk)
        if wanted is None:
            return None
        if not wanted.subject:
            notice, articles = newest_articles(self._newest, store, wanted, filters, detect_language(text))
            return _plain(text, store, notice=notice, articles=articles)
        subject = readings(wanted.subject, before.question, self._embedder, self._weights.follow_up, before.typed)[0]
        asked = understand(subject, self._embedder)
        ranked = rank_passages(find_all(asked, store, filters, late=self._late), self._weights.passage)
        articles = articles_about(to_hits(ranked, store, MAX_HITS), partial(_article, store), detect_language(text))
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
        outcome: Outcome = "no_evidence"
        if evidence.sentences and evidence.confidence >= weights.possible:
            outcome = "answered" if evidence.confidence >= weights.answered else "possible"
        latest = asks_for_latest(asked.text)
        sentences = evidence.sentences
        if latest:
            sentences = promote_newer(sentences, lambda one: _article(store, one.stored.passage.article_id).said(one.span))
        limit = max_citations or DEFAULT_CITATIONS
        if outcome == "no_evidence":
            chosen = nearest(sentences, min(_OFFERED, limit))
        else:
            most = limit if self._writer is None or max_citations else MAX_CITATIONS
            chosen = choose(sentences, most, weights, parts)
            further = chosen.sentences[limit:]
            chosen = with_versions(replace(chosen, sentences=chosen.sentences[:limit]), sentences, max_citations)
        quoted, claims = _cited(chosen, store, asked.language)
        citations = tuple(dated(citation, today, latest=latest) for citation in quoted)
        answer = Answer(
            outcome=outcome,
            question_language=asked.language,
            claims=claims,
            citations=citations,
            disagreements=disagreements(citations, chosen),
            confidence=round(evidence.confidence, 3),
            searched_as=asked.text,
            snapshot=store.snapshot_id,
        )
        if outcome == "no_evidence" or not further:
            return answer, citations
        more, _ = _cited(Chosen(nearest=further), store, asked.language, after=len(citations))
        return answer, (*citations, *(dated(citation, today, latest=latest) for citation in more))

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


def _speaks_of_another(wider: Wider, store: VectorStore, sentence: ScoredSentence) -> bool:
    """Whether a quote of the sentence or its article's title names another place within the larger one."""
    article = _article(store, sentence.stored.passage.article_id)
    return wider.speaks_of_another((quoted_span(sentence).of(article.text), article.title))


def _answering_words(answer: Answer) -> tuple[str, ...]:
    """The words of each claim's first citation that answer; none without a reader."""
    first = [next(one for one in answer.citations if one.number == claim.citations[0]) for claim in answer.claims]
    return tuple(one.answer.of(one.quote) for one in first if one.answer)


def _quotations(answer: Answer) -> tuple[Quotation, ...]:
    """The quotes of an answer, first those of its claims."""
    cited = {citation.number: citation for citation in answer.citations}
    firsts = [cited[claim.citations[0]] for claim in answer.claims]
    return tuple(
        Quotation(
            article_id=one.article_id,
            start_char=one.start_char,
            end_char=one.end_char,
            passage=one.passage,
            deep_link=one.deep_link,
        )
        for one in firsts[:_REMEMBERED]
    )


def _cited(
    chosen: Chosen, store: VectorStore, language: Language, after: int = 0
) -> tuple[tuple[Citation, ...], tuple[Claim, ...]]:
    """Citations, numbered after `after`, of the sentences, of their other versions, and of the nearest; and the claims."""
    versions = [(place, version) for place, own in enumerate(chosen.versions) for version in own]
    every = [*chosen.sentences, *(version for _, version in versions), *chosen.nearest]
    citations = tuple(
        cite(number, one, _article(store, one.stored.passage.article_id), language)
        for number, one in enumerate(every, start=after + 1)
    )
    numbers: list[list[int]] = [[citation.number] for citation in citations[: len(chosen.sentences)]]
    for (place, _), citation in zip(versions, citations[len(chosen.sentences) :], strict=False):
        numbers[place].append(citation.number)
    return citations, tuple(
        Claim(text=citation.quote, citations=tuple(own)) for citation, own in zip(citations, numbers, strict=False)
    )


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
