"""Chooses which sentences to quote, and what is cited with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from coopbot.ask.answer.counterparts import find_counterpart, find_original, is_one, is_original, repeats, say_the_same
from coopbot.ask.answer.disagree import Contradiction, answering_figure, find_contradiction
from coopbot.ask.rank.retrieve import ScoredSentence
from coopbot.ask.store import VectorStore
from coopbot.ask.weights import SentenceWeights
from coopbot.domain import Article, Filters, Language, When
from coopbot.text.relative import resolve_dates

# How much less likely than the best sentence, in log odds, one with another figure is if it is about something else: a question
# for one date or amount has one answer, and another account of it is a contradiction.
_SOMETHING_ELSE = 2.0

# How many other versions of its sentences an answer shows, unless the asker sets a limit of citations.
_VERSIONS = 3

# Maximum gap in log odds within which the newest sentence comes first when a question asks for the latest. Of 86 such questions
# on the corpus, the first sentence is right for 55 without it, 60 with 0.7, 64 with 1.3, and 63 with 2.0.
_ABOUT_EQUALLY_LIKELY = 1.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The sentences to quote, and a contradiction of the first one's answer, if any; its sentence is also quoted.

    versions: for each sentence, those that say the same in other languages. nearest: sentences that may not answer, shown
    beside the answer or in its place.
    """

    sentences: tuple[ScoredSentence, ...] = ()
    contradiction: Contradiction | None = None
    versions: tuple[tuple[ScoredSentence, ...], ...] = ()
    nearest: tuple[ScoredSentence, ...] = ()


def promote_newer(
    sentences: Sequence[ScoredSentence], said: Callable[[ScoredSentence], When | None]
) -> tuple[ScoredSentence, ...]:
    """Move to the front the newest of the sentences that are about as likely as the first. said: when a sentence was."""
    if not sentences:
        return ()
    near = [one for one in sentences if one.log_odds >= sentences[0].log_odds - _ABOUT_EQUALLY_LIKELY]
    # max() returns the first of equally new sentences, which is the likeliest.
    newest = max(near, key=lambda one: _day_of(one.text, said(one)))
    return (newest, *(one for one in sentences if one is not newest))


def _day_of(text: str, said: When | None) -> date:
    """The day up to which a sentence is current: the last day it names that had come when it was said, or else that day."""
    if said is None:
        return date.min
    published = said.last
    named = [span.last for span in resolve_dates(text, published) if span.first <= published]
    return min(published, max(named)) if named else published


def choose(
    sentences: Sequence[ScoredSentence], limit: int, weights: SentenceWeights, parts: Sequence[ScoredSentence] = ()
) -> Chosen:
    """Up to `limit` sentences: the one most likely to answer, then one that contradicts it, then those that answer `parts` of
    the question, then other likely ones, each from another passage and adding something new about the same. The first is taken
    however unlikely.
    """
    if not sentences:
        return Chosen()
    chosen = [sentences[0]]
    other = find_contradiction(sentences, weights.contradiction) if weights.contradiction else None
    if other and other.sentence not in chosen and limit > 1:
        chosen.append(other.sentence)
    for sentence in parts:
        if len(chosen) < limit and not any(repeats(sentence, one) for one in chosen):
            chosen.append(sentence)
    for sentence in sentences:
        if len(chosen) >= limit:
            break
        if (
            sentence.log_odds >= weights.least_log_odds
            and sentence.stored.passage.passage_id not in {one.stored.passage.passage_id for one in chosen}
            and not any(repeats(sentence, one) for one in chosen)
            and not _is_about_something_else(sentence, chosen[0])
        ):
            chosen.append(sentence)
    return Chosen(sentences=tuple(chosen), contradiction=other if other and other.sentence in chosen else None)


def with_versions(chosen: Chosen, sentences: Sequence[ScoredSentence], limit: int | None) -> Chosen:
    """The same with what says it in other languages and, if nothing chosen is in the question's language, with the nearest
    sentence that is. limit: of all citations together, if the asker set one.
    """
    room = _VERSIONS if limit is None else limit - len(chosen.sentences)
    versions: list[tuple[ScoredSentence, ...]] = []
    taken = set(map(_place, chosen.sentences))
    for one in chosen.sentences:
        own: dict[Language, ScoredSentence] = {}
        for other in sentences:
            if (
                len(own) < room
                and other.stored.language not in own
                and _place(other) not in taken
                and one.stored.language != other.stored.language
                and say_the_same(one, other)
            ):
                own[other.stored.language] = other
        taken.update(map(_place, own.values()))
        room -= len(own)
        versions.append(tuple(own.values()))
    readable = [*chosen.sentences, *(one for own in versions for one in own)]
    nearest = [one for one in sentences if one.pair == "same"] if not any(one.pair == "same" for one in readable) else []
    return replace(chosen, versions=tuple(versions), nearest=tuple(nearest[: min(1, room)]))


