"""The reader's network in training: the frozen encoder, low-rank updates of its layers, and a head for start and end."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import nn
from transformers import AutoModel, AutoTokenizer, PreTrainedTokenizerFast

# Scale of an update, divided by the square root of its rank.
SCALE = 8.0

# Texts that run together.
_ROWS = 8

# The layers of a transformer block that get an update: attention in, attention out, feed-forward in and out.
UPDATED = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)


class LowRank(nn.Module):
    """A frozen linear layer plus `scale * up @ down`."""

    def __init__(self, base: nn.Linear, rank: int) -> None:
        super().__init__()
        self.base = base
        self.down = nn.Parameter(torch.randn(rank, base.in_features) / math.sqrt(base.in_features))
        self.up = nn.Parameter(torch.zeros(base.out_features, rank))
        self.scale = SCALE / math.sqrt(rank)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        narrow = nn.functional.linear(states, self.down.to(states.dtype))
        update: torch.Tensor = nn.functional.linear(narrow, self.up.to(states.dtype) * self.scale)
        updated: torch.Tensor = self.base(states) + update
        return updated


class ReaderNetwork(nn.Module):
    """(input_ids, attention_mask) -> logits (texts, tokens, 2): start and end. Position 0 stands for "does not answer"."""

    def __init__(self, source: str, rank: int) -> None:
        super().__init__()
        # Without dropout: random numbers take a quarter of the time, and no example is seen more than a few times.
        self.encoder = AutoModel.from_pretrained(
            source,
            attn_implementation="eager",
            add_pooling_layer=False,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
        self.encoder.requires_grad_(False)
        for layer in self.encoder.encoder.layer:
            for name in UPDATED:
                parent_name, _, child = name.rpartition(".")
                parent = layer.get_submodule(parent_name)
                setattr(parent, child, LowRank(getattr(parent, child), rank))
        self.encoder.to(torch.bfloat16)
        for module in self.encoder.modules():
            if isinstance(module, LowRank):
                module.down.data, module.up.data = module.down.data.float(), module.up.data.float()
        self.head = nn.Linear(self.encoder.config.hidden_size, 2)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        logits: torch.Tensor = self.head(states.float())
        return logits

    def by_length(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """The same, but texts of like length run together, each few at their own width, since padding costs as much as text."""
        lengths = attention_mask.sum(dim=1)
        order = lengths.argsort()
        parts = []
        for few in order.split(_ROWS):  # type: ignore[no-untyped-call]  # torch's own
            width = int(lengths[few[-1]])
            logits = self(input_ids[few, :width], attention_mask[few, :width])
            parts.append(nn.functional.pad(logits, (0, 0, 0, input_ids.shape[1] - width)))
        return torch.cat(parts)[order.argsort()]

    def learned(self) -> dict[str, torch.Tensor]:
        """The trained parameters by name; all others are the bundled encoder's."""
        return {name: value for name, value in self.state_dict().items() if name.startswith("head.") or _is_update(name)}

    def load_learned(self, tensors: dict[str, torch.Tensor]) -> None:
        """Load parameters from `learned`. Raises RuntimeError if names do not match."""
        unexpected = self.load_state_dict(tensors, strict=False).unexpected_keys
        if unexpected:
            raise RuntimeError(f"not of this network: {unexpected[:3]}")


def _is_update(name: str) -> bool:
    return name.endswith((".down", ".up"))


def load_tokenizer(source: str | Path) -> PreTrainedTokenizerFast:
    """The encoder's own tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(source)
    assert isinstance(tokenizer, PreTrainedTokenizerFast)
    return tokenizer
