"""sentence-transformers: what the model *is*. Used to prepare one, to check fidelity, and to run where OpenVINO cannot.

Nothing here is imported when a question is answered with a prepared model: importing torch takes seconds.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from coopbot.errors import ModelUnavailable
from coopbot.index.embedder import F32
from coopbot.index.encoder import I64

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

# E5 models were trained with these; those on the hub do not all say so in their configuration.
_E5_PROMPTS = {"query": "query: ", "passage": "passage: "}


def load_model(name_or_path: str) -> SentenceTransformer:
    """A sentence-transformers model by hub name or folder. Raises ModelUnavailable."""
    from sentence_transformers import SentenceTransformer

    # It reports weights that our models do not use, and draws a bar of its own.
    logging.getLogger("transformers").setLevel(logging.ERROR)
    try:
        return SentenceTransformer(name_or_path, device="cpu")
    except (OSError, ValueError, KeyError) as exc:
        raise ModelUnavailable(
            f"the model {name_or_path!r} cannot be loaded ({type(exc).__name__}); set COOPBOT_MODEL to a "
            "sentence-transformers folder or to a model on the hub, or unset it for the one that is built in"
        ) from exc


def prompts_of(model: SentenceTransformer, name: str) -> tuple[str, str]:
    """(query prompt, passage prompt) of a model, empty where it has none."""
    known = {key: prompt for key, prompt in model.prompts.items() if prompt}
    if not known and "e5" in name.lower():
        known = _E5_PROMPTS
    return known.get("query", ""), known.get("passage", known.get("document", ""))


def save_tokenizer(model: SentenceTransformer, path: Path) -> None:
    """Write the fast tokenizer to `path`. Raises ModelUnavailable if the model has none."""
    backend = getattr(model.tokenizer, "backend_tokenizer", None)
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


class TorchForward:
    """Runs the network in torch, float32."""

    def __init__(self, model: SentenceTransformer) -> None:
        self._module = as_module(model)

    def __call__(self, input_ids: I64, attention_mask: I64) -> tuple[F32, F32]:
        """See `Forward`."""
        import torch

        with torch.inference_mode():
            pooled, states = self._module(torch.from_numpy(input_ids), torch.from_numpy(attention_mask))
        return pooled.numpy().astype(np.float32), states.numpy().astype(np.float32)
