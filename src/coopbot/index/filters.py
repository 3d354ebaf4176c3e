"""What a question can be limited to. A filter by values is declared here once, and in `Filters` with its field.

The command line, HTTP, MCP, the client and the page offer what is declared, and indexes on disk and in Milvus select by it. The
page names a filter in its texts, by its option.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache, partial
from typing import TypedDict

from coopbot.domain import Article, Filters, Language, Span, When
from coopbot.text.gazetteer import all_places, find_names, place_id
from coopbot.text.publishers import spellings_of

# Of how many filters the keys are remembered: every sentence that is read asks for those of the question.
_REMEMBERED = 256

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
    what articles have; raises ValueError. spellings: of a value asked for, all ways in which articles write it. choices: where
    they are few, (name in a language, what to ask for), in order.
    """

    field: str
    option: str
    help: str
    most: int
    of: Callable[[Article], Iterable[str]]
    description: str | None = None
    to_ids: Callable[[list[str]], list[str]] = list
    spellings: Callable[[str], Iterable[str]] = lambda value: (value,)
    choices: Callable[[Language], list[tuple[str, str]]] | None = None


def places_in(article: Article) -> frozenset[str]:
    """Gazetteer ids of the places on the map that title or text name. Takes about 2 ms."""
    return find_names(f"{article.title}\n{article.text}") & all_places().keys()


def _publishers_of(article: Article) -> Iterator[str]:
    """Its own, those of its sources and its sentences' sources, and others that published the same story."""
    yield article.publisher
    for source in (*article.all_sources(), *article.also_published_by):
        yield source.publisher
        yield source.via


def _to_place_ids(names: list[str]) -> list[str]:
    ids = [found for name in names if (found := place_id(name)) is not None]
    if len(ids) < len(names):
        raise ValueError(
            f"Input should be names of places on the map or their ids, which are {', '.join(sorted(all_places()))}"
        )
    return ids


PUBLISHERS = ValueFilter(
    field="publishers",
    option="publisher",
    help="Only this publisher or source; repeatable.",
    most=50,
    of=_publishers_of,
    spellings=spellings_of,
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
    choices=lambda language: sorted((place.names[language], id_) for id_, place in all_places().items()),
)
VALUE_FILTERS = (PUBLISHERS, PLACES)


def key_of(value: str) -> str:
    """The form in which values are compared."""
    return "".join(c for c in " ".join(value.split()).casefold() if c.isprintable())[:KEY_CHARS]


def values_by_key(article: Article, one: ValueFilter) -> dict[str, str]:
    """An article's values of a filter as it writes them, by their keys."""
    return {key: value for value in one.of(article) if (key := key_of(value))}


@lru_cache(maxsize=_REMEMBERED)
def asked_keys(one: ValueFilter, filters: Filters) -> frozenset[str]:
    """The keys of the values asked for, in all spellings; empty if the filter does not limit."""
    return frozenset(key_of(written) for value in getattr(filters, one.field) for written in one.spellings(value))


Days = tuple[date, date]
"""The first and last day of a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """The publishers of a statement, by key, and when it was published: of its own source or, without one, of its article.

    when: None if it is undated.
    """

    publishers: frozenset[str]
    when: Days | None

    def passes(self, filters: Filters) -> bool:
        """Whether it passes the filters by publisher and date."""
        asked = asked_keys(PUBLISHERS, filters)
        return not (asked and asked.isdisjoint(self.publishers)) and _is_within(self.when, filters)


def voices(article: Article, *spans: Span) -> frozenset[Voice]:
    """Who says what stands at these spans: each source of a sentence, together with the article in which it was read; for
    sentences without sources the article, with all its publishers.
    """
    whole = None
    found = set[Voice]()
    for span in spans:
        own = article.attributed(span)
        for source in (source for one in own for source in one.sources):
            names = map(key_of, (source.publisher, source.via, article.publisher))
            when = (source.published.first, source.published.last) if source.published else None
            found.add(Voice(publishers=frozenset(filter(None, names)), when=when))
        if not own and whole is None:
            plain = replace(article, attributions=())
            when = (article.published, article.published) if article.published else None
            whole = Voice(publishers=frozenset(values_by_key(plain, PUBLISHERS)), when=when)
            found.add(whole)
    return frozenset(found)


def sentence_passes(article: Article, span: Span, filters: Filters) -> bool:
    """Whether a source of this sentence passes the filters by publisher and date. In an article without attributions every
    sentence passes, because the article has passed.
    """
    limits = filters.publishers or filters.published_from or filters.published_to
    return not (limits and article.attributions) or any(voice.passes(filters) for voice in voices(article, span))


def times_of(article: Article) -> tuple[Days, ...]:
    """The days of an article and of the sources of its sentences."""
    return tuple((when.first, when.last) for when in whens_of(article))


def whens_of(article: Article) -> list[When]:
    """When an article and the sources of its sentences were published, oldest first."""
    own = [When(article.published)] if article.published else []
    of_sentences = (source.published for one in article.attributions for source in one.sources if source.published)
    return sorted({*own, *of_sentences})


def passes(article: Article, filters: Filters) -> bool:
    """Whether an article passes all filters. One with attributed sentences passes those by publisher and date if a sentence
    does.
    """
    keys = partial(values_by_key, article)
    if any(failed(filters, language=article.language, times=times_of(article), keys=keys)):
        return False
    return not article.attributions or any(sentence_passes(article, span, filters) for span in article.attributions)


def failed(
    filters: Filters, *, language: Language, times: Sequence[Days], keys: Callable[[ValueFilter], Mapping[str, str]]
) -> Iterator[str]:
    """The filters that an article does not pass: `languages`, `published`, and fields. times, keys: as from `times_of` and
    `values_by_key`.
    """
    if filters.languages and language not in filters.languages:
        yield "languages"
    if (filters.published_from or filters.published_to) and not any(_is_within(days, filters) for days in times):
        yield "published"
    for one in VALUE_FILTERS:
        asked = asked_keys(one, filters)
        if asked and asked.isdisjoint(keys(one)):
            yield one.field


def _is_within(days: Days | None, filters: Filters) -> bool:
    """Whether a time and the time asked for have a day in common."""
    first, last = filters.published_from, filters.published_to
    if not (first or last):
        return True
    return days is not None and (last or date.max) >= days[0] and days[1] >= (first or date.min)
