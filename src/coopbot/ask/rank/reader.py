"""Extractive reader: finds the sentence and the words in each passage that answer a question, if any do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

import numpy as np

from coopbot.ask.weights import MeaningWeights
from coopbot.domain import Passage, Span
from coopbot.index.model.reader_model import ReadingModel
from coopbot.index.model.tokenizer import Tokens
from coopbot.index.types import F32, I32, I64
from coopbot.text.sentences import answer_words

# Tokens of the longest answer: a date, a figure with its unit, a name, a clause.
_LONGEST_ANSWER = 32
# A text longer than the window is read in pieces that overlap by this share of the window.
_OVERLAP = 0.25
# Log odds of tokens that the reader has not seen: no answer there.
_UNREAD = -30.0
# Texts and pieces that the network takes at once: other questions wait meanwhile.
_ROWS = 4
# An answer may begin and end a few tokens outside its figure: "about", "a year".
_AROUND_TOKENS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPassage:
    """The reader's output for one passage.

    For each sentence: starts, the log of the summed odds that the answer starts in it, against "this passage does not answer";
    best, the log odds of start plus those of end of its best answer span; answers, that span in the article.
    meaning, the log odds that it answers by the reader's states, see `MeaningWeights`; empty if
    a reader has none.
    For each token: tokens, (tokens, 2), its span in the article; margins, (tokens, 2), the log odds that an answer starts with
    it, and that one ends with it.
    """

    starts: F32
    best: F32
    answers: tuple[Span, ...]
    meaning: F32 = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    tokens: I32 = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int32))
    margins: F32 = field(default_factory=lambda: np.zeros((0, 2), dtype=np.float32))

    def reading_of(self, words: Span) -> float:
        """Like `best`, for an answer that covers this span of the article."""
        own = np.flatnonzero((self.tokens[:, 0] < words.end_char) & (self.tokens[:, 1] > words.start_char))
        if not len(own):
            return 2 * _UNREAD
        start = self.margins[max(0, own[0] - _AROUND_TOKENS) : own[-1] + 1, 0]
        end = self.margins[own[0] : own[-1] + 1 + _AROUND_TOKENS, 1]
        return float(start.max() + end.max())


class Reader(Protocol):
    """Safe to call from several threads."""

    @property
    def fingerprint(self) -> str:
        """Changes when the same passage would get other scores."""

    def read(self, question: str, passages: Sequence[tuple[str, Passage]]) -> list[ReadPassage]:
        """One result per (head, passage) pair; for the head see `head_of`."""


def head_of(title: str, published: date | None) -> str:
    """Date and title, which resolve "this year" and "the bridge" in a passage."""
    day = f"{published:%Y-%m-%d}. " if published else ""
    return f"{day}{title}. "


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """A part of a text that fits beside the question. first: index of its first token in the text."""

    text_index: int
    first: int
    ids: I64


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What the network says of a text. margins: (tokens, 2), start and end logits minus those of "does not answer".

    meanings: (tokens, 3), what each token adds to the meaning as the first and the last of an answer and as one of a sentence.
    base: what the text as a whole adds.
    """

    margins: F32
    meanings: F32
    base: float


