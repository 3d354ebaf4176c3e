"""Examples as token ids with the positions that answer, in batches of whole questions."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from transformers import PreTrainedTokenizerFast

from evals.reader.examples import Example, Text

_MAX_QUESTION_TOKENS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedText:
    """One question with one text. readable: range of the text's own tokens. starts, ends: positions of answers, in pairs."""

    ids: list[int]
    readable: tuple[int, int]
    starts: tuple[int, ...]
    ends: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """input_ids, attention_mask: (texts, tokens). readable: (texts, tokens), true where an answer may be. start, end:
    (texts, tokens), true where one starts and ends. group: (texts,), the number of the question of each text.
    """

    input_ids: torch.Tensor
    attention_mask: torch.Tensor
    readable: torch.Tensor
    start: torch.Tensor
    end: torch.Tensor
    group: torch.Tensor
    sources: tuple[str, ...]


class Coder:
    """Question and text as the network reads them: `<s> question </s> </s> text </s>`. A text that makes more than `max_tokens`
    is cut to a window around its answer.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerFast, rng: random.Random, max_tokens: int) -> None:
        self._tokenizer = tokenizer
        self._max_tokens = max_tokens
        self._rng = rng

    def code(self, example: Example) -> list[CodedText]:
        """The question with each text of the example."""
        question = self._tokenizer(example.question, add_special_tokens=False)["input_ids"][:_MAX_QUESTION_TOKENS]
        return [self._one(question, text) for text in example.texts]

    def _one(self, question: list[int], text: Text) -> CodedText:
        coded = self._tokenizer(text.text, add_special_tokens=False, return_offsets_mapping=True)
        ids, offsets = coded["input_ids"], coded["offset_mapping"]
        places = [place for start, end in text.answers if (place := _token_span(offsets, start, end))]
        room = self._max_tokens - len(question) - 4
        first = self._window(len(ids), room, places)
        ids = ids[first : first + room]
        lead = len(question) + 3
        inside = [(a - first + lead, b - first + lead) for a, b in places if first <= a and b < first + room]
        return CodedText(
            ids=[0, *question, 2, 2, *ids, 2],
            readable=(lead, lead + len(ids)),
            starts=tuple(a for a, _ in inside),
            ends=tuple(b for _, b in inside),
        )

    def _window(self, length: int, room: int, places: list[tuple[int, int]]) -> int:
        """The first token of the window on a long text: random, but with the first answer inside."""
        if length <= room:
            return 0
        if not places:
            return self._rng.randint(0, length - room)
        start, end = places[0]
        low, high = max(0, end + 1 - room), min(start, length - room)
        return self._rng.randint(min(low, high), max(low, high))


def _token_span(offsets: Sequence[tuple[int, int]], start: int, end: int) -> tuple[int, int] | None:
    """First and last token that a character span touches."""
    touched = [i for i, (a, b) in enumerate(offsets) if b > a and a < end and b > start]
    return (touched[0], touched[-1]) if touched else None


def to_batch(examples: Sequence[tuple[Example, list[CodedText]]]) -> Batch:
    """Whole questions, padded to the longest."""
    rows = [(number, one) for number, (_, several) in enumerate(examples) for one in several]
    width = max(len(one.ids) for _, one in rows)
    ids, mask, readable, start, end = (np.zeros((len(rows), width), dtype=np.int64) for _ in range(5))
    ids[:] = 1  # the padding token
    for row, (_, one) in enumerate(rows):
        ids[row, : len(one.ids)] = one.ids
        mask[row, : len(one.ids)] = 1
        readable[row, one.readable[0] : one.readable[1]] = 1
        start[row, list(one.starts)] = 1
        end[row, list(one.ends)] = 1
    return Batch(
        input_ids=torch.from_numpy(ids),
        attention_mask=torch.from_numpy(mask),
        readable=torch.from_numpy(readable).bool(),
        start=torch.from_numpy(start).bool(),
        end=torch.from_numpy(end).bool(),
        group=torch.tensor([number for number, _ in rows]),
        sources=tuple(example.source for example, _ in examples),
    )


def in_batches(
    coded: Sequence[tuple[Example, list[CodedText]]], tokens: int, rng: random.Random
) -> list[list[tuple[Example, list[CodedText]]]]:
    """Batches of questions of similar length, with about `tokens` padded tokens each, in random order."""
    ordered = sorted(coded, key=lambda one: (max(len(text.ids) for text in one[1]), rng.random()))
    batches: list[list[tuple[Example, list[CodedText]]]] = []
    batch: list[tuple[Example, list[CodedText]]] = []
    texts = 0
    for one in ordered:
        width = max(len(text.ids) for text in one[1])
        if batch and (texts + len(one[1])) * width > tokens:
            batches.append(batch)
            batch, texts = [], 0
        batch.append(one)
        texts += len(one[1])
    if batch:
        batches.append(batch)
    rng.shuffle(batches)
    return batches
