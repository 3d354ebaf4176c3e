"""The reading model: reads a question and a text together and scores each token as the start or end of the answer.

It is the built-in encoder with low-rank updates, trained by `evals/reader/`, shipped in this package and merged during
preparation.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from coopbot.errors import ModelUnavailable
from coopbot.index.model.centres import calibration_questions, calibration_texts
from coopbot.index.model.conversion import Converted, Network, Step, convert, open_network
from coopbot.index.model.prepare import CARD_FILE, ModelSource, created_once, is_created, prepare, source_folder
from coopbot.index.model.tokenizer import SENTENCEPIECE_FILE, TOKENIZERS_FILE, TextTokenizer, load_tokenizer
from coopbot.index.model.updates import READER_FILE, file_hash, load_updates
from coopbot.index.model.word_embeddings import WordEmbeddings
from coopbot.index.types import F32, I64

if TYPE_CHECKING:
    import torch

BUILT_IN = "coopbot-reader"

# Increase when the same weights give other scores, or the network other outputs.
_RECIPE_VERSION = 2

# A faster precision is rejected if the mean cosine of its logits to those of the float model is lower.
_MIN_FIDELITY = 0.98

MAX_TOKENS = 384


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderCard(Converted):
    """The description of a prepared reader. words_of: the folder in the same place whose word embeddings it uses."""

    name: str
    fingerprint: str
    max_tokens: int
    words_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingModel:
    """A reader ready to run. network: ids and mask -> (texts, tokens, 2) logits, (texts, tokens, dim) states."""

    card: ReaderCard
    tokenizer: TextTokenizer
    network: Network


def load_reader(
    cache_dir: Path, *, threads: int, tokenizer: Callable[[], TextTokenizer] | None = None, on_step: Step = lambda _: None
) -> ReadingModel:
    """The reader. Prepares it first if it is not prepared. tokenizer: waits for that of the built-in encoder, which is
    the same; without it, the reader loads its own.

    Raises ModelUnavailable, Misconfigured.
    """
    folder = prepare_reader(cache_dir, on_step=on_step)
    card = _read_card(folder)
    words_in = folder.parent / card.words_of
    network = open_network(folder, card, lambda: _module(cache_dir), words_in=words_in, threads=threads, apart=True)
    return ReadingModel(card=card, tokenizer=tokenizer() if tokenizer else load_tokenizer(folder), network=network)


def prepare_reader(cache_dir: Path, *, force: bool = False, on_step: Step = lambda _: None) -> Path:
    """The folder of the prepared reader. Prepares it if it is missing or `force` is set, in one process at a time.

    Raises ModelUnavailable, Misconfigured.
    """
    folder = _folder(cache_dir)
    return created_once(folder, lambda out: _fill(cache_dir, out, on_step), force=force)


def reader_card(cache_dir: Path) -> ReaderCard | None:
    """The card of a prepared reader; None if it is not prepared yet. Raises ModelUnavailable if it is damaged."""
    folder = _folder(cache_dir)
    return _read_card(folder) if is_created(folder) else None


def _fill(cache_dir: Path, out: Path, on_step: Step) -> None:
    from coopbot.index.model import torch_engine

    module = _module(cache_dir, on_step)
    encoder = prepare(ModelSource.of(None), cache_dir, on_step=on_step)
    name = SENTENCEPIECE_FILE if (encoder / SENTENCEPIECE_FILE).is_file() else TOKENIZERS_FILE
    shutil.copyfile(encoder / name, out / name)
    tokenizer = load_tokenizer(out)
    texts, questions = calibration_texts(), calibration_questions()
    samples = [  # each text with two questions, most of them in its language
        pair_inputs(tokenizer, questions[(number * 7 + shift * 11) % len(questions)], text)
        for number, text in enumerate(texts)
        for shift in (0, 1)
    ]
    converted = convert(
        module,
        torch_engine.TorchNetwork(module),
        samples,
        out,
        min_fidelity=_MIN_FIDELITY,
        judged=_centred_logits,
        on_step=on_step,
    )
    card = ReaderCard(name=BUILT_IN, fingerprint=_key(), max_tokens=MAX_TOKENS, **asdict(converted))
    if converted.has_words:
        # The encoder has the same word embeddings, so they are stored, and mapped, once.
        for name in WordEmbeddings.FILES:
            (out / name).unlink()
        card = replace(card, words_of=encoder.name)
    (out / CARD_FILE).write_text(json.dumps(asdict(card), indent=1), encoding="utf-8")


def _module(cache_dir: Path, on_step: Step = lambda _: None) -> torch.nn.Module:
    from coopbot.index.model import torch_engine

    updates = load_updates(READER_FILE)
    folder = source_folder(ModelSource.of(None), cache_dir, on_step)
    return torch_engine.merged_reader(folder, updates)


def pair_inputs(tokenizer: TextTokenizer, question: str, text: str) -> list[I64]:
    """The network's inputs, each (1, tokens), for a question and a text, which is cut to `MAX_TOKENS` together with it."""
    before, after = tokenizer.pair_frame(question)
    (tokens,) = tokenizer.tokens([text])
    ids = np.concatenate([before, tokens.ids[: MAX_TOKENS - len(before) - len(after)], after])
    return [ids[None], np.ones_like(ids)[None]]


def _centred_logits(outputs: Sequence[F32]) -> F32:
    logits = outputs[0][0]
    centred: F32 = (logits - logits.mean(axis=0)).ravel()
    return centred


def _key() -> str:
    digest = hashlib.sha256(str(_RECIPE_VERSION).encode())
    digest.update(file_hash(READER_FILE).encode())
    digest.update(ModelSource.of(None).key().encode())
    return digest.hexdigest()[:12]


def _folder(cache_dir: Path) -> Path:
    return cache_dir / "models" / f"{BUILT_IN}-{_key()}"


def _read_card(folder: Path) -> ReaderCard:
    try:
        card = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
        # Earlier versions wrote more.
        return ReaderCard(**{field.name: card[field.name] for field in fields(ReaderCard)})
    except (OSError, ValueError, TypeError, KeyError) as exc:
        raise ModelUnavailable(f"the prepared reader in {folder} is damaged; run: coopbot prepare --force") from exc
