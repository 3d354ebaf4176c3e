"""How a draft becomes an article: checked, completed and named, or merged with an article that the corpus already has."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Literal, get_args

from coopbot.domain import Article, Source, When
from coopbot.errors import InvalidRequest
from coopbot.ingest.addresses import is_web_address, page_key
from coopbot.ingest.corpus.near import is_same_story
from coopbot.ingest.draft import Draft
from coopbot.ingest.tidy import normal_form, one_line, shortened
from coopbot.text.characters import LONGEST_LINE, romanised
from coopbot.text.language import detect_language, is_other_language

Change = Literal["added", "replaced", "joined"]
Field = Literal["title", "authors", "publisher", "published", "url"]
FIELDS: tuple[Field, ...] = get_args(Field)
"""The metadata extracted from a source."""

_LONGEST_TITLE = 300  # characters; a longer one is a paragraph, and its opening is the title
_LONGEST_SLUG = 60
_FEWEST_LETTERS = 3  # in a slug
_NOT_HASHED = ("article_id", "sha256")
# Fields added since hashes are stored: an article without them keeps its hash.
_ADDED = ("via", "attributions")


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
    source = Source(
        publisher=other.publisher,
        title=other.title,
        url=other.url,
        published=When(other.published) if other.published else None,
    )
    if not source.publisher:
        return None
    for known in (Source(publisher=story.publisher, url=story.url), *story.also_published_by):
        # The same publisher and, if both addresses are known, the same page.
        pages = {page_key(source.url), page_key(known.url)} - {""}
        if source.publisher.casefold() == known.publisher.casefold() and len(pages) < 2:
            return None
    return replace(story, also_published_by=(*story.also_published_by, source))


def ready_draft(draft: Draft, today: date) -> tuple[Draft, tuple[str, ...]]:
    """The draft as it will be read back (normal form, all derivable fields filled), and notes on what was left out and why.

    Raises InvalidRequest if text or title is missing, an address is not one, or the text is in another language.
    """
    text = normal_form(draft.text)
    title = shortened(one_line(draft.title), _LONGEST_TITLE)
    if not text:
        raise InvalidRequest("text", "the article has no text; give one")
    if not title:
        raise InvalidRequest("title", "the article has no title; give one")
    cited = (*draft.sources, *draft.also_published_by, *(source for one in draft.attributions for source in one.sources))
    for url in (draft.url.strip(), *(source.url for source in cited)):
        if url and not is_web_address(url):
            raise InvalidRequest("url", f"not an address such as https://site.example/article: {url:.60}; correct or drop it")
    if draft.language is None and is_other_language(text):
        raise InvalidRequest("text", "the text is in none of the languages en, zh and ru; give a translation")
    ready = replace(
        draft,
        text=text,
        title=title,
        authors=tuple(filter(None, (one_line(name)[:LONGEST_LINE] for name in draft.authors))),
        publisher=one_line(draft.publisher)[:LONGEST_LINE],
        url=draft.url.strip(),
        language=draft.language or detect_language(text),
    )
    # A day of grace: further east it is already tomorrow.
    if ready.published and ready.published > today + timedelta(days=1):
        return replace(ready, published=None), (f"the date {ready.published} is in the future and was left out",)
    return ready, ()


def slug_of(draft: Draft) -> str:
    """An ASCII name for the draft's file, such as `most-cherez-amur`; for Chinese `2025-05-10-1f0c3a9b`."""
    ascii_letters = unicodedata.normalize("NFKD", romanised(draft.title.lower())).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_letters.replace("'", "")).strip("-")
    if draft.language == "zh" or sum(map(str.isalpha, slug)) < _FEWEST_LETTERS:
        digest = hashlib.sha256(draft.text.encode()).hexdigest()[:8]
        return f"{draft.published or 'undated'}-{digest}"
    return slug if len(slug) <= _LONGEST_SLUG else slug[: _LONGEST_SLUG + 1].rpartition("-")[0] or slug[:_LONGEST_SLUG]


def to_article(article_id: str, draft: Draft) -> Article:
    """The article made from a draft that was read from the corpus."""
    article = Article(
        article_id=article_id,
        title=draft.title,
        publisher=draft.publisher,
        published=draft.published,
        url=draft.url,
        language=draft.language or detect_language(draft.text),
        text=draft.text,
        sha256="",
        authors=draft.authors,
        sources=draft.sources,
        also_published_by=draft.also_published_by,
        attributions=draft.attributions,
    )
    # Over everything that an index stores of an article, text and citation fields, without the id.
    stored = asdict(
        article,
        dict_factory=lambda fields: {
            name: value for name, value in fields if name not in _NOT_HASHED and (value or name not in _ADDED)
        },
    )
    digest = hashlib.sha256(json.dumps(stored, sort_keys=True, ensure_ascii=False, default=str).encode())
    return replace(article, sha256=digest.hexdigest())
