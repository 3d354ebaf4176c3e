"""The mean vector of each language, measured on texts that come with the package.

E5 encodes a text's language in its vector: two texts of one language are too near to each other, and so is a question to
passages of its own language. Subtracting each language's centre makes vectors comparable (docs/experiments.md has the numbers).
"""

from __future__ import annotations

import importlib.resources
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from coopbot.domain import LANGUAGES, Language
from coopbot.index.model.embedder import Centre, Embedder
from coopbot.index.types import F32
from coopbot.text.language import detect_language
from coopbot.text.sentences import split_sentences

_PARTS = ("passage", "sentence", "question", "question_token")


def calibration_texts() -> list[str]:
    """The fixed passages, in all three languages, that activation ranges and centres are measured on."""
    return [block.strip() for block in _package_text("calibration.txt").split("\n\n") if block.strip()]


def calibration_questions() -> list[str]:
    """Questions as people ask them, in all three languages."""
    return _package_text("calibration_questions.txt").splitlines()


def measure_centres(embedder: Embedder) -> dict[Language, Centre]:
    """The centre of each language."""
    texts, questions = _by_language(calibration_texts()), _by_language(calibration_questions())
    centres: dict[Language, Centre] = {}
    for language in LANGUAGES:
        own = texts[language]
        sentences = [text[span.start_char : span.end_char] for text in own for span in split_sentences(text)]
        asked = [embedder.embed_question(question, with_tokens=True) for question in questions[language]]
        centres[language] = Centre(
            passage=embedder.embed_passages(own).pooled.mean(axis=0),
            sentence=embedder.embed_passages(sentences).pooled.mean(axis=0),
            question=np.stack([embedded.pooled[0] for embedded in asked]).mean(axis=0),
            question_token=np.concatenate([embedded.tokens[0].vectors for embedded in asked]).mean(axis=0),
        )
    return centres


def measured_centres(source_key: str) -> tuple[F32, dict[Language, Centre]] | None:
    """(token mean, centres) of the built-in model, which come with the package because measuring them takes minutes. None if
    there are none for this key; `coopbot prepare` then measures them, and its centres.npz belongs here as centres-KEY.npz.
    """
    file = importlib.resources.files("coopbot.index.model").joinpath(f"centres-{source_key}.npz")
    return load_centres(Path(str(file))) if file.is_file() else None


def save_centres(path: Path, token_mean: F32, centres: dict[Language, Centre]) -> None:
    """Write an .npz file of plain arrays."""
    arrays = {f"{language}_{part}": getattr(centre, part) for language, centre in centres.items() for part in _PARTS}
    np.savez(path, token_mean=token_mean, **arrays)


def load_centres(path: Path) -> tuple[F32, dict[Language, Centre]]:
    """(token mean, centres) from a file of `save_centres`. Raises OSError, ValueError, KeyError."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            centres = {
                language: Centre(**{part: arrays[f"{language}_{part}"] for part in _PARTS})
                for language in LANGUAGES
                if f"{language}_passage" in arrays
            }
            return arrays["token_mean"], centres
    except (zipfile.BadZipFile, zlib.error, EOFError) as exc:
        raise ValueError(f"{path} is damaged") from exc


def _by_language(texts: Sequence[str]) -> dict[Language, list[str]]:
    return {language: [text for text in texts if detect_language(text) == language] for language in LANGUAGES}


def _package_text(name: str) -> str:
    return importlib.resources.files("coopbot.index.model").joinpath(name).read_text(encoding="utf-8")
