"""Measures a reader on held-out questions: whether the right words score highest, and whether it knows when none answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from sklearn.metrics import roc_auc_score

from evals.reader.encode import CodedText, to_batch
from evals.reader.examples import Example
from evals.reader.lora import ReaderNetwork

_TEXTS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """first: share of answerable questions whose best start is right. area: ROC of the best margin, answerable against not."""

    first: float
    area: float
    by_source: dict[str, tuple[float, int]]

    @property
    def score(self) -> float:
        """The figure by which the best checkpoint is chosen."""
        return (self.first + self.area) / 2

    def __str__(self) -> str:
        sources = " ".join(f"{name} {right:.2f}/{count}" for name, (right, count) in sorted(self.by_source.items()))
        return f"first {self.first:.3f} area {self.area:.3f} [{sources}]"


@torch.no_grad()
def check(network: ReaderNetwork, coded: Sequence[tuple[Example, list[CodedText]]]) -> Found:
    """Ask every question of all its texts, and of only those that do not answer it."""
    network.eval()
    right: list[tuple[str, bool]] = []
    answerable: list[bool] = []
    margins: list[float] = []
    for batch in _batches(coded):
        tensors = to_batch(batch)
        logits = network(tensors.input_ids, tensors.attention_mask)
        scores = (logits[..., 0] - logits[:, :1, 0]).masked_fill(~tensors.readable, -1e4)
        for number, (example, _) in enumerate(batch):
            own = tensors.group == number
            starts, good = scores[own], tensors.start[own]
            answerable.append(bool(good.any()))
            margins.append(float(starts.logsumexp(dim=1).max()))
            if answerable[-1]:
                right.append((_family(example.source), bool(good.flatten()[starts.flatten().argmax()])))
                wrong = starts[~good.any(dim=1)]
                if len(wrong):
                    answerable.append(False)
                    margins.append(float(wrong.logsumexp(dim=1).max()))
    network.train()
    by_source: dict[str, list[bool]] = {}
    for source, one in right:
        by_source.setdefault(source, []).append(one)
    return Found(
        first=sum(one for _, one in right) / max(1, len(right)),
        area=float(roc_auc_score(answerable, margins)),
        by_source={source: (sum(several) / len(several), len(several)) for source, several in by_source.items()},
    )


def _family(source: str) -> str:
    parts = source.split("-")
    if parts[0] == "xquad":
        return "xquad-same" if parts[1] == parts[2] else "xquad-across"
    return "-".join(parts[:2])


def _batches(coded: Sequence[tuple[Example, list[CodedText]]]) -> list[list[tuple[Example, list[CodedText]]]]:
    ordered = sorted(coded, key=lambda one: max(len(text.ids) for text in one[1]))
    batches: list[list[tuple[Example, list[CodedText]]]] = [[]]
    for one in ordered:
        if sum(len(texts) for _, texts in batches[-1]) + len(one[1]) > _TEXTS:
            batches.append([])
        batches[-1].append(one)
    return [batch for batch in batches if batch]
