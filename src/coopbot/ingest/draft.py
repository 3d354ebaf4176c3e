"""What is read of a source, before the corpus gives it a name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from coopbot.domain import Language, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a reader recovers. Unknown is empty or None, never a guess; `language` None means "detect it from the text"."""

    title: str
    text: str
    authors: tuple[str, ...] = ()
    publisher: str = ""
    published: date | None = None
    url: str = ""
    language: Language | None = None
    sources: tuple[Source, ...] = ()
    also_published_by: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """An article that a feed announces. `published` is the day by the publisher's own clock."""

    url: str
    title: str
    published: date | None
