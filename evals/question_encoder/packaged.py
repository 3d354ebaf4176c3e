"""Writes the trained updates into the package, with their card."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from coopbot.index.model.updates import QUESTIONS_FILE
from evals.reader.lora import SCALE
from evals.reader.weights_file import MODEL_FOLDER, rank_of, write_updates

PACKAGED = MODEL_FOLDER / QUESTIONS_FILE
CARD = PACKAGED.with_name("questions_card.md")

_CARD = """\
# The built-in encoder of questions

Made by `evals/question_encoder/train.py`, with the weights; not written by hand. How it was trained, with what and under which
licences: `evals/question_encoder/README.md` of the source.

| | |
|---|---|
| task | vectors of questions near those of passages that answer, in any of three languages; passages keep the base model's |
| languages | English, Chinese, Russian |
| base | multilingual-e5-small (MIT), frozen, SHA-256 of the bundled weights `{encoder}` |
| learned | {weights:,} weights: low-rank updates of rank {rank} in all linear layers of all 12 layers |
| file | `{name}`, float16, {megabytes:.1f} MB, SHA-256 `{file}` |
| data | CMRC 2018, SQuAD 2.0, XQuAD-R even articles (CC BY-SA 4.0), DRCD (CC BY-SA 3.0), and of this project's own: invented \
news, and questions over our corpus |

Held-out questions, at the end. In the first 9: a passage that answers, by cosine, of all languages together. First, and
sentence: among the nearest 12 that do not answer and those that do.

{checks}
"""


def write_weights(learned: dict[str, torch.Tensor], checks: Sequence[str]) -> None:
    """learned: of `ReaderNetwork.learned`, whose head is not used. checks: lines for the card."""
    updates = {name: value for name, value in learned.items() if not name.startswith("head.")}
    written = write_updates(PACKAGED, updates, SCALE / rank_of(updates) ** 0.5)
    CARD.write_text(
        _CARD.format(**written, checks="\n".join(f"* {line.partition(': ')[2]}" for line in checks)), encoding="utf-8"
    )
    print(f"wrote {PACKAGED} and {CARD}")
