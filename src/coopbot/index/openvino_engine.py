"""OpenVINO: how the model *runs*. Converts a torch module, quantises it to int8 with NNCF, and runs what was written."""

from __future__ import annotations

import contextlib
import io
import logging
import queue
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from coopbot.errors import ModelUnavailable
from coopbot.index.embedder import F32
from coopbot.index.encoder import I64

if TYPE_CHECKING:
    import openvino as ov
    import torch

Precision = Literal["int8", "bf16", "f32"]


def _without_telemetry() -> None:
    """OpenVINO and NNCF report their use over the network when imported; without this module they cannot."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None is how Python marks "not to be had"


def fast_precisions() -> list[Precision]:
    """What this processor runs well, fastest first; always ends with f32."""
    _without_telemetry()
    import openvino as ov

    able = _capabilities(ov.Core())
    flags: tuple[tuple[Precision, str], ...] = (("int8", "INT8"), ("bf16", "BF16"))
    return [*(name for name, flag in flags if flag in able), "f32"]


def _capabilities(core: ov.Core) -> set[str]:
    return set(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"))


def convert(module: torch.nn.Module, sample: tuple[I64, I64]) -> ov.Model:
    """A torch module (input_ids, attention_mask) -> (pooled, states) as an OpenVINO model with dynamic shapes."""
    _without_telemetry()
    import openvino as ov
    import torch

    example = tuple(torch.from_numpy(part) for part in sample)
    shapes = [("input_ids", [-1, -1]), ("attention_mask", [-1, -1])]
    with warnings.catch_warnings():  # tracing warns of branches on shapes, which the dynamic shapes make right
        warnings.simplefilter("ignore")
        return ov.convert_model(module, example_input=example, input=shapes)


def quantise(model: ov.Model, samples: Sequence[tuple[I64, I64]]) -> ov.Model:
    """The model in int8, its activation ranges taken from `samples`."""
    _without_telemetry()
    import nncf

    nncf.set_log_level(logging.ERROR)
    data = nncf.Dataset([{"input_ids": ids, "attention_mask": mask} for ids, mask in samples])
    # PERFORMANCE: symmetric activations, 5 % faster here than the mixed preset at the same fidelity.
    with contextlib.redirect_stdout(io.StringIO()):  # NNCF draws progress bars of its own
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


class OpenVinoForward:
    """Runs a saved model. Requests are pooled: each call has one to itself, so threads do not share buffers."""

    def __init__(self, path: Path, *, precision: Precision, threads: int, cache_dir: Path | None = None) -> None:
        _without_telemetry()
        import openvino as ov

        core = ov.Core()
        # What int8 leaves in floating point runs in bf16 where the processor has it.
        in_bf16 = precision != "f32" and "BF16" in _capabilities(core)
        options: dict[str, object] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": "bf16" if in_bf16 else "f32",
        }
        if cache_dir is not None:
            options["CACHE_DIR"] = str(cache_dir)
        try:
            self._compiled = core.compile_model(str(path), "CPU", options)
        except RuntimeError as exc:
            raise ModelUnavailable(f"the prepared model {path} cannot be read; run: coopbot prepare --force") from exc
        self._idle: queue.SimpleQueue[ov.InferRequest] = queue.SimpleQueue()

    def __call__(self, input_ids: I64, attention_mask: I64) -> tuple[F32, F32]:
        """See `Forward`."""
        try:
            request = self._idle.get_nowait()
        except queue.Empty:
            request = self._compiled.create_infer_request()
        try:
            request.infer([input_ids, attention_mask], share_inputs=True)
            pooled = np.array(request.get_output_tensor(0).data, dtype=np.float32)
            states = np.array(request.get_output_tensor(1).data, dtype=np.float32)
        finally:
            self._idle.put(request)
        return pooled, states
