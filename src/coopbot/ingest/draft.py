"""What a reader extracts from a source, before the corpus gives it an id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from coopbot.domain import Attribution, Language, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What a source says about its article. Unknown fields are empty or None, never guessed; `language` None: detect it."""

    title: str = ""
    authors: tuple[str, ...] = ()
    publisher: str = ""
    published: date | None = None
    url: str = ""
    language: Language | None = None
    sources: tuple[Source, ...] = ()
    also_published_by: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft(Metadata):
    """An article without an id."""

    title: str
    text: str
    attributions: tuple[Attribution, ...] = ()
