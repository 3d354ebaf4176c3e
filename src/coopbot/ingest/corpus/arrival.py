"""How a new article is merged with one that the corpus already has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

from coopbot.domain import Article, Source
from coopbot.ingest.addresses import page_key
from coopbot.ingest.corpus.near import is_same_story
from coopbot.ingest.draft import Draft

Change = Literal["added", "replaced", "joined"]
Field = Literal["title", "authors", "publisher", "published", "url"]
FIELDS: tuple[Field, ...] = get_args(Field)
"""The metadata extracted from a source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """The result of adding a draft: the article it became or was merged into.

    added: a new file. replaced: new text for a page that was there, under the same id. joined: one more publisher of a story
    that was there. `recovered` names the metadata that the source gave; `notes` say what was left out and why.
    """

    article: Article
    change: Change
    recovered: tuple[Field, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[Field, ...]:
        """The metadata that the source did not give."""
        return tuple(field for field in FIELDS if field not in self.recovered)


def recovered_fields(draft: Draft) -> tuple[Field, ...]:
    """The fields of a draft that are not empty. A title taken from the opening of the text does not count."""
    given = tuple(field for field in FIELDS if getattr(draft, field))
    return given if draft.title.rstrip("…") not in draft.text[: len(draft.title)] else tuple(f for f in given if f != "title")


def corrected(old: Draft, new: Draft) -> Draft:
    """The new version of a page. Fields that it lacks, authors for example, keep their old values.

    The other publishers are kept only if the new text is still the same story: nearly the same words, the same figures.
    """
    return replace(
        new,
        authors=new.authors or old.authors,
        publisher=new.publisher or old.publisher,
        published=new.published or old.published,
        sources=new.sources or old.sources,
        also_published_by=old.also_published_by if is_same_story(old.text, new.text) else (),
    )


def joined(story: Draft, other: Draft) -> Draft | None:
    """The story with the other's publisher added; None if that adds nothing."""
    source = Source(publisher=other.publisher, title=other.title, url=other.url, published=other.published)
    itself = Source(publisher=story.publisher, url=story.url)
    if not source.publisher or any(_is_same(source, known) for known in (itself, *story.also_published_by)):
        return None
    return replace(story, also_published_by=(*story.also_published_by, source))


def _is_same(one: Source, other: Source) -> bool:
    """Whether both are the same publisher and, if both addresses are known, the same page."""
    pages = {page_key(one.url), page_key(other.url)}
    return one.publisher.casefold() == other.publisher.casefold() and len(pages - {""}) < 2
