"""Puts a trained reader into the package, with its card: `python -m evals.reader.export runs/reader/disputed.pt`.

Of several checkpoints, which other seeds gave, the average is taken, with updates of rank `RANK` at most:
`python -m evals.reader.export runs/reader/disputed.pt runs/reader/disputed-8.pt`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from evals.reader.lora import SCALE
from evals.reader.train import PACKAGED, SEED, STAGES
from evals.reader.weights_file import rank_of, write_updates

CARD = PACKAGED.with_name("reader_card.md")
RANK = 64

_CARD = """\
# The built-in reader

Made by `evals/reader/export.py`, with the weights; not written by hand. How it was trained, with what and under which
licences: `evals/reader/README.md` of the source. What it does for answers: the scoreboard.

| | |
|---|---|
| task | the start and end of the answer in a passage, or none (position 0) |
| languages | English, Chinese, Russian, the question's and the passage's each |
| base | multilingual-e5-small (MIT), frozen, SHA-256 of the bundled weights `{encoder}` |
| learned | {weights:,} weights: low-rank updates of rank {rank} in all linear layers of all 12 layers, and a head |
| file | `{name}`, float16, {megabytes:.1f} MB, SHA-256 `{file}` |
| data | CMRC 2018, SQuAD 2.0, XQuAD-R even articles, NTREX-128 (CC BY-SA 4.0), DRCD (CC BY-SA 3.0), and of this project's \
own: invented news, and questions over our corpus |
| stages | {stages} |
| average of | {seed} |

Held-out questions, at the end of each stage. First: the best start among all passages of a question is exactly right. Area: how
often passages that answer get a higher score than passages that do not.

{checks}
"""


def main() -> None:
    checkpoints = [Path(name) for name in sys.argv[1:]]
    several = [torch.load(checkpoint) for checkpoint in checkpoints]
    scale = SCALE / rank_of(several[0]) ** 0.5
    learned = narrowed(average(several), RANK)
    written = write_updates(PACKAGED, learned, scale)
    passed = _stages_up_to({_stage(checkpoint) for checkpoint in checkpoints})
    CARD.write_text(
        _CARD.format(
            **written,
            stages=", ".join(f"`{name}`" for name in passed),
            seed=", ".join(f"`{_stage(checkpoint)}` with seed {_seed(checkpoint)}" for checkpoint in checkpoints),
            checks="\n".join(_last_check(checkpoints[0].parent, stage) for stage in passed),
        ),
        encoding="utf-8",
    )
    print(f"wrote {PACKAGED} and {CARD}")


def average(several: Sequence[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """Low-rank updates whose product is the average of the products, and the average head."""
    count = len(several)
    averaged = {}
    for name in several[0]:
        values = [learned[name].float() for learned in several]
        if name.endswith(".up"):
            averaged[name] = torch.cat(values, dim=1) / count
        elif name.endswith(".down"):
            averaged[name] = torch.cat(values, dim=0)
        else:
            averaged[name] = torch.stack(values).mean(dim=0)
    return averaged


def narrowed(learned: dict[str, torch.Tensor], rank: int) -> dict[str, torch.Tensor]:
    """The nearest updates of at most this rank."""
    found = dict(learned)
    for name in [name for name, value in learned.items() if name.endswith(".up") and value.shape[1] > rank]:
        down_name = f"{name.removesuffix('.up')}.down"
        up, down = learned[name], learned[down_name]
        left, values, right = torch.linalg.svd(up @ down, full_matrices=False)
        root = values[:rank].sqrt()
        found[name], found[down_name] = left[:, :rank] * root, root[:, None] * right[:rank]
    return found


def _stage(checkpoint: Path) -> str:
    return checkpoint.stem.partition("-")[0]


def _seed(checkpoint: Path) -> str:
    return checkpoint.stem.partition("-")[2] or str(SEED)


def _stages_up_to(last: set[str]) -> list[str]:
    """All stages in order until the `last` ones: each began with what those before it had given, or their average."""
    names = list(STAGES)
    return names[: 1 + max(names.index(name) for name in last)]


def _last_check(folder: Path, stage: str) -> str:
    """The card's line on a stage; the one it has already, if the stage ran elsewhere."""
    began = f"* `{stage}`: "
    log = min(folder.glob(f"{stage}*.log"), key=lambda log: len(log.name), default=None)
    if log is None:
        return next(line for line in CARD.read_text("utf-8").splitlines() if line.startswith(began))
    lines = [line for line in log.read_text("utf-8").splitlines() if line.startswith("checked at ")]
    return began + lines[-1].removeprefix("checked at ")


if __name__ == "__main__":
    main()
