"""`/v1/feed`: the newest articles as an Atom feed (RFC 4287)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree

from fastapi import FastAPI, Query, Request, Response

from coopbot.ask.answer.listing import Newest
from coopbot.domain import Article, Filters, Language
from coopbot.serve.http.service import HttpService
from coopbot.serve.links import article_address, source_address

_SUMMARY_CHARS = 500
_ATOM = "http://www.w3.org/2005/Atom"
_MEDIA_TYPE = "application/atom+xml"
_TITLE = "coopbot: cooperation between regions of China and Russia"
_HEADING = re.compile(r"^#{1,6} ", re.MULTILINE)
# Characters that XML does not allow.
_NO_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def add_feed(app: FastAPI, service: HttpService) -> None:
    """Add the route."""
    newest = Newest()

    @app.get(
        "/v1/feed",
        summary="The newest articles as an Atom feed",
        response_class=Response,
        responses={
            200: {"content": {_MEDIA_TYPE: {"schema": {"type": "string"}}}},
            304: {"description": "Not changed."},
        },
    )
    def feed(request: Request, languages: Annotated[list[Language], Query(max_length=10)] = []) -> Response:  # noqa: B006  # FastAPI copies it
        snapshot = service.index.current()
        tag = f'"{snapshot.snapshot_id}"'
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        articles = newest.of(snapshot, Filters(languages=tuple(languages)))
        base = service.base_address(request)
        xml = atom(articles, base=base, address=f"{base}{request.url.path}", updated=snapshot.manifest.facts.built_at)
        return Response(xml, media_type=_MEDIA_TYPE, headers=headers)


def atom(articles: Sequence[Article], *, base: str, address: str, updated: str) -> bytes:
    """The Atom document of the articles, served at `address`. updated: RFC 3339."""
    feed = ElementTree.Element("feed", {"xmlns": _ATOM})
    _add(feed, "id", _id(address))
    _add(feed, "title", _TITLE)
    _add(feed, "updated", updated)
    ElementTree.SubElement(feed, "link", {"rel": "self", "type": _MEDIA_TYPE, "href": address})
    for article in articles:
        entry = ElementTree.SubElement(feed, "entry", {"xml:lang": article.language})
        _add(entry, "id", _id(article.article_id))
        _add(entry, "title", article.title)
        _add(entry, "updated", f"{article.published}T00:00:00Z")
        _add(entry, "published", f"{article.published}T00:00:00Z")
        for name in article.authors or (article.publisher or "coopbot",):
            _add(ElementTree.SubElement(entry, "author"), "name", name)
        link = source_address(article, base)
        ElementTree.SubElement(entry, "link", {"rel": "alternate", "href": _clean(link)})
        if link != (own := article_address(base, article.article_id)):
            ElementTree.SubElement(entry, "link", {"rel": "related", "type": "text/html", "href": own})
        _add(entry, "summary", _summary(article.text))
    xml: bytes = ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)
    return xml


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = _clean(text)


def _clean(text: str) -> str:
    return _NO_XML.sub("", text)


def _summary(text: str) -> str:
    """The beginning of the text without the marks of headings, cut at the end of a word."""
    start = " ".join(_HEADING.sub("", text[: 2 * _SUMMARY_CHARS]).split())
    if len(start) <= _SUMMARY_CHARS:
        return start
    cut = start[:_SUMMARY_CHARS]
    return f"{cut[: cut.rindex(' ')] if ' ' in cut[-50:] else cut} ..."


def _id(name: str) -> str:
    """An id that does not depend on the service's address."""
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'coopbot:{name}')}"
