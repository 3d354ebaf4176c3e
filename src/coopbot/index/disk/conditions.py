"""Filters as conditions of SQL on a segment's articles and passages."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from coopbot.domain import Filters

# The publisher of an entry of `sources` or `also_published_by`, as `json_each` gives it.
_PUBLISHER = "json_extract(s.value, '$.publisher')"


def publisher_spellings(db: sqlite3.Connection) -> dict[str, list[str]]:
    """All publishers as they are written, by their casefolded name. SQLite's own lower() knows Latin letters only."""
    names = " UNION ".join(
        ["SELECT publisher FROM articles"]
        + [f"SELECT {_PUBLISHER} FROM articles, json_each({column}) s" for column in ("sources", "also_published_by")]
    )
    found: dict[str, list[str]] = {}
    for (name,) in db.execute(names).fetchall():
        if name is not None:
            found.setdefault(name.casefold(), []).append(name)
    return found


def conditions(filters: Filters, spellings: Mapping[str, Sequence[str]]) -> tuple[list[str], list[str]]:
    """Conditions on `articles a` and `passages p`, and the values of their placeholders in order. No filters: no conditions.

    spellings: as `publisher_spellings` gives them; needed for publishers only.
    """
    clauses: list[str] = []
    values: list[str] = []
    if filters.publishers:
        written = [name for publisher in filters.publishers for name in spellings.get(publisher.casefold(), ())]
        listed = f"IN ({','.join('?' * len(written))})"
        clauses.append(
            f"(a.publisher {listed} OR EXISTS (SELECT 1 FROM json_each(a.sources) s WHERE {_PUBLISHER} {listed}) "
            f"OR EXISTS (SELECT 1 FROM json_each(a.also_published_by) s WHERE {_PUBLISHER} {listed}))"
        )
        values += written * 3
    if filters.places:
        placeholders = ",".join("?" * len(filters.places))
        clauses.append(f"p.article IN (SELECT article FROM places WHERE place_id IN ({placeholders}))")
        values += filters.places
    for operator, day in ((">=", filters.published_from), ("<=", filters.published_to)):
        if day is not None:
            clauses.append(f"a.published {operator} ?")
            values.append(day.isoformat())
    return clauses, values
