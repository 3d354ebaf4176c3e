"""OpenVINO: converts a torch module, quantises it to int8 with NNCF, saves it and runs it."""

from __future__ import annotations

import contextlib
import io
import logging
import queue
import sys
import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from coopbot.errors import ModelUnavailable
from coopbot.index.model.word_embeddings import WordEmbeddings
from coopbot.index.types import F32, I64

if TYPE_CHECKING:
    import openvino as ov
    import torch

# OpenVINO and NNCF report their use over the network through this module; None in its place makes its import fail.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

Precision = Literal["int8", "bf16", "f32"]

_FIRST = threading.Lock()

# How many texts that are read apart run side by side, each on its share of the threads. Two cores read 85 passages a second so,
# and 60 where both work on one after another; an answer reads four at a time.
_STREAMS = 4
# The widths of texts that are read apart are rounded up to a multiple of this, since the network keeps memory for each width.
_WIDTH_STEP = 32

# A table with at least this many rows has words, not positions or types.
_MIN_WORDS = 10_000


def fast_precisions() -> list[Precision]:
    """The precisions that this processor supports, fastest first; always ends with f32."""
    import openvino as ov

    able = set(ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))
    flags: tuple[tuple[Precision, str], ...] = (("int8", "INT8"), ("bf16", "BF16"))
    return [*(name for name, flag in flags if flag in able), "f32"]


def convert(module: torch.nn.Module, sample: Sequence[I64]) -> tuple[ov.Model, F32 | None]:
    """A torch module of token ids as (an OpenVINO model with dynamic shapes, the word embeddings removed from it).

    The model then takes (texts, tokens, dim) word vectors as its last input. None: it has no table of word embeddings.
    """
    import openvino as ov
    import torch
    from openvino import opset13

    example = tuple(torch.from_numpy(part) for part in sample)
    names = ("input_ids", "attention_mask", "token_type_ids")
    shapes = [(name, [-1, -1]) for name in names[: len(sample)]]
    with warnings.catch_warnings():  # tracing warns of branches on shapes, which dynamic shapes make harmless
        warnings.simplefilter("ignore")
        model = ov.convert_model(module, example_input=example, input=shapes)
    for node in model.get_ordered_ops():
        if node.get_type_name() != "Gather":
            continue
        table, shape = node.input_value(0).get_node(), node.input_value(0).get_partial_shape()
        if table.get_type_name() == "Constant" and len(shape) == 2 and shape[0].get_length() >= _MIN_WORDS:
            words: F32 = np.array(table.data, dtype=np.float32)
            vectors = opset13.parameter([-1, -1, words.shape[1]], np.float32, name="word_vectors")
            vectors.output(0).get_tensor().set_names({"word_vectors"})
            node.output(0).replace(vectors.output(0))
            model.add_parameters([vectors])
            model.validate_nodes_and_infer_types()
            return model, words
    return model, None


def quantise(model: ov.Model, samples: Sequence[Sequence[I64 | F32]]) -> ov.Model:
    """The model in int8, with activation ranges measured on `samples` of all its inputs."""
    import nncf

    nncf.set_log_level(logging.ERROR)
    names = [port.get_any_name() for port in model.inputs]
    data = nncf.Dataset([dict(zip(names, sample, strict=True)) for sample in samples])
    # PERFORMANCE: symmetric activations, 5 % faster here than the mixed preset at the same fidelity.
    with contextlib.redirect_stdout(io.StringIO()):  # NNCF prints progress bars
        return nncf.quantize(
            model,
            data,
            preset=nncf.QuantizationPreset.PERFORMANCE,
            model_type=nncf.ModelType.TRANSFORMER,
            subset_size=len(samples),
        )


def save(model: ov.Model, path: Path) -> None:
    """Write `path` (.xml) and its weights beside it."""
    import openvino as ov

    ov.save_model(model, path, compress_to_fp16=False)


class OpenVinoNetwork:
    """Runs a saved model. Each text, or batch of texts, takes a request from a pool, so that threads do not share buffers."""

    def __init__(
        self,
        path: Path,
        *,
        precision: Precision,
        threads: int,
        apart: bool = False,
        words: WordEmbeddings | None = None,
        cache_dir: Path | None = None,
    ) -> None:
        """apart: run the texts of a batch side by side, each as wide as it is; all outputs must then be by token. words: the
        word embeddings, if the model was saved without them. Raises ModelUnavailable.
        """
        import openvino as ov

        core = ov.Core()
        # Operations that int8 leaves in floating point run in f32: in bf16 rankings would differ between kinds of processor.
        options: dict[str, object] = {
            "NUM_STREAMS": min(threads, _STREAMS) if apart else 1,
            "INFERENCE_NUM_THREADS": threads,
            # Every process would pin its threads to the same first cores, however idle the others are.
            "ENABLE_CPU_PINNING": False,
            "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
        }
        if cache_dir is not None:
            options["CACHE_DIR"] = str(cache_dir)
        try:
            self._compiled = core.compile_model(str(path), "CPU", options)
        except RuntimeError as exc:
            raise ModelUnavailable(f"the prepared model {path} cannot be read; run: coopbot prepare --force") from exc
        self._apart = apart
        self._words = words
        self._idle: queue.SimpleQueue[ov.InferRequest] = queue.SimpleQueue()
        # One inference under a lock: concurrent first ones can deadlock on what the bindings set up and on the GIL.
        ids = np.ones((1, 8), dtype=np.int64)
        with _FIRST:
            self(*[ids] * (len(self._compiled.inputs) - (self._words is not None)))

    def __call__(self, *inputs: I64) -> tuple[F32, ...]:
        """All outputs for (texts, tokens) ids, mask and, if the model has them, types."""
        if not self._apart:
            return self._run([inputs])[0]
        lengths = [int(length) for length in inputs[1].sum(axis=1)]
        outputs: list[F32] = []
        # Those that take longest begin first.
        rows = sorted(range(len(lengths)), key=lambda row: -lengths[row])
        texts = []
        for row in rows:
            padding = -lengths[row] % _WIDTH_STEP
            texts.append([np.pad(one[row : row + 1, : lengths[row]], ((0, 0), (0, padding))) for one in inputs])
        for row, found in zip(rows, self._run(texts), strict=True):
            outputs = outputs or [np.zeros((*inputs[0].shape, one.shape[2]), dtype=np.float32) for one in found]
            for output, one in zip(outputs, found, strict=True):
                output[row, : lengths[row]] = one[0, : lengths[row]]
        return tuple(outputs)

    def _run(self, batches: Sequence[Sequence[I64]]) -> list[tuple[F32, ...]]:
        """All outputs for each of several batches, which run side by side on as many streams as there are."""
        taken: list[tuple[ov.InferRequest, list[I64 | F32]]] = []
        try:
            for batch in batches:
                try:
                    request = self._idle.get_nowait()
                except queue.Empty:
                    request = self._compiled.create_infer_request()
                # Inputs are shared with the request: they must live until it is done.
                taken.append((request, [*batch, *([self._words(batch[0])] if self._words else [])]))
                request.start_async(taken[-1][1], share_inputs=True)
            for request, _ in taken:
                request.wait()
            places = range(len(self._compiled.outputs))
            return [
                tuple(np.array(request.get_output_tensor(place).data, dtype=np.float32) for place in places)
                for request, _ in taken
            ]
        finally:
            for request, _ in taken:
                request.wait()
                self._idle.put(request)
