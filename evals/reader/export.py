"""Puts a trained reader into the package: `python evals/reader/export.py runs/reader/domain.pt`."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from lora import SCALE
from safetensors.torch import save_file

from coopbot.index.prepare import ModelSource
from coopbot.index.reader_model import WEIGHTS_FILE, encoder_hash

TARGET = Path(__file__).parents[2] / "src" / "coopbot" / "index" / WEIGHTS_FILE


def main() -> None:
    learned = torch.load(sys.argv[1])
    rank = next(value.shape[1] for name, value in learned.items() if name.endswith(".up"))
    tensors = {name: value.half().contiguous() for name, value in sorted(learned.items())}
    metadata = {"encoder": encoder_hash(ModelSource.of(None)), "scale": repr(SCALE / rank**0.5), "rank": str(rank)}
    save_file(tensors, TARGET, metadata=metadata)
    print(f"{TARGET}: {TARGET.stat().st_size / 1e6:.1f} MB, {sum(value.numel() for value in tensors.values())} weights")


if __name__ == "__main__":
    main()
