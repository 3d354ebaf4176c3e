"""What a question can be limited to. A filter by values is declared here once, and in `Filters` with its field.

The command line, HTTP, MCP, the client and the page offer what is declared, and indexes on disk and in Milvus select by it. The
page names a filter in its texts, by its option.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TypedDict

from coopbot.domain import Article, Filters, Language
from coopbot.text.gazetteer import all_places, find_names, place_id

KEY_CHARS = 200
"""Longer values are cut before they are compared."""


class FilterArguments(TypedDict, total=False):
    """The fields of `Filters` as a program gives them. places: ids or names, such as "Heihe"."""

    languages: Sequence[Language]
    publishers: Sequence[str]
    places: Sequence[str]
    published_from: date | None
    published_to: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueFilter:
    """A filter that an article passes with any of the values asked for.

    field: of `Filters`, in JSON and in indexes. option: of the command line, where it is repeated. most: how many values
    may be asked for. of: the values of an article, as they are written. description: for programs. to_ids: makes names into
    what articles have; raises ValueError. choices: where they are few, (name in a language, what to ask for), in order.
    """

    field: str
    option: str
    help: str
    most: int
    of: Callable[[Article], Iterable[str]]
    description: str | None = None
    to_ids: Callable[[list[str]], list[str]] = list
    choices: Callable[[Language], list[tuple[str, str]]] | None = None


def places_in(article: Article) -> frozenset[str]:
    """Gazetteer ids of the places on the map that title or text name. Takes about 2 ms."""
    return find_names(f"{article.title}\n{article.text}") & all_places().keys()


def _publishers_of(article: Article) -> Iterator[str]:
    """Its own, those of its sources, and others that published the same story."""
    yield article.publisher
    yield from (source.publisher for source in (*article.sources, *article.also_published_by))


def _to_place_ids(names: list[str]) -> list[str]:
    ids = [found for name in names if (found := place_id(name)) is not None]
    if len(ids) < len(names):
        raise ValueError(
            f"Input should be names of places on the map or their ids, which are {', '.join(sorted(all_places()))}"
        )
    return ids


def _named_places(language: Language) -> list[tuple[str, str]]:
    return sorted((place.names[language], place_id) for place_id, place in all_places().items())


PUBLISHERS = ValueFilter(
    field="publishers",
    option="publisher",
    help="Only this publisher or source; repeatable.",
    most=50,
    of=_publishers_of,
)
# Indexes store what `places_in` finds, since it takes long.
PLACES = ValueFilter(
    field="places",
    option="place",
    help="Only articles that name this place, such as Heihe; repeatable.",
    description="Places on the map that articles name: ids, such as heihe, or names in English, Chinese or Russian.",
    most=10,
    to_ids=_to_place_ids,
    of=places_in,
    choices=_named_places,
)
VALUE_FILTERS = (PUBLISHERS, PLACES)


def key_of(value: str) -> str:
    """The form in which values are compared."""
    return "".join(c for c in " ".join(value.split()).casefold() if c.isprintable())[:KEY_CHARS]


def values_by_key(article: Article, one: ValueFilter) -> dict[str, str]:
    """An article's values of a filter as it writes them, by their keys."""
    return {key: value for value in one.of(article) if (key := key_of(value))}


def asked_keys(one: ValueFilter, filters: Filters) -> frozenset[str]:
    """The keys of the values asked for; empty if the filter does not limit."""
    return frozenset(map(key_of, getattr(filters, one.field)))


def passes(article: Article, filters: Filters) -> bool:
    """Whether an article passes all filters."""
    keys = partial(values_by_key, article)
    return not any(failed(filters, language=article.language, published=article.published, keys=keys))


def failed(
    filters: Filters, *, language: Language, published: date | None, keys: Callable[[ValueFilter], Mapping[str, str]]
) -> Iterator[str]:
    """The filters that an article does not pass: `languages`, `published`, and fields. keys: as from `values_by_key`."""
    if filters.languages and language not in filters.languages:
        yield "languages"
    first, last = filters.published_from, filters.published_to
    if (first or last) and not (published and (first or date.min) <= published <= (last or date.max)):
        yield "published"
    for one in VALUE_FILTERS:
        asked = asked_keys(one, filters)
        if asked and asked.isdisjoint(keys(one)):
            yield one.field
