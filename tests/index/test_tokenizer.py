"""Texts to tokens: the built-in model's by SentencePiece, any other model's by `tokenizers`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from coopbot.errors import ModelUnavailable
from coopbot.index.model.centres import calibration_questions, calibration_texts
from coopbot.index.model.prepare import ModelSource, source_folder
from coopbot.index.model.tokenizer import (
    SENTENCEPIECE_FILE,
    TOKENIZERS_FILE,
    HubTokenizer,
    SentencePieceTokenizer,
    load_tokenizer,
)

ODD = [
    "5,2 %～10 %",
    "№ 5 ﬁn ①",
    "tabs\tand  spaces",
    " led by a space",
    "Ёлка, “цитата” — т. е.",
    "黑龍江（黑河）１２３",
    "🚂 едет по мосту 🌉 в 2022 году",
    "line\nbreak",
    "",
]


# The token of a space that no word is joined to; `tokenizers` gives the one before the text the first character of it.
_SPACE = 6

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def unpacked(cache_dir: Path) -> Path:
    folder = Path(source_folder(ModelSource.of(None), cache_dir))
    if not (folder / SENTENCEPIECE_FILE).is_file():
        pytest.skip("on this platform the model does not come with the package")
    return folder


@pytest.fixture(scope="module")
def pieces(unpacked: Path) -> SentencePieceTokenizer:
    return SentencePieceTokenizer.load(unpacked / SENTENCEPIECE_FILE)


@pytest.fixture(scope="module")
def hub(unpacked: Path) -> HubTokenizer:
    return HubTokenizer.load(unpacked / TOKENIZERS_FILE)


def test_both_libraries_make_the_same_tokens(pieces: SentencePieceTokenizer, hub: HubTokenizer) -> None:
    texts = [*calibration_texts(), *calibration_questions(), *ODD]
    for text, ours, theirs in zip(texts, pieces.tokens(texts), hub.tokens(texts), strict=True):
        assert ours.ids.tolist() == theirs.ids.tolist(), text[:40]
        for token, own, other in zip(ours.ids, ours.spans.tolist(), theirs.spans.tolist(), strict=True):
            if not text[slice(*own)].strip():
                assert token == _SPACE, text[:40]
            else:
                # They differ in which token has the white space before a word.
                assert _trimmed(text, own) == _trimmed(text, other), text[:40]


def _trimmed(text: str, span: list[int]) -> tuple[int, int]:
    """A span without the white space in it."""
    covered = text[slice(*span)]
    return span[0] + len(covered) - len(covered.lstrip()), span[1] - len(covered) + len(covered.rstrip())


def test_spans_are_in_order_and_cover_the_text(pieces: SentencePieceTokenizer) -> None:
    for text in calibration_texts():
        (tokens,) = pieces.tokens([text])
        starts, ends = tokens.spans.T
        assert (starts[1:] >= ends[:-1]).all()
        assert (starts <= ends).all()
        assert ends[-1] <= len(text)
        covered = "".join(text[start:end] for start, end in tokens.spans)
        assert covered.split() == text.split()


def test_both_libraries_add_the_same_special_tokens(pieces: SentencePieceTokenizer, hub: HubTokenizer) -> None:
    assert [part.tolist() for part in pieces.frame] == [part.tolist() for part in hub.frame] == [[0], [2]]
    for question in ("Когда открыли мост?", "大桥何时通车？", "When?"):
        (before, after), theirs = pieces.pair_frame(question), hub.pair_frame(question)
        assert before.tolist() == theirs[0].tolist()
        assert before[[0, -2, -1]].tolist() == [0, 2, 2]
        assert after.tolist() == theirs[1].tolist() == [2]


def test_the_pair_frame_follows_the_models_template() -> None:
    words = {word: number for number, word in enumerate(["[UNK]", "[CLS]", "[SEP]", "who", "built", "it", "a"])}
    bert = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    bert.pre_tokenizer = pre_tokenizers.Whitespace()
    bert.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    bert.enable_truncation(4)
    bert.enable_padding(length=10)
    tokenizer = HubTokenizer(bert)
    assert [part.tolist() for part in tokenizer.frame] == [[1], [2]]
    assert [part.tolist() for part in tokenizer.pair_frame("who built it")] == [[1, 3, 4, 5, 2], [2]]
    (tokens,) = tokenizer.tokens(["a who built it it it it it"])
    assert tokens.ids.tolist() == [6, 3, 4, 5, 5, 5, 5, 5]
    assert tokens.spans[1].tolist() == [2, 5]


@pytest.mark.parametrize("name", [SENTENCEPIECE_FILE, TOKENIZERS_FILE])
@pytest.mark.parametrize("content", [None, b"", b"\x00 no tokenizer"])
def test_a_missing_or_damaged_file_says_how_to_fix_it(tmp_path: Path, name: str, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelUnavailable, match="coopbot prepare --force"):
        load_tokenizer(tmp_path)


def test_a_truncated_sentencepiece_file_is_refused(tmp_path: Path, unpacked: Path) -> None:
    whole = (unpacked / SENTENCEPIECE_FILE).read_bytes()
    (tmp_path / SENTENCEPIECE_FILE).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelUnavailable, match="coopbot prepare --force"):
        load_tokenizer(tmp_path)


def test_threads_do_not_disturb_each_other(pieces: SentencePieceTokenizer) -> None:
    from concurrent.futures import ThreadPoolExecutor

    texts = calibration_texts()[:8]
    expected = [tokens.ids for tokens in pieces.tokens(texts)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: pieces.tokens([text])[0].ids, texts * 8))
    assert all(np.array_equal(ids, expected[number % len(texts)]) for number, ids in enumerate(found))