class ModelReader:
    """A `Reader` that runs a neural network over all passages in one batch."""

    def __init__(self, model: ReadingModel, meaning: MeaningWeights | None = None) -> None:
        """meaning: a head on the states of this very model; without one, passages are read without a meaning."""
        self._model = model
        self._meaning = meaning

    @property
    def fingerprint(self) -> str:
        """See `Reader`."""
        return self._model.card.fingerprint

    def read(self, question: str, passages: Sequence[tuple[str, Passage]]) -> list[ReadPassage]:
        """See `Reader`."""
        if not passages:
            return []
        tokens = self._model.tokenizer.tokens([head + passage.text for head, passage in passages])
        read = self._read(question, [one.ids for one in tokens])
        return [
            _scored(passage, len(head), one, of_text, with_meaning=self._meaning is not None)
            for (head, passage), one, of_text in zip(passages, tokens, read, strict=True)
        ]

    def _read(self, question: str, texts: Sequence[I64]) -> list[_Read]:
        before, after = self._model.tokenizer.pair_frame(self._fitting(question))
        room = self._model.card.max_tokens - len(before) - len(after)
        pieces = [piece for number, ids in enumerate(texts) for piece in _pieces(number, ids, room)]
        margins = [np.full((len(ids), 2), _UNREAD, dtype=np.float32) for ids in texts]
        meanings = [np.zeros((len(ids), 3), dtype=np.float32) for ids in texts]
        bases, best = [0.0] * len(texts), [-np.inf] * len(texts)
        for piece, logits, states in self._run(before, pieces, after):
            lead, end = len(before), len(before) + len(piece.ids)
            own = slice(piece.first, piece.first + len(piece.ids))
            new = logits[lead:end] - logits[0]
            if self._meaning is not None:
                # Of a token that two pieces have, the one that makes it likelier as an answer counts.
                better = new[:, 0] > margins[piece.text_index][own, 0]
                meanings[piece.text_index][own][better] = (states[lead:end] @ self._meaning.rows[2:].T)[better]
                if len(new) and new[:, 0].max() > best[piece.text_index]:
                    best[piece.text_index] = float(new[:, 0].max())
                    of_question = states[1:lead].mean(axis=0)
                    bases[piece.text_index] = float(
                        states[0] @ self._meaning.rows[0] + of_question @ self._meaning.rows[1] + self._meaning.bias
                    )
            np.maximum(margins[piece.text_index][own], new, out=margins[piece.text_index][own])
        return [_Read(margins=margins[n], meanings=meanings[n], base=bases[n]) for n in range(len(texts))]

    def _run(self, before: I64, pieces: Sequence[_Piece], after: I64) -> Iterator[tuple[_Piece, F32, F32]]:
        """What the network makes of each piece beside the question: logits, and states where the model gives them."""
        for first in range(0, len(pieces), _ROWS):
            some = pieces[first : first + _ROWS]
            width = max(len(piece.ids) for piece in some) + len(before) + len(after)
            ids, mask = (np.zeros((len(some), width), dtype=np.int64) for _ in range(2))
            for row, piece in enumerate(some):
                whole = np.concatenate([before, piece.ids, after])
                ids[row, : len(whole)] = whole
                mask[row, : len(whole)] = 1
            logits, *states = self._model.network(ids, mask)
            yield from zip(some, logits, states[0] if states else logits, strict=True)

    def _fitting(self, question: str) -> str:
        """The question, cut to at most half of the window."""
        (tokens,) = self._model.tokenizer.tokens([question])
        most = self._model.card.max_tokens // 2
        return question if len(tokens.ids) <= most else question[: int(tokens.spans[most - 1, 1])]


def _pieces(text_index: int, ids: I64, room: int) -> list[_Piece]:
    step = max(1, int(room * (1 - _OVERLAP)))
    last = max(0, len(ids) - room)
    return [
        _Piece(text_index=text_index, first=first, ids=ids[first : first + room]) for first in [*range(0, last, step), last]
    ]


def _scored(passage: Passage, head_chars: int, tokens: Tokens, read: _Read, *, with_meaning: bool) -> ReadPassage:
    """Scores per sentence. read: of head and passage together."""
    spans = tokens.spans - head_chars + passage.start_char
    scored = [_scored_sentence(sentence, spans, read) for sentence in passage.sentences]
    return ReadPassage(
        starts=np.array([start for start, _, _, _ in scored], dtype=np.float32),
        best=np.array([best for _, best, _, _ in scored], dtype=np.float32),
        answers=tuple(_trimmed(answer, passage) for _, _, answer, _ in scored),
        meaning=np.array([meaning for *_, meaning in scored] if with_meaning else [], dtype=np.float32),
        tokens=spans,
        margins=read.margins,
    )


def _trimmed(answer: Span, passage: Passage) -> Span:
    """The span without what no answer begins or ends with."""
    return answer_words(passage.quoted(answer)).shifted(answer.start_char)


def _scored_sentence(sentence: Span, spans: I32, read: _Read) -> tuple[float, float, Span, float]:
    """Its start, its best answer with that one's score, and its meaning; see `ReadPassage`."""
    own = np.flatnonzero((spans[:, 0] < sentence.end_char) & (spans[:, 1] > sentence.start_char) & (spans[:, 1] > spans[:, 0]))
    if not len(own):
        return _UNREAD, 2 * _UNREAD, Span(start_char=sentence.start_char, end_char=sentence.end_char), read.base
    start, end = read.margins[own, 0], read.margins[own, 1]
    both = start[:, None] + end[None, :]
    places = np.arange(len(own))
    length = places[None, :] - places[:, None]
    both = np.where((length >= 0) & (length < _LONGEST_ANSWER), both, -np.inf)
    first, last = np.unravel_index(int(both.argmax()), both.shape)
    answer = Span(
        start_char=max(sentence.start_char, int(spans[own[first], 0])),
        end_char=min(sentence.end_char, int(spans[own[last], 1])),
    )
    meanings = read.meanings[own]
    meaning = read.base + float(meanings[first, 0] + meanings[last, 1] + meanings[:, 2].mean())
    return float(np.logaddexp.reduce(start)), float(both[first, last]), answer, meaning
