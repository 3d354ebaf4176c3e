"""Models in torch: loaded to prepare them and to measure fidelity, and run where OpenVINO is not available.

Answering with a prepared model does not import this file, because importing torch takes seconds.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from coopbot.errors import ModelUnavailable
from coopbot.index.model.updates import Updates
from coopbot.index.types import F32, I64

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

# E5 models were trained with these; not every one on the hub has them in its configuration.
_E5_PROMPTS = {"query": "query: ", "passage": "passage: "}


def load_model(name_or_path: str, updates: Updates | None = None) -> SentenceTransformer:
    """A sentence-transformers model by hub name or folder, with updates merged into its layers. Raises ModelUnavailable."""
    from sentence_transformers import SentenceTransformer

    # transformers warns of weights that our models do not use, and prints progress bars.
    logging.getLogger("transformers").setLevel(logging.ERROR)
    try:
        model = SentenceTransformer(name_or_path, device="cpu")
    except (OSError, ValueError, KeyError) as exc:
        raise ModelUnavailable(
            f"the model {name_or_path!r} cannot be loaded ({type(exc).__name__}); set COOPBOT_MODEL to a "
            "sentence-transformers folder or to a model on the hub, or unset it for the built-in one"
        ) from exc
    if updates:
        _merge(model.get_submodule("0.auto_model"), updates)
    return model


def prompts_of(model: SentenceTransformer, name: str) -> tuple[str, str]:
    """(query prompt, passage prompt) of a model, empty where it has none."""
    known = {key: prompt for key, prompt in model.prompts.items() if prompt}
    if not known and "e5" in name.lower():
        known = _E5_PROMPTS
    return known.get("query", ""), known.get("passage", known.get("document", ""))


def save_tokenizer(tokenizer: object, path: Path) -> None:
    """Write a fast tokenizer to `path`. Raises ModelUnavailable if it is not a fast one."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise ModelUnavailable("this model has no fast tokenizer, so no character offsets; set COOPBOT_MODEL to another")
    backend.save(str(path))


def as_module(model: SentenceTransformer) -> torch.nn.Module:
    """The model as (input_ids, attention_mask) -> (sentence embedding, token embeddings), for conversion."""
    import torch

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            features = self.model({"input_ids": input_ids, "attention_mask": attention_mask})
            return features["sentence_embedding"], features["token_embeddings"]

    return Network().eval()


def merged_reader(source: str, updates: Updates) -> torch.nn.Module:
    """The encoder in folder `source` with updates merged and a head for start and end: (ids, mask) -> (logits, states).

    updates: with `head.weight` and `head.bias`.
    """
    import torch
    from transformers import AutoModel

    encoder = AutoModel.from_pretrained(source, attn_implementation="eager").float().eval()
    _merge(encoder, updates)
    head = torch.nn.Linear(encoder.config.hidden_size, 2)
    head.weight.data = torch.from_numpy(updates.tensors["head.weight"])
    head.bias.data = torch.from_numpy(updates.tensors["head.bias"])

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder, self.head = encoder, head

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            return self.head(states), states

    return Network().eval()


def _merge(encoder: torch.nn.Module, updates: Updates) -> None:
    import torch

    for name in (name.removesuffix(".up") for name in updates.tensors if name.endswith(".up")):
        weight = encoder.get_parameter(f"{name.removeprefix('encoder.')}.weight")
        up, down = (torch.from_numpy(updates.tensors[f"{name}.{side}"]) for side in ("up", "down"))
        weight.data += updates.scale * (up @ down)


class TorchNetwork:
    """Runs a module in torch, float32."""

    def __init__(self, module: torch.nn.Module) -> None:
        self._module = module

    def __call__(self, *inputs: I64) -> tuple[F32, ...]:
        """See `conversion.Network`."""
        import torch

        with torch.inference_mode():
            outputs = self._module(*(torch.from_numpy(part) for part in inputs))
        return tuple(output.numpy().astype(np.float32) for output in outputs)
