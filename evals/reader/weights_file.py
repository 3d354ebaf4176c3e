"""Low-rank updates as a file of the package: the same weights give the same bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save

from coopbot.index.model.updates import encoder_hash, load_updates
from evals.reader.lora import SCALE

MODEL_FOLDER = Path(__file__).parents[2] / "src" / "coopbot" / "index" / "model"


def write_updates(path: Path, learned: Mapping[str, torch.Tensor], scale: float) -> dict[str, object]:
    """Write in float16. Returns what a card says of the file. learned: see `ReaderNetwork.learned`."""
    tensors = {name: value.half().contiguous() for name, value in sorted(learned.items())}
    rank = rank_of(learned)
    encoder = encoder_hash() or ""
    metadata = {"encoder": encoder, "scale": repr(scale), "rank": str(rank)}
    path.write_bytes(_with_sorted_header(save(tensors, metadata=metadata)))
    return {
        "encoder": encoder[:16],
        "weights": sum(value.numel() for value in tensors.values()),
        "rank": rank,
        "name": path.name,
        "megabytes": path.stat().st_size / 1e6,
        "file": hashlib.sha256(path.read_bytes()).hexdigest()[:16],
    }


def rank_of(learned: Mapping[str, torch.Tensor]) -> int:
    """The rank of updates, which all have the same."""
    return next(value.shape[1] for name, value in learned.items() if name.endswith(".up"))


def _with_sorted_header(file: bytes) -> bytes:
    """The same safetensors file with the keys of its header in order."""
    size = int.from_bytes(file[:8], "little")
    header = json.dumps(json.loads(file[8 : 8 + size]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + file[8 + size :]


def packaged_updates(name: str) -> dict[str, torch.Tensor]:
    """The weights of a file of the package, as a `ReaderNetwork` of their rank scales them. Raises ModelUnavailable."""
    updates = load_updates(name)
    found = {key: torch.from_numpy(value) for key, value in updates.tensors.items()}
    times = updates.scale * rank_of(found) ** 0.5 / SCALE
    return {key: value * times if key.endswith(".up") else value for key, value in found.items()}
