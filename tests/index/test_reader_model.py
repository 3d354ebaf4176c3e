"""The reading model: the built-in one and its weights, and any question-answering model in its place."""

from __future__ import annotations

import hashlib
import importlib.resources
import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from coopbot.ask.rank.reader import ModelReader
from coopbot.domain import Passage, Span
from coopbot.errors import ModelUnavailable
from coopbot.index.model import reader_model
from coopbot.index.model.reader_model import load_reader, pair_inputs, prepare_reader, reader_card
from coopbot.index.model.updates import QUESTIONS_FILE, READER_FILE, load_updates
from coopbot.settings import Settings
from coopbot.wiring import open_reader

pytestmark = pytest.mark.model

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz", *("##" + c for c in "abcdefgh")]


def save_tiny_reader(folder: Path, *, types: int = 2, trained: bool = True) -> Path:
    """A real question-answering model of the Hugging Face kind: two layers of random weights that read 48 tokens."""
    import torch
    from transformers import BertConfig, BertForQuestionAnswering, BertModel
    from transformers.models.bert import BertTokenizer

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=48,
        type_vocab_size=types,
        initializer_range=0.5,  # else all logits are nearly the same
    )
    (BertForQuestionAnswering if trained else BertModel)(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


@pytest.fixture
def own_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the built-in weights that the package is made to find, for a test to harm."""
    folder = tmp_path / "package"
    folder.mkdir()
    for file in importlib.resources.files("coopbot.index.model").iterdir():
        if file.name.endswith((".txt", ".json", ".safetensors")):
            (folder / file.name).write_bytes(file.read_bytes())
    monkeypatch.setattr(importlib.resources, "files", lambda _: folder)
    return folder / READER_FILE


def test_all_weights_together_are_small() -> None:
    package = importlib.resources.files("coopbot.index.model")
    assert sum(len(package.joinpath(name).read_bytes()) for name in (READER_FILE, QUESTIONS_FILE)) < 25_000_000


def test_the_card_describes_the_weights_beside_it() -> None:
    package = importlib.resources.files("coopbot.index.model")
    digest = hashlib.sha256(package.joinpath(READER_FILE).read_bytes()).hexdigest()
    assert f"`{digest[:16]}`" in package.joinpath("reader_card.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "head"), [(READER_FILE, {"head.weight", "head.bias"}), (QUESTIONS_FILE, set())])
def test_the_built_in_weights_are_complete_and_fit_the_encoder(name: str, head: set[str]) -> None:
    updates = load_updates(name)
    tensors = updates.tensors
    layers = {key.removesuffix(".up") for key in tensors if key.endswith(".up")}
    # Query, key, value, output of attention and the two feed-forward layers, in each of twelve layers.
    assert len(layers) == 12 * 6
    assert set(tensors) == {f"{layer}.{part}" for layer in layers for part in ("up", "down")} | head
    for layer in layers:
        assert tensors[f"{layer}.up"].shape[1] == tensors[f"{layer}.down"].shape[0]
        assert np.isfinite(tensors[f"{layer}.up"] @ tensors[f"{layer}.down"]).all()
    if head:
        assert tensors["head.weight"].shape == (2, 384)
    assert updates.scale > 0


def remove(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:1000])


def of_another_encoder(path: Path) -> None:
    save_file({"head.bias": np.zeros(2, np.float32)}, path, {"encoder": "0" * 64, "scale": "1"})


def without_the_encoders_hash(path: Path) -> None:
    save_file({"head.bias": np.zeros(2, np.float32)}, path, {"scale": "1"})


def without_metadata(path: Path) -> None:
    save_file({"head.bias": np.zeros(2, np.float32)}, path)


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (remove, "missing or damaged; reinstall coopbot"),
        (cut, "missing or damaged; reinstall coopbot"),
        (of_another_encoder, "another version of the encoder; install"),
        (without_the_encoders_hash, "another version of the encoder; install"),
        (without_metadata, "missing or damaged; reinstall coopbot"),
    ],
)
def test_unusable_weights_say_what_to_do(
    own_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: Callable[[Path], None], reason: str
) -> None:
    harm(own_weights)
    with pytest.raises(ModelUnavailable, match=reason) as checked:
        load_updates(READER_FILE)
    with pytest.raises(ModelUnavailable, match=reason):
        load_reader(None, tmp_path / "cache", threads=1)
    assert "COOPBOT_READER=off" in str(checked.value)
    assert not list((tmp_path / "cache").rglob("card.json"))
    assert open_reader(Settings(cache_dir=tmp_path / "cache", reader="off")) is None


@pytest.fixture(scope="module")
def few_texts() -> Iterator[None]:
    """Fewer texts to calibrate by than a real model needs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            reader_model, "calibration_texts", lambda: ["a bad cab had a cage", "a face", "bed, bad, bag", "ab ba"] * 4
        )
        patch.setattr(reader_model, "calibration_questions", lambda: ["a bad ace", "a cab"])
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_reader(tmp_path_factory.mktemp("reader") / "tiny")


@pytest.fixture(scope="module")
def cache(folder: Path, few_texts: None) -> Path:
    """A cache in which the tiny reader is prepared."""
    place = folder.parent / "cache"
    assert reader_card(str(folder), place) is None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        prepare_reader(str(folder), place)
    return place


