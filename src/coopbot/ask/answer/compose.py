"""Chooses which sentences to quote, cites them, and reports where they disagree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from coopbot.ask.answer.counterparts import find_counterpart, repeats, say_the_same
from coopbot.ask.answer.deep_links import deep_link
from coopbot.ask.answer.disagree import Contradiction, answering_figure, find_contradiction
from coopbot.ask.rank.retrieve import ScoredSentence
from coopbot.ask.store import VectorStore
from coopbot.ask.weights import SentenceWeights
from coopbot.domain import Article, Citation, Disagreement, Filters, Language, Span
from coopbot.text.gazetteer import find_names
from coopbot.text.questions import opens_with_reference
from coopbot.text.restate import restate
from coopbot.text.tokens import lexical_tokens

# How much less likely than the best sentence, in log odds, one with another figure is if it is about something else: a question
# for one date or amount has one answer, and another account of it is a contradiction.
_SOMETHING_ELSE = 2.0

# How many sentences before one that refers back are quoted with it.
_MOST_BEFORE = 2

# How many other versions of its sentences an answer shows, unless the asker sets a limit of citations.
_VERSIONS = 3


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
            sentence not in chosen
            and _place(sentence) not in map(_place, chosen)
            and sentence.log_odds >= weights.least_log_odds
            and all(_adds(sentence, one) for one in chosen)
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


def _place(sentence: ScoredSentence) -> tuple[str, int]:
    return sentence.stored.passage.passage_id, sentence.span.start_char


def disagreements(citations: Sequence[Citation], chosen: Chosen) -> tuple[Disagreement, ...]:
    """Where the citations give different answers, newest first. citations: those of the chosen sentences, in the same order.
    A single sentence that holds both accounts is listed once.
    """
    if chosen.contradiction is None:
        return ()
    place = chosen.sentences.index(chosen.contradiction.sentence)
    sides = [(citations[at], words) for at, words in zip((0, place), chosen.contradiction.answers, strict=True)]
    sides.sort(key=lambda side: said.last.toordinal() if (said := side[0].said) else 0, reverse=True)
    numbers = tuple(dict.fromkeys(citation.number for citation, _ in sides))
    return (Disagreement(about=" / ".join(words for _, words in sides), citations=numbers),)


def cite(number: int, sentence: ScoredSentence, article: Article, language: Language) -> Citation:
    """A citation of the sentence, its text taken from the article itself. language: of the question."""
    span = quoted_span(sentence)
    cited = cite_span(
        number,
        article,
        span,
        passage=sentence.stored.passage.text,
        answer=sentence.answer.shifted(-span.start_char) if sentence.answer else None,
        said_in=sentence.span,
    )
    restated = "" if article.language == language else restate(sentence.answer_text, language)
    heading = _heading_needed(cited.quote, article.title, sentence.stored.passage.heading_path)
    return replace(cited, restated=restated, heading=heading, score=round(sentence.log_odds, 4))


def cite_span(
    number: int, article: Article, span: Span, *, passage: str, answer: Span | None = None, said_in: Span | None = None
) -> Citation:
    """A citation of this span of an article. said_in: the sentence that answers, if the span has others too."""
    text = span.of(article.text)
    spans = (said_in or span, span)
    return Citation(
        number=number,
        article_id=article.article_id,
        title=article.title,
        authors=article.authors,
        publisher=article.publisher,
        published=article.published,
        url=article.url,
        language=article.language,
        sources=article.sources_of(*spans),
        attributions=article.attributed(*spans),
        also_published_by=article.also_published_by,
        quote=text,
        start_char=span.start_char,
        end_char=span.end_char,
        answer=answer,
        passage=passage,
        deep_link=deep_link(article.url, text),
        score=0.0,
    )


def quoted_span(sentence: ScoredSentence) -> Span:
    """The sentence, plus the previous one if it refers back to that, and one more if that does too."""
    passage, start = sentence.stored.passage, sentence.span
    before = [span for span in passage.sentences if span.end_char <= sentence.span.start_char]
    for earlier in before[: -_MOST_BEFORE - 1 : -1]:
        if not sentence.stored.is_open(earlier) or not opens_with_reference(passage.quoted(start)):
            break
        start = earlier
    return Span(start_char=start.start_char, end_char=sentence.span.end_char)


def _heading_needed(quote: str, title: str, heading_path: Sequence[str]) -> str:
    """The heading above a quote that has no word and no name of it, or of the article's title."""
    around = " ".join((title, *heading_path))
    if not heading_path or set(lexical_tokens(quote)) & set(lexical_tokens(around)) or find_names(quote) & find_names(around):
        return ""
    return heading_path[-1]


def _adds(sentence: ScoredSentence, other: ScoredSentence) -> bool:
    """Whether a sentence is from another passage, and says something that the other does not."""
    return sentence.stored.passage.passage_id != other.stored.passage.passage_id and not repeats(sentence, other)


def _is_about_something_else(sentence: ScoredSentence, best: ScoredSentence) -> bool:
    """Whether a far less likely sentence answers with another figure of the same kind, as "works began in 2016" where the best
    one says when the bridge opened.
    """
    if best.log_odds - sentence.log_odds <= _SOMETHING_ELSE:
        return False
    one, other = answering_figure(best), answering_figure(sentence)
    return bool(one and other and one.figure.unit == other.figure.unit and not one.figure.agrees(other.figure))
