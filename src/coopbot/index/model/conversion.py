"""A torch module in, the fastest network out that stays true to it: int8, bf16 or f32 in OpenVINO, else torch itself."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from coopbot.index.model.word_embeddings import WordEmbeddings, save_words
from coopbot.index.types import F32, I64

if TYPE_CHECKING:
    import torch

    from coopbot.index.model.openvino_engine import Precision

Step = Callable[[str], None]
"""Called with what is being done, before it is."""

NETWORK_FILE = "model.xml"


class Network(Protocol):
    """Runs. Safe to call from several threads."""

    def __call__(self, *inputs: I64) -> tuple[F32, ...]:
        """All outputs for (texts, tokens) ids, mask and, where the model has them, types."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """How a model runs. fidelity: mean cosine to the float model. has_words: its word embeddings lie beside it."""

    engine: str = "torch"
    precision: str = "f32"
    fidelity: float = 1.0
    has_words: bool = False


def convert(
    module: torch.nn.Module,
    reference: Network,
    samples: Sequence[Sequence[I64]],
    out: Path,
    *,
    least_fidelity: float,
    judged: Callable[[tuple[F32, ...]], F32],
    on_step: Step,
) -> Converted:
    """Write the network to `out`. `judged` makes of a sample's outputs the vector that must stay true to the float model's."""
    if importlib.util.find_spec("openvino") is None:
        return Converted()
    from coopbot.index.model import openvino_engine

    on_step("converting to OpenVINO")
    expected = [judged(reference(*sample)) for sample in samples]
    model, table = openvino_engine.convert(module, samples[0])
    if table is not None:
        save_words(out, table)
    words = WordEmbeddings.load(out) if table is not None else None
    for precision in openvino_engine.fast_precisions():
        if precision == "int8" and importlib.util.find_spec("nncf") is None:
            continue
        on_step(f"trying {precision} against the float model")
        # Every fourth sample is left out, so that fidelity is measured on texts the ranges were not taken from as well.
        ranged: list[list[I64 | F32]] = [[*s, *([words(s[0])] if words else [])] for i, s in enumerate(samples) if i % 4]
        openvino_engine.save(openvino_engine.quantise(model, ranged) if precision == "int8" else model, out / NETWORK_FILE)
        network = open_network(out, precision, words=words, threads=os.cpu_count() or 1)
        fidelity = float(np.mean([_cosine(judged(network(*s)), e) for s, e in zip(samples, expected, strict=True)]))
        if fidelity >= least_fidelity:
            return Converted(engine="openvino", precision=precision, fidelity=round(fidelity, 6), has_words=words is not None)
    return Converted()


def open_network(
    folder: Path, precision: str, *, words: WordEmbeddings | None, threads: int, compiled: Path | None = None
) -> Network:
    """The OpenVINO network in a folder. compiled: where to keep it compiled. Raises ModelUnavailable."""
    from coopbot.index.model import openvino_engine

    known: Precision = "int8" if precision == "int8" else "bf16" if precision == "bf16" else "f32"
    return openvino_engine.OpenVinoNetwork(
        folder / NETWORK_FILE, precision=known, threads=threads, words=words, cache_dir=compiled
    )


def _cosine(one: F32, other: F32) -> float:
    return float((one * other).sum() / max(float(np.linalg.norm(one) * np.linalg.norm(other)), 1e-12))
