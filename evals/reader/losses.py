"""The training loss: for the right positions within a text, and for which of a question's texts hold them, if any."""

from __future__ import annotations

import torch

from evals.reader.encode import Batch

_NEVER = -1e4


def loss_of(logits: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Mean of two: each text by itself (its null is right where it does not answer), and all texts of a question together, so
    that scores of different texts compare. logits: (texts, tokens, 2).
    """
    parts = []
    for side, right in ((0, batch.start), (1, batch.end)):
        null = logits[:, 0, side]
        scores = logits[..., side].masked_fill(~batch.readable, _NEVER)
        parts += [_alone(scores, null, right), _together(scores - null[:, None], right, batch.group)]
    return torch.stack(parts).mean()


def _alone(scores: torch.Tensor, null: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Where a text has several answers, each is to be as likely as the others, so that another account is found too."""
    everything = torch.logsumexp(torch.cat([null[:, None], scores], dim=1), dim=1)
    count = right.sum(dim=1)
    mean = scores.masked_fill(~right, 0.0).sum(dim=1) / count.clamp(min=1)
    target = torch.where(count > 0, mean, null)
    return (everything - target).mean()


def _together(margins: torch.Tensor, right: torch.Tensor, group: torch.Tensor) -> torch.Tensor:
    """margins: scores minus those of their own text's null. The score of "nothing answers" is 0."""
    texts = torch.logsumexp(margins, dim=1)
    right_texts = _log_sum(margins, right)
    losses = []
    for number in range(int(group.max()) + 1):
        own = group == number
        everything = torch.logsumexp(torch.cat([texts[own], texts.new_zeros(1)]), dim=0)
        target = torch.logsumexp(right_texts[own], dim=0) if right[own].any() else texts.new_zeros(())
        losses.append(everything - target)
    return torch.stack(losses).mean()


def _log_sum(scores: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    return torch.logsumexp(scores.masked_fill(~right, 2 * _NEVER), dim=1)
