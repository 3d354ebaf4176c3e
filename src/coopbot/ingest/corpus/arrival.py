"""What becomes of an article that arrives when something of it is there already."""

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
"""What is recovered of a source besides its text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """The article that a draft became or became part of.

    added: a file of its own. replaced: new text for a page that was there, under the id it had. joined: one more who published
    a story that was there. `recovered` names what the source gave besides its text; `notes` say what was left out and why.
    """

    article: Article
    change: Change
    recovered: tuple[Field, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[Field, ...]:
        """What the source did not give."""
        return tuple(field for field in FIELDS if field not in self.recovered)


def recovered_fields(draft: Draft) -> tuple[Field, ...]:
    """The fields of a draft that are not empty. A title that is the opening of the text is none."""
    given = tuple(field for field in FIELDS if getattr(draft, field))
    return given if draft.title.rstrip("…") not in draft.text[: len(draft.title)] else tuple(f for f in given if f != "title")


def corrected(old: Draft, new: Draft) -> Draft:
    """The new version of a page. What it does not say, such as authors, stays as it was.

    Who else published the story stays only while the new text is still theirs, in nearly the same words with the same figures.
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
    """The story, with the publisher of the other named; None where that tells nothing new."""
    source = Source(publisher=other.publisher, title=other.title, url=other.url, published=other.published)
    itself = Source(publisher=story.publisher, url=story.url)
    if not source.publisher or any(_is_same(source, known) for known in (itself, *story.also_published_by)):
        return None
    return replace(story, also_published_by=(*story.also_published_by, source))


def _is_same(one: Source, other: Source) -> bool:
    """The same page of the same publisher, as far as their pages are known."""
    pages = {page_key(one.url), page_key(other.url)}
    return one.publisher.casefold() == other.publisher.casefold() and len(pages - {""}) < 2
