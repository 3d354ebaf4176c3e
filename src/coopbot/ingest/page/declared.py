"""The article metadata that a web page declares in JSON-LD (schema.org). Nothing about its shape is trusted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from coopbot.ingest.draft import Metadata
from coopbot.ingest.page.full_dates import find_date
from coopbot.ingest.page.names import person_names, publisher_name
from coopbot.ingest.tidy import one_line, repair

_ARTICLE = re.compile(r"article|report|blogposting|liveblog", re.I)
_MOST_NODES = 2000  # per page
_LONGEST_NAME = 200  # characters


def read_declared(scripts: Iterable[str]) -> Metadata:
    """The first article that the page's JSON-LD scripts declare. Scripts that are not JSON are skipped."""
    for script in scripts:
        for node in _nodes(script):
            kinds = node.get("@type")
            if any(_ARTICLE.search(str(kind)) for kind in (kinds if isinstance(kinds, list) else [kinds])):
                return _declared(node)
    return Metadata()


def _declared(node: dict[str, object]) -> Metadata:
    authors = (name for value in _names(node.get("author")) for name in person_names(value))
    publishers = (publisher_name(value) for value in _names(node.get("publisher")))
    published = node.get("datePublished")
    return Metadata(
        title=next(iter(_names(node.get("headline"))), ""),
        authors=tuple(dict.fromkeys(authors)),
        publisher=next(filter(None, publishers), ""),
        published=find_date(published[:40]) if isinstance(published, str) else None,
    )


def _nodes(script: str) -> Iterator[dict[str, object]]:
    """Every object of a script, outer ones first."""
    try:
        todo: list[object] = [json.loads(script, strict=False)]
    except (ValueError, RecursionError):
        return
    for _ in range(_MOST_NODES):
        if not todo:
            return
        value = todo.pop(0)
        if isinstance(value, dict):
            yield value
            todo += value.values()
        elif isinstance(value, list):
            todo += value


def _names(value: object) -> list[str]:
    """The texts of a value that may be a name, an object with a name, or a list of such."""
    values = value if isinstance(value, list) else [value]
    named = (entry.get("name") if isinstance(entry, dict) else entry for entry in values)
    texts = (name for name in named if isinstance(name, str) and len(name) <= _LONGEST_NAME and "://" not in name)
    return [one_line(repair(text)) for text in texts]
