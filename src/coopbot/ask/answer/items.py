"""The items of a list, gathered from several passages: things that are named, and sentences that answer by themselves.

An item is left out where it does not belong: it lies elsewhere than the place that the question names, or its sentence is not
about what is listed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log

from coopbot.ask.answer.series import read_some
from coopbot.ask.rank.features import OpenPassage
from coopbot.ask.rank.judge import SAME
from coopbot.ask.rank.reader import Reader
from coopbot.ask.rank.retrieve import ScoredSentence, scored_sentences
from coopbot.ask.understand.question import Question
from coopbot.ask.weights import Weights
from coopbot.domain import Span
from coopbot.text.figures import figures_agree
from coopbot.text.gazetteer import find_names, is_elsewhere, name_spans, places_around
from coopbot.text.glossary import find_concepts

# How many passages are read, of the question's language and of others.
_READ = (4, 2)
# Concepts that say nothing of what is listed.
_GENERAL = frozenset(
    {"year", "month", "figure", "number", "region", "chinese", "russian", "siberia", "last", "new", "name", "list", "source"}
)
# How likely a sentence has to be to be an item by itself, beside the best one, and how likely the best one.
_LEAST, _BEHIND = 0.3, 1.7
# The share of what is listed that a sentence with its headings has to be about, and one that only names an item.
_ABOUT, _NAMED_ABOUT = 0.5, 0.66
# How near a name has to stand to the word for what is listed, "the checkpoint Poltavka".
_NEAR_CHARS = 22
_MOST_ITEMS = 40
_MARK = re.compile(r"[^\w\s-]")


@dataclass(frozen=True, kw_only=True)
class Item:
    """An item and the sentence that tells of it. label: its name, if that is in the question's language; else "". id_: of the
    gazetteer, or "".
    """

    label: str
    sentence: ScoredSentence
    id_: str = ""


def find_items(question: Question, opened: Sequence[OpenPassage], reader: Reader | None, weights: Weights) -> list[Item]:
    """The items, the likeliest first; those that are named by the gazetteer after the sentences that answer best."""
    read = _read(question, opened, reader)
    own = weights.sentences(with_reader=reader is not None)
    if not read:
        return []
    above = {one.passage.passage_id: (one.title, *one.passage.heading_path) for one in opened}
    sentences = [one for one in scored_sentences(question.text, read, own) if _belongs(question, one, above)]
    if not sentences:
        return []
    least = max(log(_LEAST / (1 - _LEAST)), sentences[0].log_odds - _BEHIND)
    items: list[Item] = []
    for one in sentences:
        if one.log_odds >= least and not any(_repeats(one, item.sentence) for item in items):
            items.append(Item(label="", sentence=one))
    told = frozenset(id_ for item in items for id_ in find_names(item.sentence.text))
    for item in _named(question, opened, read, sentences[0].log_odds):
        if item.id_ not in told:
            items.append(item)
    return items[:_MOST_ITEMS]


def _read(question: Question, opened: Sequence[OpenPassage], reader: Reader | None) -> list[OpenPassage]:
    chosen = [one for one in opened if one.ranked.pair == "same"][: _READ[0]]
    chosen += [one for one in opened if one.ranked.pair != "same"][: sum(_READ) - len(chosen)]
    return read_some(question.text, chosen, reader)


def _topics(text: str) -> frozenset[str]:
    return find_concepts(text) - _GENERAL


def _belongs(question: Question, one: ScoredSentence, above: Mapping[str, Sequence[str]]) -> bool:
    """Whether a sentence is about what is listed and at the place that the question names, not elsewhere."""
    headings = above[one.stored.passage.passage_id]
    if not _is_on_topic(question, one.text, headings):
        return False
    return all(_is_at(place, find_names(one.text), headings) for place in _regions(question))


def _is_on_topic(question: Question, text: str, headings: Sequence[str], share: float = _ABOUT) -> bool:
    topics = _topics(question.text)
    here = _topics(" ".join((*headings, text)))
    return len(topics & here) >= share * len(topics)


def _regions(question: Question) -> frozenset[str]:
    """The places of the question: those that lie in another or that others lie in."""
    return frozenset(id_ for id_ in question.names if places_around(id_))


def _is_at(place: str, names: frozenset[str], headings: Sequence[str]) -> bool:
    """Whether names are of things in or around a place, and none is of a place elsewhere in the same country."""
    if any(is_elsewhere(id_, place) for id_ in names):
        return False
    return any(_is_within(id_, place) for id_ in (*names, *find_names(" ".join(headings))))


def _is_within(id_: str, place: str) -> bool:
    return id_ == place or place in places_around(id_)


def _named(question: Question, opened: Sequence[OpenPassage], read: Sequence[OpenPassage], best: float) -> Iterator[Item]:
    """Things of the gazetteer in sentences about what is listed: places within the place that the question names, and names
    that are themselves of the kind that is listed, such as bridges.
    """
    topics, regions = _topics(question.text), _regions(question)
    known = {one.passage.passage_id: one for one in read}
    seen: dict[str, tuple[float, ScoredSentence]] = {}
    for one in (known.get(one.passage.passage_id, one) for one in opened):
        headings = (one.title, *one.passage.heading_path)
        for row, span in enumerate(one.passage.sentences):
            text = one.passage.quoted(span)
            here = find_names(text)
            if not _is_on_topic(question, text, headings, _NAMED_ABOUT):
                continue
            if regions and not all(_is_at(place, here, headings) for place in regions):
                continue
            fit = float(one.features["late_weighted"][row]) + float(one.features["cosine"][row])
            fit += 0.2 * (one.ranked.pair == "same")
            for words, ids in name_spans(text):
                if len(ids) != 1 or words.start_char == words.end_char:
                    continue
                (id_,) = ids
                is_kind = bool(_topics(words.of(text)) & topics)
                is_place = bool(regions) and any(_is_within(id_, place) and id_ != place for place in regions)
                if id_ in question.names or not (is_kind or (is_place and bool(_topics(_beside(text, words)) & topics))):
                    continue
                if regions and not is_place:
                    continue
                sentence = ScoredSentence(
                    stored=one.stored,
                    span=span,
                    pair=one.ranked.pair,
                    log_odds=best,
                    vector=one.vectors[row],
                    answer=Span(start_char=words.start_char, end_char=words.end_char).shifted(span.start_char),
                    read=one.read,
                )
                if id_ not in seen or fit > seen[id_][0]:
                    seen[id_] = (fit, sentence)
    for id_, (_, sentence) in sorted(seen.items(), key=lambda entry: -entry[1][0]):
        # Another language's words are restated beside the quote.
        label = sentence.answer_text if sentence.stored.language == question.language else ""
        yield Item(label=label, id_=id_, sentence=sentence)


def _beside(text: str, words: Span) -> str:
    """The words right before and after a name, up to the next mark."""
    before = _MARK.split(text[max(0, words.start_char - _NEAR_CHARS) : words.start_char])[-1]
    after = _MARK.split(text[words.end_char : words.end_char + _NEAR_CHARS])[0]
    return f"{before} {words.of(text)} {after}"


def _repeats(one: ScoredSentence, other: ScoredSentence) -> bool:
    """Whether two sentences are one, say the same, or give the same answer."""
    if one.stored.passage.passage_id == other.stored.passage.passage_id and one.span == other.span:
        return True
    across = one.stored.language != other.stored.language
    cosine = float(one.vector @ other.vector)
    if cosine >= SAME[across]:
        return True
    names = find_names(one.answer_text)
    if names and names == find_names(other.answer_text):
        return True
    return cosine >= 0.4 and bool(one.answer_text) and figures_agree(one.answer_text, other.answer_text)
