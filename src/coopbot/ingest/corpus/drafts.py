"""From a draft to an article: checks what is to be added, fills in what follows from the rest, names its file."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from dataclasses import asdict, replace
from datetime import date, timedelta

from coopbot.domain import Article
from coopbot.errors import InvalidRequest
from coopbot.ingest.addresses import is_web_address
from coopbot.ingest.draft import Draft
from coopbot.ingest.tidy import normal_form, one_line, shortened
from coopbot.text.language import detect_language, is_other_language

_LONGEST_TITLE = 300  # characters; a longer one is a paragraph, and its opening is the title
_LONGEST_SLUG = 60
_FEWEST_LETTERS = 3  # in a slug
# Chinese titles cannot be romanised without a dictionary.
_LATIN = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        "a b v g d e yo zh z i y k l m n o p r s t u f kh ts ch sh shch _ y _ e yu ya".replace("_", "").split(" "),
        strict=True,
    )
)


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
    for url in (draft.url.strip(), *(source.url for source in (*draft.sources, *draft.also_published_by))):
        if url and not is_web_address(url):
            raise InvalidRequest("url", f"not an address such as https://site.example/article: {url:.60}; correct or drop it")
    if draft.language is None and is_other_language(text):
        raise InvalidRequest("text", "the text is in none of the languages en, zh and ru; give a translation")
    ready = replace(
        draft,
        text=text,
        title=title,
        publisher=one_line(draft.publisher),
        url=draft.url.strip(),
        language=draft.language or detect_language(text),
    )
    # A day of grace: further east it is already tomorrow.
    if ready.published and ready.published > today + timedelta(days=1):
        return replace(ready, published=None), (f"the date {ready.published} is in the future and was left out",)
    return ready, ()


def slug_of(draft: Draft) -> str:
    """An ASCII name for the draft's file, such as `most-cherez-amur`; for Chinese `2025-05-10-1f0c3a9b`."""
    letters = "".join(_LATIN.get(char, char) for char in draft.title.lower())
    ascii_letters = unicodedata.normalize("NFKD", letters).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_letters.replace("'", "")).strip("-")
    if draft.language == "zh" or sum(map(str.isalpha, slug)) < _FEWEST_LETTERS:
        digest = hashlib.sha256(draft.text.encode()).hexdigest()[:8]
        return f"{draft.published or 'undated'}-{digest}"
    return slug if len(slug) <= _LONGEST_SLUG else slug[: _LONGEST_SLUG + 1].rpartition("-")[0] or slug[:_LONGEST_SLUG]


def to_article(article_id: str, draft: Draft) -> Article:
    """The article that a draft read from the corpus is."""
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
    )
    return replace(article, sha256=_digest(article))


def _digest(article: Article) -> str:
    """SHA-256 over everything an index stores of an article, text and citation fields, without the id."""
    fields = asdict(article)
    del fields["article_id"], fields["sha256"]
    return hashlib.sha256(json.dumps(fields, sort_keys=True, ensure_ascii=False, default=str).encode()).hexdigest()
