"""Low-rank updates as a file of the package: the same weights give the same bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from lora import SCALE
from safetensors import safe_open
from safetensors.torch import save

from coopbot.index.model.updates import encoder_hash

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


def read_updates(path: Path) -> dict[str, torch.Tensor]:
    """The weights of a file of the package, as a network of their rank scales them."""
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
        found = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118  # safe_open is no mapping: it has keys(), but cannot be iterated
    times = float(metadata["scale"]) / (SCALE / int(metadata["rank"]) ** 0.5)
    return {name: value * times if name.endswith(".up") else value for name, value in found.items()}


def widened(updates: dict[str, torch.Tensor], rank: int) -> dict[str, torch.Tensor]:
    """The same updates at a higher rank, with new directions that do nothing yet."""
    times = (rank / rank_of(updates)) ** 0.5
    found = dict(updates)
    for name, value in updates.items():
        if name.endswith(".up"):
            found[name] = torch.cat([value * times, value.new_zeros(len(value), rank - value.shape[1])], dim=1)
        elif name.endswith(".down"):
            fresh = torch.randn(rank - len(value), value.shape[1]) / value.shape[1] ** 0.5
            found[name] = torch.cat([value, fresh])
    return found
