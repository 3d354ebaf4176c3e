"""The items of a list, gathered from several passages: things that are named, and sentences that answer by themselves.

An item is left out where it does not belong: it lies elsewhere than the place that the question names, or its sentence is not
about what is listed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf, log

from coopbot.ask.answer.asking import read_own_first
from coopbot.ask.answer.counterparts import are_alike, is_one
from coopbot.ask.rank.features import OpenPassage
from coopbot.ask.rank.reader import Reader
from coopbot.ask.rank.retrieve import ScoredSentence, scored_sentences
from coopbot.ask.understand.question import Question
from coopbot.ask.weights import Weights
from coopbot.domain import Span
from coopbot.text.characters import HAN
from coopbot.text.cues import enumerates, without_names
from coopbot.text.figures import figures_agree, find_figures
from coopbot.text.gazetteer import all_places, find_names, is_elsewhere, name_spans, names_in, places_around, rivers_below
from coopbot.text.glossary import concept_mentions, find_concepts
from coopbot.text.subject import tells_of_gaps

# How many passages are read, of the question's language and of others.
_READ = (4, 2)
# Concepts that say nothing of what is listed.
_GENERAL = frozenset(
    {"year", "month", "figure", "number", "region", "chinese", "russian", "siberia", "last", "new", "name", "list", "source"}
)
# How likely a sentence has to be to be an item by itself, beside the best one, and how likely the best one.
_LEAST, _BEHIND = 0.3, 1.7
# How much less likely an item may be beside a sentence that lists things itself; how likely one of the best one's
# article has to be, and how well it has to read; and how much of a sentence an answer is that is a part of it.
_BEHIND_A_LIST, _LEAST_BESIDE, _READ_BESIDE, _PART = 1.0, 0.15, -1.5, 0.7
# The share of what is listed that a sentence with its headings has to be about, and one that only names an item.
_ABOUT, _NAMED_ABOUT = 0.5, 0.66
# What is listed by names: places of a region, and what names itself.
_PLACES = frozenset({"border-crossing", "port", "city", "station", "bridge", "park", "border", "customs", "island"})
_KINDS = _PLACES | {"bank", "university", "pipeline", "corridor", "river"}
# A crossing by rail is none by road.
_WAYS = frozenset({"rail", "road"})
# "Crossing" and "checkpoint" are said of the same.
_BORDER = frozenset({"border-crossing", "border"})
# How much less likely than possible the best sentence may be for a list of names.
_DOUBTED = 1.0
# Of how many names a list is that no sentence answers.
_LEAST_NAMES = 2
# How near a name has to stand to the word for what is listed, "the checkpoint Poltavka".
_NEAR_CHARS, _PREPOSITION_CHARS = 22, 2
# What a sentence of an article about the thing named gains.
_OWN_ARTICLE = 0.5
_MOST_ITEMS = 40
# Cosine from which sentences with the same figures or names say the same.
_ALIKE = 0.4
_MARK, _HAN_LAST = re.compile(r"[^\w\s-]"), re.compile(f"[{HAN}]$")


@dataclass(frozen=True, kw_only=True)
class Item:
    """An item and the sentence that tells of it. label: its name, if that is in the question's language and the only one; else
    "". names: ids of those that make it an item.
    """

    label: str
    sentence: ScoredSentence
    names: frozenset[str] = frozenset()


def find_items(question: Question, opened: Sequence[OpenPassage], reader: Reader | None, weights: Weights) -> list[Item]:
    """The items, the likeliest first; those that are named by the gazetteer after the sentences that answer best."""
    read = read_own_first(question.text, opened, reader, *_READ)
    own = weights.sentences(with_reader=reader is not None)
    if not read:
        return []
    above = {one.passage.passage_id: (one.title, *one.passage.heading_path) for one in opened}
    sentences = [one for one in scored_sentences(question.text, read, own) if _belongs(question, one, above)]
    by_name = bool(_regions(question) and _place_kinds(_asked_topics(question)))
    possible = log(own.possible / (1 - own.possible))
    best = sentences[0].log_odds if sentences else -inf
    named = list[Item]()
    if by_name:  # the names and the words beside them say that these are what is listed, whatever the reader says
        named = list(_named(question, opened, read, max(best, possible)))
    elif best >= possible - _DOUBTED:
        named = list(_named(question, opened, read, best))
    if not sentences and len({id_ for one in named for id_ in one.names}) < _LEAST_NAMES:
        return []
    likely = [one for one in sorted(sentences, key=lambda one: one.pair != "same") if _is_likely(one, sentences[0])]
    likely = [one for one in likely if not _only_counts(question, one)]
    found = [Item(label="", sentence=one) for one in likely]
    items: list[Item] = []
    told: set[str] = set()
    for item in (*named, *found) if by_name else (*found, *named):
        names = find_names(item.sentence.text) - question.names
        # What another language says again, or names again, is no item of its own.
        named_here, untold = item.names or names, (item.names or names) - told
        is_new = len(untold) * 2 > len(named_here) if item.sentence.pair != "same" else bool(untold)
        is_new = is_new or (not item.names and (item.sentence.pair == "same" or not items))
        if is_new and not any(_repeats(item.sentence, other.sentence, named=bool(item.names)) for other in items):
            items.append(item)
            told |= names
    return items[:_MOST_ITEMS]


def lists_itself(one: ScoredSentence) -> bool:
    """Whether the words of a sentence that answer list several things."""
    return enumerates(one.answer_text or one.text)


def _only_counts(question: Question, one: ScoredSentence) -> bool:
    """Whether a sentence counts what is listed, "about 20 companies" or "five by road and three by rail", and names none."""
    if _place_kinds(_asked_topics(question)):
        counts = bool({figure.unit for figure in find_figures(one.text)} - {"date"})
        places = (find_names(one.text) - question.names) & all_places().keys()
        return not places and (counts or not lists_itself(one))
    if lists_itself(one):
        return False
    figures = {figure.unit for figure in find_figures(one.answer_text)} - {"date"}
    return bool(figures) and not find_names(one.answer_text) - question.names


def _is_likely(one: ScoredSentence, best: ScoredSentence) -> bool:
    """Whether a sentence is an item beside the best one: nearly as likely; or from its article, with an answer that lists
    things itself or is only a part of the sentence.
    """
    nearest = _BEHIND_A_LIST if lists_itself(best) else _BEHIND
    if one.probability >= _LEAST and one.log_odds >= best.log_odds - nearest:
        return True
    if one.stored.passage.article_id != best.stored.passage.article_id or one.probability < _LEAST_BESIDE:
        return False
    if one.reading < _READ_BESIDE:
        return False
    is_part = bool(one.answer_text) and len(one.answer_text) <= _PART * len(one.text)
    return enumerates(one.answer_text) or (is_part and one.log_odds >= best.log_odds - nearest)


def _topics(text: str) -> frozenset[str]:
    return find_concepts(text) - _GENERAL


def _asked_topics(question: Question) -> frozenset[str]:
    """What is listed, without what the names have in them, as a province the word for a river; of "border crossings", which has
    the word "crossings" in it, only the whole.
    """
    topics: list[str] = []
    last: tuple[str, ...] = ()
    for tokens, ids in concept_mentions(without_names(question.text)):
        topics += ids if len(tokens) >= len(last) or tokens != last[-len(tokens) :] else ()
        last = tokens
    return frozenset(topics) - _GENERAL


def _belongs(question: Question, one: ScoredSentence, above: Mapping[str, Sequence[str]]) -> bool:
    """Whether a sentence is about what is listed and at the place that the question names, not elsewhere."""
    headings = above[one.stored.passage.passage_id]
    kinds = _place_kinds(_asked_topics(question))
    if any(map(tells_of_gaps, headings)):
        return False
    if not kinds:
        return True
    if _regions(question) and not kinds & _topics(without_names(one.text)):
        return False
    if not _is_on_topic(question, one.text, headings):
        return False
    return all(_is_at(place, find_names(one.text), headings) for place in _regions(question))


def _is_on_topic(question: Question, text: str, headings: Sequence[str], share: float = _ABOUT) -> bool:
    topics = _asked_topics(question)
    ways, here = topics & _WAYS, _topics(text)
    if ways and here & _WAYS and ways.isdisjoint(here):
        return False
    here |= _topics(" ".join(headings))
    here |= _BORDER if here & _BORDER else frozenset()
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
    topics, regions = _asked_topics(question), _regions(question)
    known = {one.passage.passage_id: one for one in read}
    found: list[tuple[float, Item]] = []
    for one in (known.get(one.passage.passage_id, one) for one in opened):
        headings = (one.title, *one.passage.heading_path)
        for row, span in enumerate(one.passage.sentences):
            text = one.passage.quoted(span)
            here = find_names(text)
            if row in one.stored.shut or not _is_on_topic(question, text, headings, _NAMED_ABOUT if regions else 1.0):
                continue
            if regions and not all(_is_at(place, here, headings) for place in regions):
                continue
            if question.names and not question.names & (here | rivers_below(here) | find_names(" ".join(headings))):
                continue
            named = [words for words, ids in name_spans(text) if _is_item(question, text, words, ids, topics, regions)]
            if not named or (len(named) == 1 and regions and not _is_beside(text, named[0], topics)):
                continue
            names = frozenset(id_ for words in named for id_ in find_names(words.of(text)))
            is_own = one.ranked.pair == "same"
            fit = float(one.features["late_weighted"][row]) + float(one.features["cosine"][row])
            fit += 1.0 * is_own + 0.2 * (len(names) - 1) + _OWN_ARTICLE * bool(names & find_names(one.title))
            sentence = ScoredSentence(
                stored=one.stored,
                span=span,
                pair=one.ranked.pair,
                log_odds=best,
                vector=one.vectors[row],
                answer=Span(start_char=named[0].start_char, end_char=named[0].end_char).shifted(span.start_char),
                read=one.read,
            )
            label = names_in(names, question.language)[0] if is_own and len(names) == 1 else ""
            found.append((fit, Item(label=label, names=names, sentence=sentence)))
    for _, item in sorted(found, key=lambda one: -one[0]):
        yield item


def _place_kinds(topics: frozenset[str]) -> frozenset[str]:
    """The kinds of places that are listed."""
    kinds = topics & _PLACES
    return kinds | _BORDER if kinds & _BORDER else kinds


def _is_item(
    question: Question, text: str, words: Span, ids: tuple[str, ...], topics: frozenset[str], regions: frozenset[str]
) -> bool:
    """Whether a name in a sentence is one of what is listed: within the region and beside the word for it, or in a sentence
    about the region's; or, where no region is named, of that kind by its own name.
    """
    if len(ids) != 1 or words.start_char == words.end_char or ids[0] in question.names:
        return False
    if not regions:
        return bool(_topics(words.of(text)) & (topics & _PLACES or topics & _KINDS))
    if not any(ids[0] != place and place in places_around(ids[0]) for place in regions):
        return False
    return _is_beside(text, words, topics) or bool(
        regions & find_names(text) and _place_kinds(topics) & _topics(without_names(text))
    )


def _is_beside(text: str, words: Span, topics: frozenset[str]) -> bool:
    """Whether a name stands beside the word for what is listed."""
    return bool(_place_kinds(topics) & _topics(_beside(text, words)))


def _beside(text: str, words: Span) -> str:
    """The words right before a name, and the one or two right after it that are no preposition, up to the next mark."""
    before = _MARK.split(text[max(0, words.start_char - _NEAR_CHARS) : words.start_char])[-1]
    before = "" if _HAN_LAST.search(before) else before  # in Chinese the word follows the name
    following = _MARK.split(text[words.end_char : words.end_char + _NEAR_CHARS])[0].split()[:2]
    after = " ".join(following) if following and len(following[0]) > _PREPOSITION_CHARS else ""
    return f"{before} {words.of(text)} {after}"


def _repeats(one: ScoredSentence, other: ScoredSentence, *, named: bool) -> bool:
    """Whether two sentences are one, say the same, or give the same answer. named: whether the first has names of its own."""
    if is_one(one, other) or named:
        return is_one(one, other)
    across = one.stored.language != other.stored.language
    cosine = float(one.vector @ other.vector)
    if are_alike(one, other):
        return True
    names = find_names(one.answer_text)
    if names and names == find_names(other.answer_text):
        return True
    if across and figures_agree(one.text, other.text) and figures_agree(other.text, one.text):
        return True
    everything = find_names(one.text)
    if across and everything and everything == find_names(other.text) and cosine >= _ALIKE:
        return True
    return cosine >= _ALIKE and bool(one.answer_text) and figures_agree(one.answer_text, other.answer_text)
