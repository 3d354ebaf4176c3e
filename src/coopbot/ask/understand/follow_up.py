"""Follow-up questions: "how long is it?" is searched as "Heihe bridge how long is it?".

One learned model judges from its words whether a question needs the conversation; another chooses the words of the question
before that it needs. The question before is not searched again, for then its own answer would win.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from coopbot.ask.weights import Features, FollowUpWeights
from coopbot.domain import MAX_QUESTION_CHARS, Span
from coopbot.index.model.embedder import Embedder, centred
from coopbot.index.types import F32, I32
from coopbot.text.characters import HAN
from coopbot.text.dates import find_dates
from coopbot.text.gazetteer import find_names, name_mentions
from coopbot.text.language import detect_language
from coopbot.text.questions import begins_with_link, points_back, question_words
from coopbot.text.tokens import lexical_tokens

# A question this likely to need the conversation, or not to need it, is searched in one way only.
_SURE = 0.85
_MOST_TOKENS, _MOST_CAPITALS = 12, 3

_WORD = re.compile(rf"(?P<han>[{HAN}]+)|[^\W_{HAN}]+(?:[-'’.,][^\W_{HAN}]+)*")
_HAN = re.compile(rf"[{HAN}]")


def completed(questions: Sequence[str], embedder: Embedder, weights: FollowUpWeights) -> str:
    """The last of the questions of a conversation as it is likeliest to be meant; "" if there are none."""
    before = last = ""
    for question in questions:
        before = readings(question, before, embedder, weights, last)[0]
        last = question
    return before


def readings(question: str, before: str, embedder: Embedder, weights: FollowUpWeights, last: str = "") -> tuple[str, ...]:
    """The queries to search a question as, likeliest first: with the words that it needs of the question `before` (as that was
    searched; "" if there is none), alone, or where neither is sure both. last: the question before as it was typed.
    """
    if not before:
        return (question,)
    pair = Pair.of(question, before, embedder, last)
    needs = 1 / (1 + math.exp(-float(weights.needs.score(needs_features(pair))[0])))
    whole = _joined(pair, carried_words(pair, weights))
    if whole == question or needs < 1 - _SURE:
        return (question,)
    if needs > _SURE:
        return (whole,)
    return (whole, question) if needs >= 0.5 else (question, whole)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A question and the one before. vectors: (2, dim), of the question and of the one before. asked: (tokens, dim), the
    question's token vectors. tokens: those of the one before, with spans: (tokens, 2). All centred, of length 1. carried: how
    many characters of the one before were carried over to it.
    """

    question: str
    before: str
    vectors: F32
    asked: F32
    tokens: F32
    spans: I32
    carried: int = 0

    @staticmethod
    def of(question: str, before: str, embedder: Embedder, last: str = "") -> Pair:
        """Both embedded, each centred for its language. last: the question before as it was typed."""
        found = [embedder.embed_question(text, with_tokens=True) for text in (question, before)]
        centres = [embedder.centre(detect_language(text)) for text in (question, before)]
        vectors = [centred(one.pooled[0], centre.question) for one, centre in zip(found, centres, strict=True)]
        tokens = [centred(one.tokens[0].vectors, centre.question_token) for one, centre in zip(found, centres, strict=True)]
        return Pair(
            question=question,
            before=before,
            vectors=np.stack(vectors),
            asked=tokens[0],
            tokens=tokens[1],
            spans=found[1].tokens[0].spans,
            carried=len(before) - len(last) if last and before.endswith(last) else 0,
        )


def needs_features(pair: Pair) -> Features:
    """Features of whether a question needs the one before, (1,) each."""
    question, names, before = pair.question, find_names(pair.question), find_names(pair.before)
    tokens, language = set(lexical_tokens(question)), detect_language(question)
    values = {
        "points_back": points_back(question),
        "link": begins_with_link(question),
        "tokens": min(len(tokens), _MOST_TOKENS),
        "chars": min(len(question), 200) * (2.5 if language == "zh" else 1.0),
        "named": bool(names),
        "same_name": bool(names & before),
        "other_name": bool(names - before),
        "capitals": min(sum(found[0][0].isupper() for found in _WORD.finditer(question, 1)), _MOST_CAPITALS),
        "dated": bool(find_dates(question)),
        "cosine": float(pair.vectors[0] @ pair.vectors[1]),
    }
    return {name: np.array([value], dtype=np.float32) for name, value in values.items()}


