"""The reading model and its weights."""

from __future__ import annotations

import hashlib
import importlib.resources
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from coopbot.errors import ModelUnavailable
from coopbot.index.model.reader_model import load_reader, pair_inputs, prepare_reader, reader_card
from coopbot.index.model.tokenizer import SentencePieceTokenizer
from coopbot.index.model.updates import QUESTIONS_FILE, READER_FILE, load_updates
from coopbot.settings import Settings
from coopbot.wiring import open_models, open_reader

pytestmark = pytest.mark.model


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
        load_reader(tmp_path / "cache", threads=1)
    assert "COOPBOT_READER=off" in str(checked.value)
    assert not list((tmp_path / "cache").rglob("card.json"))
    assert open_reader(Settings(cache_dir=tmp_path / "cache", reader="off")) is None


def test_a_damaged_prepared_reader_says_how_to_fix_it(cache_dir: Path, tmp_path: Path) -> None:
    ready = prepare_reader(cache_dir)
    prepared = tmp_path / "models" / ready.name
    shutil.copytree(ready, prepared)
    card = json.loads((prepared / "card.json").read_text())
    if card["words_of"]:
        (tmp_path / "models" / card["words_of"]).symlink_to(ready.parent / card["words_of"])
    for name in ("card.json", *(["model.xml"] if card["engine"] == "openvino" else [])):
        whole = (prepared / name).read_bytes()
        (prepared / name).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(ModelUnavailable, match="coopbot prepare --force"):
            load_reader(tmp_path, threads=1)
        (prepared / name).write_bytes(whole)
    assert reader_card(tmp_path) == load_reader(tmp_path, threads=1).card


def test_a_card_of_an_earlier_version_is_read(cache_dir: Path, tmp_path: Path) -> None:
    prepared = prepare_reader(cache_dir)
    folder = tmp_path / "models" / prepared.name
    shutil.copytree(prepared, folder)
    card = json.loads((prepared / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, "has_types": False}))
    assert reader_card(tmp_path) == reader_card(cache_dir)


@pytest.mark.model
def test_models_opened_together_load_their_tokenizer_once(cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[Path] = []
    load = SentencePieceTokenizer.load

    def counted(path: Path) -> SentencePieceTokenizer:
        loaded.append(path)
        return load(path)

    monkeypatch.setattr(SentencePieceTokenizer, "load", counted)
    models = open_models(Settings(cache_dir=cache_dir))
    assert models.reader is not None
    assert len(loaded) == 1


@pytest.mark.model
def test_the_built_in_reader_shares_the_encoders_word_embeddings(cache_dir: Path) -> None:
    reader = load_reader(cache_dir, threads=2)
    folder = prepare_reader(cache_dir)
    if reader.card.has_words:
        assert not list(folder.glob("words*"))
        assert (cache_dir / "models" / reader.card.words_of / "words.npy").is_file()
    assert reader.card.name == "coopbot-reader"
    assert reader.card.fidelity >= 0.98
    inputs = pair_inputs(reader.tokenizer, "When did the bridge open?", "The bridge opened on 10 June 2022.")
    assert reader.network(*inputs)[0].shape == (1, inputs[0].shape[1], 2)


def test_passages_of_different_length_are_read_together_as_each_alone(cache_dir: Path) -> None:
    network = load_reader(cache_dir, threads=2).network
    lengths = (200, 31, 130)
    ids, mask = np.zeros((3, 200), dtype=np.int64), np.zeros((3, 200), dtype=np.int64)
    for row, length in enumerate(lengths):
        ids[row, :length], mask[row, :length] = 1000 + np.arange(length) * 7, 1
    together = network(ids, mask)
    for row, length in enumerate(lengths):
        alone = network(ids[row : row + 1, :length], mask[row : row + 1, :length])
        for one, other in zip(together, alone, strict=True):
            assert one[row, :length] == pytest.approx(other[0], abs=1e-3)
