"""The texts of the page in three languages, from texts/*.json, and the choice of the language for a browser."""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Mapping
from dataclasses import asdict

from coopbot.domain import LANGUAGES, Language
from coopbot.serve.messages import message

# Texts by name, and `suggestions`, a list.
Texts = Mapping[str, str | list[str]]

_FROM_MESSAGES = (
    "no_evidence",
    "nearest",
    "sources",
    "sources_differ",
    "undated",
    "based_on",
    "question_empty",
    "question_too_long",
    "busy",
    "unavailable",
    "went_wrong",
)


def load_texts() -> dict[Language, Texts]:
    """The page's own texts and those shared with other interfaces, in every language."""
    return {language: _texts(language) for language in LANGUAGES}


def _texts(language: Language) -> Texts:
    file = importlib.resources.files("coopbot.serve.http.page").joinpath("texts", f"{language}.json")
    shared = asdict(message(language))
    own: dict[str, str | list[str]] = json.loads(file.read_text(encoding="utf-8"))
    return own | {name: shared[name] for name in _FROM_MESSAGES}


def suggested(texts: Mapping[Language, Texts]) -> dict[Language, list[str]]:
    """The candidate questions in each language."""
    return {language: list(found["suggestions"]) for language, found in texts.items()}


def preferred_language(chosen: str | None, accepted: str) -> Language:
    """The language chosen before, or else the first known one in an Accept-Language header; English if there is none."""
    for code in (chosen or "", *_by_weight(accepted)):
        for language in LANGUAGES:
            if code.lower().partition("-")[0] == language:
                return language
    return "en"


def _by_weight(accepted: str) -> list[str]:
    """The codes of an Accept-Language header, by falling weight; an invalid weight counts as 1."""
    weighted = []
    for entry in accepted.split(",")[:20]:
        code, _, parameters = entry.partition(";")
        weight = parameters.strip().removeprefix("q=")
        weighted.append((-float(weight) if weight.replace(".", "", 1).isdigit() else -1.0, code.strip()))
    return [code for _, code in sorted(weighted, key=lambda pair: pair[0])]