def carried_words(pair: Pair, weights: FollowUpWeights) -> list[Span]:
    """The words of the question before that this one needs, in their order."""
    words = list(words_of(pair.before, pair.spans))
    if not words:
        return []
    features, vectors = word_features(pair, words)
    scores = weights.carried.score(features)
    # Another embedding model than the one that the weights were learned with has other dimensions: then the features decide.
    if vectors.shape[1] == len(weights.carried_vector):
        scores = scores + (vectors @ weights.carried_vector - np.float32(weights.carried_vector_mean))
    carried = [word for word, score in zip(words, scores, strict=True) if score >= weights.carried_log_odds]
    # A name is carried as a whole, or not at all.
    for name in _names(pair.before):
        own = [word for word in words if name.overlaps(word)]
        most = 2 * sum(word in carried for word in own) > len(own)
        carried = [word for word in words if (most if word in own else word in carried)]
    return carried


def word_features(pair: Pair, words: Sequence[Span]) -> tuple[Features, F32]:
    """Features of words of the question before, (words,) each, and the mean vector of each word's tokens, (words, dim)."""
    text, asked = pair.before, set(lexical_tokens(pair.question))
    names, dates, asking = list(_names(text)), find_dates(text), list(question_words(text))
    vectors = np.stack([_mean_vector(pair, word) for word in words])
    named, dated = bool(find_names(pair.question)), bool(find_dates(pair.question))

    def within(spans: Sequence[Span]) -> F32:
        return np.array([any(span.overlaps(word) for span in spans) for word in words], dtype=np.float32)

    in_name, in_date, points = within(names), within(dates), points_back(pair.question)
    beside_name = (1 - in_name) * bool(names)
    asks_anew = any(True for _ in question_words(pair.question))
    shown, folded = [word.of(text) for word in words], pair.question.casefold()
    columns: dict[str, Sequence[float]] = {
        "han": [bool(_HAN.match(word)) for word in shown],
        "digits": [any(char.isdigit() for char in word) for word in shown],
        "stop": [not lexical_tokens(word) and not _HAN.match(word) for word in shown],
        "capital": [word[0].isupper() for word in shown],
        "repeated": [not asked.isdisjoint(lexical_tokens(word)) or word.casefold() in folded for word in shown],
        "chars": [min(len(word), 20) for word in shown],
        "late": [word.start_char / len(text) for word in words],
        "carried": [word.end_char <= pair.carried for word in words],
        "after_carried": [0 < pair.carried < word.end_char for word in words],
    }
    return {
        "name": in_name,
        "date": in_date,
        "asks": within(asking),
        "date_replaced": in_date * dated,
        "name_replaced": in_name * named,
        "name_pointed_at": in_name * points,
        "beside_name": beside_name,
        "beside_name_pointed_at": beside_name * points,
        "beside_name_asked_anew": beside_name * asks_anew,
        "asked_anew": (1 - in_name) * asks_anew,
        "cosine": vectors @ pair.vectors[0],
        "nearest": (vectors @ pair.asked.T).max(axis=1, initial=-1.0),
        **{name: np.array(values, dtype=np.float32) for name, values in columns.items()},
    }, vectors


def words_of(text: str, spans: I32) -> Iterator[Span]:
    """Words between spaces and marks; of a run of Han characters, the encoder's tokens."""
    for found in _WORD.finditer(text):
        cuts = {found.start(), found.end()}
        if found["han"]:
            cuts |= {int(cut) for cut in spans.ravel() if found.start() < cut < found.end()}
        ordered = sorted(cuts)
        for start, end in pairwise(ordered):
            yield Span(start_char=start, end_char=end)


def _mean_vector(pair: Pair, word: Span) -> F32:
    own = (pair.spans[:, 0] < word.end_char) & (pair.spans[:, 1] > word.start_char)
    return pair.tokens[own].mean(axis=0) if own.any() else np.zeros(pair.tokens.shape[1], dtype=np.float32)


def _names(text: str) -> Iterator[Span]:
    for surface, _ in name_mentions(text):
        start = text.casefold().find(surface)
        if start >= 0:
            yield Span(start_char=start, end_char=start + len(surface))


def _joined(pair: Pair, words: Sequence[Span]) -> str:
    """The words, a space between those that do not touch, and the question; the question alone if that is too long."""
    text = ""
    for word, last in zip(words, [None, *words], strict=False):
        text += " " * (last is not None and last.end_char < word.start_char) + word.of(pair.before)
    completed = f"{text} {pair.question}".strip()
    return completed if len(completed) <= MAX_QUESTION_CHARS else pair.question
