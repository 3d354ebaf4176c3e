"""Answers in single sentences: the question is searched and read, the best sentences are quoted."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from coopbot.ask.answer.asking import Asking
from coopbot.ask.answer.cite import cite, dated, disagreements, quoted_span
from coopbot.ask.answer.compose import Chosen, choose, in_own_language, nearest, promote_newer, with_originals, with_versions
from coopbot.ask.rank.judge import Said
from coopbot.ask.rank.retrieve import Evidence, ScoredSentence, favouring, read_passages
from coopbot.ask.understand.conversations import NO_TURN, Turn
from coopbot.ask.understand.rules import Wider, wider
from coopbot.domain import About, Answer, Citation, Claim, Outcome
from coopbot.text.gazetteer import names_in
from coopbot.text.measures import flatten
from coopbot.text.publishers import find_publisher
from coopbot.text.questions import needs_antecedent, question_words
from coopbot.text.relative import asks_for_latest
from coopbot.text.two_parts import two_parts

DEFAULT_CITATIONS = 4
MAX_CITATIONS = 10

# A part of a question has no answer below this share of the probability of `possible`: so in 2 of 58 dev answers to questions
# both of whose parts have one, and in 7 of 64 where at least one has none; most others of these are refused as a whole.
_OPEN_BELOW = 0.5
# Nearest passages offered when the sources do not answer.
_OFFERED = 3


def answer_plainly(asking: Asking) -> tuple[Answer, tuple[Citation, ...]]:
    """The answer, and citations of further sentences that a writer may use."""
    before = asking.before
    read_as = [asking.of(query) for query in asking.readings(asking.text)]
    # A question that is complete without the one before has nothing to do with its articles.
    found = [(one, _evidence(one, NO_TURN if before.question and one is asking else before)) for one in read_as]
    asking, evidence = max(found, key=lambda one: one[1].confidence)
    asking, evidence, about = _asked_wider(asking, evidence)
    parts, missing = _parts(asking, evidence) if asking.cited != 1 else ((), ())
    asking.clock.lap("read" if asking.reader else "retrieve")
    if parts and evidence.confidence < asking.sentence_weights.possible:
        # No sentence answers the whole question, and this one answers a part of it.
        half = replace(parts[0], log_odds=min(parts[0].log_odds, 0.0))
        evidence = replace(evidence, sentences=(half, *evidence.sentences))
    answer, further = _quoted(asking, evidence, parts)
    asking.clock.lap("compose")
    if answer.claims:
        sure = answer.outcome if not missing else "possible"
        answer = replace(answer, about=about, missing=missing, outcome=sure)
    if not before.question and not before.articles and needs_antecedent(asking.text):
        outcome: Outcome = "possible" if answer.outcome == "answered" else answer.outcome
        answer = replace(answer, outcome=outcome, remarks=(*answer.remarks, "refers_back"))
    return answer, further


def _evidence(asking: Asking, before: Turn) -> Evidence:
    """What is found for the question. before: the turn that it follows up."""
    learned = asking.weights.follow_up
    ranked = favouring(asking.ranked, before.articles, asking.store, learned.same_article)
    said = Said(answers=before.answers, loss=learned.said)
    evidence = read_passages(asking.text, asking.store, asking.weights, ranked, reader=asking.reader, said=said)
    asking.clock.lap("read" if asking.reader else "retrieve")
    return evidence


def _asked_wider(asking: Asking, evidence: Evidence) -> tuple[Asking, Evidence, About | None]:
    """The question and its evidence; where that is not sure and a rule of the country is, the question about the country."""
    weights = asking.sentence_weights
    country = wider(asking.asked, asking.weights.rules) if evidence.confidence < weights.answered else None
    if country is None:
        return asking, evidence, None
    asked_wider = asking.of(country.text)
    found = _evidence(asked_wider, NO_TURN).discounted(country.holds, without=partial(_speaks_of_another, asking, country))
    if found.confidence <= max(evidence.confidence, weights.possible):
        return asking, evidence, None
    place, around = (names_in((id_,), asking.asked.language)[0] for id_ in (country.place, country.around))
    return asked_wider, found, About(place=place, around=around)


def _speaks_of_another(asking: Asking, wider: Wider, sentence: ScoredSentence) -> bool:
    """Whether a quote of the sentence or its article's title names another place within the larger one."""
    article = asking.article(sentence.stored.passage.article_id)
    return wider.speaks_of_another((quoted_span(sentence).of(article.text), article.title))


