"""The files of XQuAD-R. Standard library only: peers of coopbot are measured in environments of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

# `Any`: JSON.
Json = dict[str, Any]


def read_paragraphs(folder: Path, language: str) -> list[tuple[int, Json]]:
    """All paragraphs in a language, each with the number of its article. The same place in the list is the same paragraph in
    every language. Raises OSError, ValueError or KeyError.
    """
    articles = json.loads((folder / f"{language}.json").read_text("utf-8"))["data"]
    return [(number, paragraph) for number, article in enumerate(articles) for paragraph in article["paragraphs"]]


def paragraph_id(language: str, number: int) -> str:
    """The id of a paragraph in an index, such as `zh/017`."""
    return f"{language}/{number:03d}"
