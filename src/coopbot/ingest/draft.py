"""What a reader extracts from a source, before the corpus gives it an id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from coopbot.domain import Attribution, Language, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What a source says about its article. Unknown fields are empty or None."""

    title: str = ""
    authors: tuple[str, ...] = ()
    publisher: str = ""
    published: date | None = None
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft(Metadata):
    """An article without an id. Unknown fields are empty or None, never guessed; `language` None: detect it from the text."""

    title: str
    text: str
    language: Language | None = None
    sources: tuple[Source, ...] = ()
    also_published_by: tuple[Source, ...] = ()
    attributions: tuple[Attribution, ...] = ()
