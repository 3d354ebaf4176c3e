"""The contract of `Embedder`, kept by every implementation: int8 OpenVINO, torch, and the tests' own bag of words."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from coopbot.index.model.embedder import Embedder
from coopbot.index.model.encoder import Encoder, ModelCard, PromptTokenizer
from coopbot.index.model.prepare import ModelSource, source_folder
from coopbot.index.model.tokenizer import TOKENIZERS_FILE, HubTokenizer, Tokens
from coopbot.index.model.torch_engine import TorchNetwork, as_module, load_model
from coopbot.index.model.updates import QUESTIONS_FILE, load_updates
from coopbot.index.types import F32, I64
from tests.fakes import BagOfWords

TEXTS = ["The bridge opened in 2022.", "Мост открыли в 2022 году, грузы — 5,2 млн т.", "大桥于2022年通车。", "short", " x "]


@pytest.fixture(scope="module")
def torch_embedder(embedder: Encoder, cache_dir: Path) -> Encoder:
    """The float reference, run by sentence-transformers."""
    folder = Path(source_folder(ModelSource.of(None), cache_dir))
    tokenizer = PromptTokenizer(HubTokenizer.load(folder / TOKENIZERS_FILE), embedder.card.max_tokens)
    passages = TorchNetwork(as_module(load_model(str(folder))))
    questions = TorchNetwork(as_module(load_model(str(folder), load_updates(QUESTIONS_FILE))))
    return Encoder(embedder.card, tokenizer, passages, questions)


@pytest.fixture(
    params=[pytest.param("openvino", marks=pytest.mark.model), pytest.param("torch", marks=pytest.mark.model), "bag"]
)
def any_embedder(request: pytest.FixtureRequest) -> Embedder:
    if request.param == "bag":
        return BagOfWords()
    fixture = "embedder" if request.param == "openvino" else "torch_embedder"
    found: Embedder = request.getfixturevalue(fixture)
    return found


def test_rows_are_unit_vectors_in_the_order_given(any_embedder: Embedder) -> None:
    together = any_embedder.embed_passages(TEXTS).pooled
    assert together.shape == (len(TEXTS), any_embedder.dim)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-4)
    for row, text in enumerate(TEXTS):
        alone = any_embedder.embed_passages([text]).pooled[0]
        assert float(alone @ together[row]) > 0.99


def test_tokens_come_with_spans_inside_the_text(any_embedder: Embedder) -> None:
    embeddings = any_embedder.embed_passages(TEXTS, with_tokens=True)
    assert len(embeddings.tokens) == len(TEXTS)
    for text, tokens in zip(TEXTS, embeddings.tokens, strict=True):
        assert len(tokens.vectors) == len(tokens.spans) > 0
        assert np.allclose(np.linalg.norm(tokens.vectors, axis=1), 1, atol=1e-3)
        assert tokens.spans.min() >= 0
        assert tokens.spans.max() <= len(text)
        assert (tokens.spans[:, 0] <= tokens.spans[:, 1]).all()


def test_no_texts_give_no_vectors(any_embedder: Embedder) -> None:
    assert any_embedder.embed_passages([]).pooled.shape == (0, any_embedder.dim)


def test_a_question_finds_its_passage(any_embedder: Embedder) -> None:
    passages = any_embedder.embed_passages(["Уголь везут через порт.", "Студенты учат китайский язык."]).pooled
    question = any_embedder.embed_question("Как везут уголь?").pooled[0]
    assert (passages @ question).argmax() == 0


def test_the_fingerprint_is_stable(any_embedder: Embedder) -> None:
    assert any_embedder.fingerprint == any_embedder.fingerprint != ""


def test_threads_do_not_disturb_each_other(any_embedder: Embedder) -> None:
    expected = [any_embedder.embed_question(text).pooled for text in TEXTS]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda text: any_embedder.embed_question(text).pooled, TEXTS * 8))
    for i, vectors in enumerate(found):
        assert np.allclose(vectors, expected[i % len(TEXTS)], atol=1e-3)


def test_int8_is_close_to_the_float_model(embedder: Encoder, torch_embedder: Encoder) -> None:
    texts = TEXTS[:3] * 5
    fast = embedder.embed_passages(texts, with_tokens=True)
    reference = torch_embedder.embed_passages(texts, with_tokens=True)
    assert (fast.pooled * reference.pooled).sum(axis=1).mean() > 0.995
    for text, ours, theirs in zip(texts, fast.tokens, reference.tokens, strict=True):
        covered = [[text[start:end].strip() for start, end in tokens.spans] for tokens in (ours, theirs)]
        assert covered[0] == covered[1]
        assert (ours.vectors * theirs.vectors).sum(axis=1).mean() > 0.97


def test_int8_embeds_questions_as_the_float_model_with_their_updates(embedder: Encoder, torch_embedder: Encoder) -> None:
    for question in ("When did the bridge open?", "Какой длины мост?", "大桥多长?"):
        fast = embedder.embed_question(question, with_tokens=True)
        reference = torch_embedder.embed_question(question, with_tokens=True)
        assert float(fast.pooled[0] @ reference.pooled[0]) > 0.99
        assert (fast.tokens[0].vectors * reference.tokens[0].vectors).sum(axis=1).mean() > 0.95
        of_passages = embedder.embed_passages([embedder.card.query_prompt + question]).pooled[0]
        assert float(fast.pooled[0] @ of_passages) < 0.99


def test_text_beyond_the_models_length_is_cut_and_not_refused(embedder: Encoder) -> None:
    long = "Мост и порт. " * 500
    embeddings = embedder.embed_passages([long], with_tokens=True)
    assert len(embeddings.tokens[0].vectors) < 512 < embedder.count_tokens(long)


class Letters:
    """A tokenizer whose tokens are characters."""

    frame = (np.zeros(1, np.int64), np.zeros(1, np.int64))

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        ends = [np.arange(1, len(text) + 1, dtype=np.int32) for text in texts]
        return [Tokens(ids=end.astype(np.int64), spans=np.stack([end - 1, end], axis=1)) for end in ends]

    def pair_frame(self, question: str) -> tuple[I64, I64]:
        return self.frame


def test_many_texts_take_the_memory_of_a_batch_and_give_it_back() -> None:
    dim, batches = 64, list[int]()

    def network(*inputs: I64) -> tuple[F32, ...]:
        ids = inputs[0]
        batches.append(ids.size)
        return np.ones((len(ids), dim), np.float32), np.ones((*ids.shape, dim), np.float32)

    card = ModelCard(
        name="m",
        fingerprint="m",
        dim=dim,
        max_tokens=512,
        query_prompt="",
        passage_prompt="",
        token_mean=np.zeros(dim, np.float32),
    )
    encoder = Encoder(card, PromptTokenizer(Letters(), card.max_tokens), network)
    texts = ["a" * (100 + 3 * number) for number in range(200)]
    tracemalloc.start()
    try:
        pooled = encoder.embed_passages(texts).pooled
        held, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(batches) >= sum(len(text[:510]) for text in texts)
    assert max(batches) <= 4_096
    # The output of a batch, that of the batch before until it is replaced, and the tokens of all texts.
    assert most < 2 * 4_096 * dim * 4 + 4 * 2**20
    assert held < pooled.nbytes + 2**18
