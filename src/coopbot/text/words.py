"""The tables of this folder, and the word lists of `words.json`, such as stop words and abbreviations, by language."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files

from coopbot.domain import Language


def word_list(name: str, *languages: Language) -> frozenset[str]:
    """The words of a list in these languages; in all that it has if none is named."""
    lines = _load()[name]
    return frozenset(word for language in languages or lines for line in lines[language] for word in line.split())


def file_text(name: str) -> str:
    """The text of a file of this folder."""
    return files("coopbot.text").joinpath(name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _load() -> dict[str, dict[Language, list[str]]]:
    text = file_text("words.json")
    lists: dict[str, dict[Language, list[str]]] = json.loads(text)
    return lists