def test_any_question_answering_folder_can_be_the_reader(folder: Path, cache: Path) -> None:
    import torch
    from transformers import BertForQuestionAnswering

    steps: list[str] = []
    reader = load_reader(str(folder), cache, threads=1, on_step=steps.append)
    assert steps == []
    assert reader_card(str(folder), cache) == reader.card
    assert (reader.card.name, reader.card.has_types, reader.card.max_tokens) == (str(folder), True, 48)
    inputs = pair_inputs(reader.tokenizer, reader.card, "a bad cab", "a bad ace had a cage")
    ids, mask, types = inputs
    question = [*_word("a"), *_word("bad"), *_word("cab")]
    text = [*_word("a"), *_word("bad"), *_word("ace"), *_word("had"), *_word("a"), *_word("cage")]
    assert ids[0].tolist() == [2, *question, 3, *text, 3]
    assert types[0].tolist() == [0] * (len(question) + 2) + [1] * (len(text) + 1)
    assert mask.all()
    model = BertForQuestionAnswering.from_pretrained(folder).train(False)
    with torch.inference_mode():
        names = ("input_ids", "attention_mask", "token_type_ids")
        found = model(**{name: torch.from_numpy(part) for name, part in zip(names, inputs, strict=True)})
    (logits,) = reader.network(*inputs)
    expected = np.stack([found.start_logits.numpy(), found.end_logits.numpy()], axis=-1)
    assert np.corrcoef(logits.ravel(), expected.ravel())[0, 1] > 0.97
    # Segments matter: without them the same tokens are read otherwise.
    (unparted,) = reader.network(ids, mask, types * 0)
    assert np.abs(unparted - logits).max() > 0.05


def _word(word: str) -> list[int]:
    return [WORDS.index(word[0]), *(WORDS.index("##" + letter) for letter in word[1:])]


def test_it_reads_texts_longer_than_its_own_window(folder: Path, cache: Path) -> None:
    reader = ModelReader(load_reader(str(folder), cache, threads=1))
    text = "a bad cab had a cage. " * 20
    sentences = tuple(Span(start_char=at, end_char=at + 21) for at in range(0, len(text), 22))
    passage = Passage(
        passage_id="en/a", article_id="en/a", start_char=0, end_char=len(text), text=text, heading_path=(), sentences=sentences
    )
    (found,) = reader.read("a bad ace", [("2024. ", passage)])
    assert len(found.best) == len(sentences)
    assert (found.best > -30).all()
    for sentence, answer in zip(sentences, found.answers, strict=True):
        assert sentence.start_char <= answer.start_char < answer.end_char <= sentence.end_char


def test_a_damaged_prepared_reader_says_how_to_fix_it(folder: Path, cache: Path) -> None:
    prepared = prepare_reader(str(folder), cache)
    card = json.loads((prepared / "card.json").read_text())
    for name in ("card.json", "tokenizer.json", *(["model.xml"] if card["engine"] == "openvino" else [])):
        whole = (prepared / name).read_bytes()
        (prepared / name).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(ModelUnavailable, match="coopbot prepare --force"):
            load_reader(str(folder), cache, threads=1)
        (prepared / name).write_bytes(whole)
    load_reader(str(folder), cache, threads=1)


def test_a_model_without_segment_ids_gets_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few_texts: None) -> None:
    monkeypatch.setattr("coopbot.index.model.conversion.importlib.util.find_spec", lambda name: None)  # torch runs it
    reader = load_reader(str(save_tiny_reader(tmp_path / "reader", types=1)), tmp_path / "cache", threads=1)
    assert (reader.card.engine, reader.card.has_types) == ("torch", False)
    inputs = pair_inputs(reader.tokenizer, reader.card, "a", "b")
    assert len(inputs) == 2
    assert reader.network(*inputs)[0].shape == (1, 5, 2)


@pytest.mark.parametrize("kind", ["nothing", "empty", "of another kind", "damaged"])
def test_models_not_trained_to_answer_questions_are_refused(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "reader"
    if kind == "empty":
        folder.mkdir()
    elif kind != "nothing":
        save_tiny_reader(folder, trained=kind == "damaged")
    if kind == "damaged":
        cut(folder / "model.safetensors")
    with pytest.raises(ModelUnavailable, match="COOPBOT_READER to the folder or hub name of a question-answering model"):
        prepare_reader(str(folder), tmp_path / "cache")
    assert not list((tmp_path / "cache").rglob("card.json"))


@pytest.mark.model
def test_the_built_in_reader_shares_the_encoders_word_embeddings(cache_dir: Path) -> None:
    reader = load_reader(None, cache_dir, threads=2)
    folder = prepare_reader(None, cache_dir)
    if reader.card.has_words:
        assert not list(folder.glob("words*"))
        assert (cache_dir / "models" / reader.card.words_of / "words.npy").is_file()
    assert (reader.card.name, reader.card.has_types) == ("coopbot-reader", False)
    assert reader.card.fidelity >= 0.98
    inputs = pair_inputs(reader.tokenizer, reader.card, "When did the bridge open?", "The bridge opened on 10 June 2022.")
    assert reader.network(*inputs)[0].shape == (1, inputs[0].shape[1], 2)
