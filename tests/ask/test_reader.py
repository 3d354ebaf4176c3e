"""Reading a question and passages together: pieces, offsets, and which words answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest

from coopbot.ask.rank.reader import ModelReader, head_of
from coopbot.domain import Passage, Span
from coopbot.index.model.reader_model import ReaderCard, ReadingModel
from coopbot.index.model.tokenizer import Tokens
from coopbot.index.types import F32, I64
from coopbot.text.sentences import split_sentences

# Ids of the fake vocabulary: a token's id is its length, but for these.
_START, _END, _NUMBER = 100, 101, 102


class Words:
    """A tokenizer of words: numbers are one token id, other words their length."""

    frame = np.array([_START]), np.array([_END])

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> Tokens:
        found = list(re.finditer(r"\w+", text))
        return Tokens(
            ids=np.array([_NUMBER if word[0].isdigit() else len(word[0]) for word in found], dtype=np.int64),
            spans=np.array([word.span() for word in found], dtype=np.int32).reshape(-1, 2),
        )

    def pair_frame(self, question: str) -> tuple[I64, I64]:
        return np.concatenate([[_START], self._one(question).ids, [_END]]), np.array([_END], dtype=np.int64)


class Numbers:
    """A network that holds numbers for answers, the later in a text the better; it counts how many texts it was given, and the
    most at once.
    """

    def __init__(self) -> None:
        self.texts = self.most = 0

    def __call__(self, *inputs: I64) -> tuple[F32, ...]:
        ids = inputs[0]
        self.texts += len(ids)
        self.most = max(self.most, len(ids))
        scores = np.where(ids == _NUMBER, 2.0 + np.arange(ids.shape[1]) * 0.01, -6.0).astype(np.float32)
        return (np.stack([scores, scores], axis=-1),)


def passage(text: str, start_char: int = 0) -> Passage:
    spans = tuple(
        Span(start_char=span.start_char + start_char, end_char=span.end_char + start_char) for span in split_sentences(text)
    )
    return Passage(
        passage_id="en/a",
        article_id="en/a",
        start_char=start_char,
        end_char=start_char + len(text),
        text=text,
        heading_path=(),
        sentences=spans,
    )


def reader(network: Numbers | None = None, *, max_tokens: int = 64) -> ModelReader:
    card = ReaderCard(name="numbers", fingerprint="numbers", max_tokens=max_tokens)
    return ModelReader(ReadingModel(card=card, tokenizer=Words(), network=network or Numbers()))


def test_the_sentence_with_the_answer_scores_best_and_its_words_are_marked() -> None:
    read = passage("The bridge is old. It opened in 2022. Nobody counts.", start_char=500)
    (found,) = reader().read("when", [("", read)])
    assert int(found.starts.argmax()) == int(found.best.argmax()) == 1
    answer = found.answers[1]
    assert read.text[answer.start_char - 500 : answer.end_char - 500] == "2022"


def test_date_and_title_are_read_but_never_the_answer() -> None:
    read = passage("Nothing is known.")
    (with_date,) = reader().read("when", [(head_of("A bridge of 1999", date(2024, 3, 1)), read)])
    (without,) = reader().read("when", [("", read)])
    assert (with_date.starts == without.starts).all()
    assert all(0 <= answer.start_char < answer.end_char <= len(read.text) for answer in with_date.answers)


def test_a_text_longer_than_the_window_is_read_in_pieces_to_its_end() -> None:
    network = Numbers()
    long = " ".join(f"Word number {'a' * (number % 5 + 1)}." for number in range(60)) + " It opened in 2022."
    (found,) = reader(network, max_tokens=40).read("when did it open", [("", passage(long))])
    assert network.texts > 4
    assert network.most == 4
    assert int(found.starts.argmax()) == len(found.starts) - 1


def test_several_passages_are_read_at_once_and_do_not_depend_on_each_other() -> None:
    network = Numbers()
    one, other = passage("It opened in 2022."), passage("A very long sentence of many words without any figure at all.")
    both = reader(network).read("when", [("", one), ("", other)])
    (alone,) = reader().read("when", [("", one)])
    assert network.texts == 2
    assert both[0].best[0] == pytest.approx(alone.best[0])
    assert both[0].best[0] > both[1].best[0]


def test_a_question_as_long_as_the_window_leaves_room_for_the_text() -> None:
    network = Numbers()
    (found,) = reader(network, max_tokens=40).read("when " * 200, [("", passage("The bridge is old. It opened in 2022."))])
    assert network.texts == 1
    assert int(found.starts.argmax()) == 1


def test_nothing_to_read() -> None:
    assert reader().read("when", []) == []
