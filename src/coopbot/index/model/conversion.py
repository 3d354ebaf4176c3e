"""Converts a torch module to the fastest network with nearly the same output: int8, bf16 or f32 in OpenVINO, else torch."""

from __future__ import annotations

import importlib.util
import os
import threading
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
"""Called before each step with its description."""

NETWORK_FILE = "model.xml"


class Network(Protocol):
    """A network that can run. Safe to call from several threads."""

    def __call__(self, *inputs: I64) -> tuple[F32, ...]:
        """All outputs for (texts, tokens) ids, mask and, if the model has them, types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """How a model runs. fidelity: mean cosine to the float model. has_words: its word embeddings are stored beside it."""

    engine: str = "torch"
    precision: Precision = "f32"
    fidelity: float = 1.0
    has_words: bool = False


def convert(
    module: torch.nn.Module,
    reference: Network,
    samples: Sequence[Sequence[I64]],
    out: Path,
    *,
    min_fidelity: float,
    judged: Callable[[tuple[F32, ...]], F32],
    on_step: Step,
) -> Converted:
    """Write the network to `out`. judged: takes a sample's outputs to the vector that is compared with the float model's."""
    if importlib.util.find_spec("openvino") is None:
        return Converted()
    from coopbot.index.model import openvino_engine

    on_step("converting to OpenVINO")
    # Fidelity is measured on every fourth sample, and activation ranges on the others.
    held = samples[::4]
    expected = [judged(reference(*sample)) for sample in held]
    model, table = openvino_engine.convert(module, samples[0])
    if table is not None:
        save_words(out, table)
    words = WordEmbeddings.load(out) if table is not None else None
    for precision in openvino_engine.fast_precisions():
        if precision == "int8" and importlib.util.find_spec("nncf") is None:
            continue
        on_step(f"trying {precision} against the float model")
        ranged: list[list[I64 | F32]] = [[*s, *([words(s[0])] if words else [])] for i, s in enumerate(samples) if i % 4]
        openvino_engine.save(openvino_engine.quantise(model, ranged) if precision == "int8" else model, out / NETWORK_FILE)
        network = openvino_engine.OpenVinoNetwork(
            out / NETWORK_FILE, precision=precision, threads=os.cpu_count() or 1, words=words
        )
        cosines = []
        for sample, exact in zip(held, expected, strict=True):
            found = judged(network(*sample))
            lengths = float(np.linalg.norm(found) * np.linalg.norm(exact))
            cosines.append(float((found * exact).sum()) / max(lengths, 1e-12))
        fidelity = float(np.mean(cosines))
        if fidelity >= min_fidelity:
            return Converted(engine="openvino", precision=precision, fidelity=round(fidelity, 6), has_words=words is not None)
    return Converted()


class OpenedOnUse:
    """A network that is opened when it is first called: answering questions does without the one that embeds passages."""

    def __init__(self, opening: Callable[[], Network]) -> None:
        self._opening = opening
        self._lock = threading.Lock()
        self._network: Network | None = None

    def __call__(self, *inputs: I64) -> tuple[F32, ...]:
        """See `Network`. Raises ModelUnavailable."""
        with self._lock:
            if self._network is None:
                self._network = self._opening()
        return self._network(*inputs)


def open_network(
    folder: Path, how: Converted, module: Callable[[], torch.nn.Module], *, words_in: Path, threads: int, apart: bool = False
) -> Network:
    """The network of a prepared model in a folder. module: makes what torch runs where OpenVINO does not. words_in: the folder
    of its word embeddings. apart: run the texts of a batch side by side, see `OpenVinoNetwork`. Raises ModelUnavailable.
    """
    if how.engine == "torch":
        from coopbot.index.model import torch_engine

        return torch_engine.TorchNetwork(module())
    from coopbot.index.model import openvino_engine

    words = WordEmbeddings.load(words_in) if how.has_words else None
    return openvino_engine.OpenVinoNetwork(
        folder / NETWORK_FILE,
        precision=how.precision,
        threads=threads,
        apart=apart,
        words=words,
        cache_dir=folder / "compiled",
    )