def _parts(asking: Asking, evidence: Evidence) -> tuple[tuple[ScoredSentence, ...], tuple[str, ...]]:
    """Of a question that asks two things: the best sentence for each, from the passages found for it, and the parts that
    nothing answers; none if that is all, since what is quoted then answers the whole question.
    """
    if asking.reader is None:
        return (), ()
    weights = asking.sentence_weights
    found, missing, parts = list[ScoredSentence](), list[str](), two_parts(asking.text)
    for part in parts:
        read = read_passages(part, asking.store, asking.weights, evidence.passages, reader=asking.reader)
        if read.confidence >= weights.further:
            found.append(read.sentences[0])
        elif read.confidence < weights.possible * _OPEN_BELOW and any(question_words(flatten(part))):
            missing.append(part.rstrip("?？ "))
    return tuple(found), tuple(missing) if len(missing) < len(parts) else ()


def _quoted(asking: Asking, evidence: Evidence, parts: tuple[ScoredSentence, ...]) -> tuple[Answer, tuple[Citation, ...]]:
    """The graded answer in quotes, and citations of further sentences that a writer may use."""
    weights, latest = asking.sentence_weights, asks_for_latest(asking.text)
    sentences = evidence.sentences
    if latest:
        sentences = promote_newer(sentences, lambda one: asking.article(one.stored.passage.article_id).said(one.span))
    confidence, not_known = evidence.confidence, False
    if sentences and _tells_a_gap(asking, sentences[0]):
        told = next((one for one in sentences if not _tells_a_gap(asking, one)), None)
        confidence = told.probability if told else 0.0
        not_known = told is None or confidence < weights.possible
        if told and not not_known:
            sentences = (told, *(one for one in sentences if one is not told))
    limit = asking.cited or DEFAULT_CITATIONS
    if not sentences or confidence < weights.possible:
        outcome: Outcome = "no_evidence"
        chosen, rest = _in_own_language(asking, nearest(sentences, min(_OFFERED, limit))), Chosen()
    else:
        outcome = "answered" if confidence >= weights.answered else "possible"
        chosen = choose(sentences, MAX_CITATIONS if asking.to_write and not asking.cited else limit, weights, parts)
        rest = Chosen(nearest=chosen.sentences[limit:])
        chosen = _in_own_language(asking, replace(chosen, sentences=chosen.sentences[:limit]))
        chosen = with_versions(chosen, sentences, asking.cited)
        chosen = with_originals(chosen, sentences, asking.store, asking.filters, asking.article, asking.cited)
    citations, claims = _cited(asking, chosen, latest=latest)
    further, _ = _cited(asking, rest, latest=latest, after=len(citations))
    answer = Answer(
        outcome=outcome,
        question_language=asking.asked.language,
        claims=claims,
        citations=citations,
        disagreements=disagreements(citations, chosen),
        confidence=round(confidence, 3),
        remarks=("not_known",) if not_known else (),
        searched_as=asking.text,
        snapshot=asking.store.snapshot_id,
    )
    return answer, further


def _tells_a_gap(asking: Asking, sentence: ScoredSentence) -> bool:
    """Whether the sentence stands in a brief without a source of its own: those say what is not known."""
    article = asking.article(sentence.stored.passage.article_id)
    known = find_publisher(article.publisher)
    return bool(known and known.kind == "brief" and article.attributions) and not article.attributed(quoted_span(sentence))


def _in_own_language(asking: Asking, chosen: Chosen) -> Chosen:
    return in_own_language(chosen, asking.asked.language, asking.store, asking.filters)


def _cited(asking: Asking, chosen: Chosen, *, latest: bool, after: int = 0) -> tuple[tuple[Citation, ...], tuple[Claim, ...]]:
    """Citations, numbered after `after`, of the sentences, of their other versions, and of the nearest; and the claims."""
    versions = [(place, version) for place, own in enumerate(chosen.versions) for version in own]
    every = [*chosen.sentences, *(version for _, version in versions), *chosen.nearest]
    citations = tuple(
        dated(
            cite(number, one, asking.article(one.stored.passage.article_id), asking.asked.language),
            asking.today,
            latest=latest,
        )
        for number, one in enumerate(every, start=after + 1)
    )
    numbers: list[list[int]] = [[citation.number] for citation in citations[: len(chosen.sentences)]]
    for (place, _), citation in zip(versions, citations[len(chosen.sentences) :], strict=False):
        numbers[place].append(citation.number)
    return citations, tuple(
        Claim(text=citation.quote, citations=tuple(own)) for citation, own in zip(citations, numbers, strict=False)
    )