def nearest(sentences: Sequence[ScoredSentence], limit: int) -> Chosen:
    """The best sentence of each of the nearest passages, for when none answers, without those that repeat one before."""
    by_passage: dict[str, ScoredSentence] = {}
    for sentence in sentences:
        by_passage.setdefault(sentence.stored.passage.passage_id, sentence)
    chosen: list[ScoredSentence] = []
    for sentence in by_passage.values():
        if len(chosen) < limit and not any(repeats(sentence, one) for one in chosen):
            chosen.append(sentence)
    return Chosen(nearest=tuple(chosen))


def in_own_language(chosen: Chosen, language: Language, store: VectorStore, filters: Filters) -> Chosen:
    """The same, with the counterparts in the question's language of sentences in others, where the index has them. The sides of
    a contradiction stay, since its words are theirs.
    """
    sides = [chosen.sentences[0], chosen.contradiction.sentence] if chosen.contradiction else []

    def own(sentences: Sequence[ScoredSentence]) -> tuple[ScoredSentence, ...]:
        found: dict[tuple[str, int], ScoredSentence] = {}
        for one in sentences:
            known = one.pair == "same" or one in sides
            other = None if known else find_counterpart(one, language, store, filters)
            found.setdefault(_place(other or one), other or one)
        return tuple(found.values())

    return replace(chosen, sentences=own(chosen.sentences), nearest=own(chosen.nearest))


def with_originals(
    chosen: Chosen,
    sentences: Sequence[ScoredSentence],
    store: VectorStore,
    filters: Filters,
    article: Callable[[str], Article],
    limit: int | None,
) -> Chosen:
    """The same, with what is cited from a page that says the same, in the same language, quoted from that page. The sentence
    itself becomes the first of the other versions; so does one of `sentences` that cites a page quoted already. The sides of a
    contradiction stay. limit: of all citations together, if the asker set one.
    """
    kept = (chosen.sentences[0], chosen.contradiction.sentence) if chosen.contradiction else ()
    quoted: list[ScoredSentence] = []
    versions: list[tuple[ScoredSentence, ...]] = []
    beside: list[ScoredSentence] = []
    for one, own in zip(chosen.sentences, chosen.versions, strict=True):
        if one not in kept and any(is_one(one, other) for other in (*quoted, *beside)):
            continue
        ours = article(one.stored.passage.article_id)
        original = None if one in kept else find_original(one, ours, store, filters)
        brief = one if original else None
        if brief is None and ours.url:
            citing = (other for other in sentences if other not in kept and _is_cited_in(one, ours, other, article))
            brief = next(citing, None)
        quoted.append(original or one)
        if brief is not None:
            beside.append(brief)
            own = (brief, *(other for other in own if not is_one(other, brief)))
        versions.append(own)
    if limit is not None:
        room = limit - len(quoted)
        for place, own in enumerate(versions):
            versions[place] = own[: max(0, room)]
            room -= len(versions[place])
    return replace(chosen, sentences=tuple(quoted), versions=tuple(versions))


def _is_cited_in(one: ScoredSentence, page: Article, other: ScoredSentence, article: Callable[[str], Article]) -> bool:
    """Whether the other sentence, of the same language, is cited from the page that has this one, and says the same."""
    if one.stored.language != other.stored.language or not say_the_same(other, one, cited=True):
        return False
    return is_original(page, article(other.stored.passage.article_id), other)


def _place(sentence: ScoredSentence) -> tuple[str, int]:
    return sentence.stored.passage.passage_id, sentence.span.start_char


def _is_about_something_else(sentence: ScoredSentence, best: ScoredSentence) -> bool:
    """Whether a far less likely sentence answers with another figure of the same kind, as "works began in 2016" where the best
    one says when the bridge opened.
    """
    if best.log_odds - sentence.log_odds <= _SOMETHING_ELSE:
        return False
    one, other = answering_figure(best), answering_figure(sentence)
    return bool(one and other and one.figure.unit == other.figure.unit and not one.figure.agrees(other.figure))
