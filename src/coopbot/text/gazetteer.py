"""Names of the region's places, organisations, projects, companies and people, in three languages with spelling variants.

They are in `gazetteer.json`: for each id the names by language, the usual one first, for towns, ports, islands and bridges
their coordinates, `at`, for places the next larger one that they lie `in`, and for bridges the river that they lead `over`.
The two countries, `country`, are only there for that: their names are in nearly every text, and are not found. One name may
belong to two ids: 黑龙江 is the province and the river.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from coopbot.domain import Language, Span
from coopbot.text.characters import HAN, TO_SIMPLIFIED
from coopbot.text.phrases import Phrases
from coopbot.text.tokens import fold
from coopbot.text.words import file_text

# Words of one script, numbers, single Han characters, and marks that no name contains; the possessive 's is dropped. Hyphens,
# quotes and periods are ignored, so that spellings of «Сила Сибири-2», "Power of Siberia - 2" and "VEB.RF" match.
_TOKEN = re.compile(
    r"(?!(?<=')s\b)[a-z\u00df-\u00f6\u00f8-\u024f]+|[\u0430-\u052f]+|\d+(?:[.,]\d+)*"
    rf"|[{HAN}]|[,;:!?。、\n]"
)
# Case endings of nouns and adjectives, with -ай as in край and Шанхай. Not -ов and -ев: they end surnames in the nominative,
# which must have the same stem as its other cases. A stemmer removes too much: it maps both Орлов and орла to "орл".
_ENDINGS = """
ами ями ыми ими ого его ому ему ией ием ьем иям иях аем
ам ям ах ях ая яя ое ее ые ие ый ий ой ей ом ем ым им ых их ую юю ою ею ья ье ью ьи ия ии ию ай аю ае
а е и й о у ы ь ъ ю я
"""
_RUSSIAN_ENDINGS = frozenset(_ENDINGS.split())
_SHORTEST_STEM_CHARS = 2
_NUMBER_AT_END = re.compile(r"[\s-]+(?:\d+|I+)$")


@dataclass(frozen=True, slots=True)
class Place:
    """A point on the map, in degrees north and east, and its name in each language."""

    place_id: str
    latitude: float
    longitude: float
    names: Mapping[Language, str]


@dataclass(frozen=True, slots=True)
class _Gazetteer:
    """names: by id, in the file's order, and by language. larger: the next larger place around one. over: the river below a
    bridge. points: by id, if it has coordinates. phrases: names as tokens. numbered: the name without its number of what shares
    that with others, by id. sha256: of the file.
    """

    names: Mapping[str, Mapping[Language, tuple[str, ...]]]
    larger: Mapping[str, str]
    over: Mapping[str, str]
    points: Mapping[str, Place]
    phrases: Phrases
    numbered: Mapping[str, str]
    sha256: str


def find_names(text: str) -> frozenset[str]:
    """Ids of what `text` names. Of overlapping names the one that begins first counts, and of those the longest."""
    return frozenset(id_ for _, ids in name_mentions(text) for id_ in ids)


def name_mentions(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each name in `text`, folded to lower case and plain letters, with all ids that have this name."""
    folded = _fold(text)
    spans = [match.span() for match in _TOKEN.finditer(folded)]
    tokens = [_stem(folded[start:end]) for start, end in spans]
    for at, (phrase, ids) in _load().phrases.non_overlapping(tokens):
        yield folded[spans[at][0] : spans[at + len(phrase) - 1][1]], ids


def sought_names(question: str) -> tuple[frozenset[str], ...]:
    """For each name in a question the ids that it may mean, one of which has to be named: 黑龙江 is a province or a river."""
    return tuple(frozenset(ids) for _, ids in name_mentions(question))


def is_named(sought: str, text: str, above: str) -> bool:
    """Whether a text, or the title above it, names all that `sought` names, and the text no place elsewhere."""
    here, titled = find_names(text), find_names(above)
    if not all(here & ids or titled & ids for ids in sought_names(sought)):
        return False
    names = find_names(sought)
    return not any(is_elsewhere(name, place) for name in here - names for place in names)


def name_spans(text: str) -> Iterator[tuple[Span, tuple[str, ...]]]:
    """The same with the place of each name in the text; it is empty where that cannot be found."""
    at = 0
    for surface, ids in name_mentions(text):
        found = re.compile(re.escape(surface).replace("е", "[её]"), re.IGNORECASE).search(text, at)
        start, end = found.span() if found else (at, at)
        yield Span(start_char=start, end_char=end), ids
        at = end


def names_in(ids: Collection[str], language: Language) -> tuple[str, ...]:
    """The usual names of `ids` in a language, in the order of the gazetteer. Unknown ids are ignored."""
    return tuple(names[language][0] for id_, names in _load().names.items() if id_ in ids)


def names_of(id_: str, language: Language) -> tuple[str, ...]:
    """All names of one id in a language, the usual one first."""
    return _load().names[id_][language]


def places_around(id_: str) -> tuple[str, ...]:
    """The ids of the places that a place lies in, the smallest first: of Heihe, Heilongjiang, Northeast China and China."""
    larger, found = _load().larger, list[str]()
    while id_ in larger:
        found.append(id_ := larger[id_])
    return tuple(found)


def rivers_below(ids: Collection[str]) -> frozenset[str]:
    """The rivers that these bridges lead over."""
    return frozenset(river for id_, river in _load().over.items() if id_ in ids)


def is_elsewhere(id_: str, place: str) -> bool:
    """Whether a place lies outside another of the same country, and not around it, as Blagoveshchensk outside Primorye."""
    around, of_place = places_around(id_), places_around(place)
    if id_ == place or not around or not of_place or around[-1] != of_place[-1]:
        return False
    return place not in around and id_ not in of_place


def differ_in_number(one: str, other: str) -> bool:
    """Whether both texts name one of several things whose names differ in a number only, and not the same: Power of Siberia and
    Power of Siberia 2.
    """
    numbered = _load().numbered
    here, there = ({id_ for id_ in find_names(text) if id_ in numbered} for text in (one, other))
    return here.isdisjoint(there) and not {numbered[id_] for id_ in here}.isdisjoint(numbered[id_] for id_ in there)


def all_places() -> Mapping[str, Place]:
    """All places with coordinates, by id."""
    return _load().points


def place_id(name: str) -> str | None:
    """The id of the place on the map with this id or name, in any of the languages; None if there is none, or several."""
    points, ids = _load().points, _load().phrases.ids
    found = [name] if name in points else [id_ for id_ in ids.get(_key(name), ()) if id_ in points]
    return found[0] if len(found) == 1 else None


def gazetteer_sha256() -> str:
    """The digest of gazetteer.json. With another gazetteer, the same text may name other places."""
    return _load().sha256


@lru_cache(maxsize=1)
def _load() -> _Gazetteer:
    text = file_text("gazetteer.json")
    file = json.loads(text)
    points: dict[str, list[float]] = {id_: entry.pop("at") for id_, entry in file.items() if "at" in entry}
    larger: dict[str, str] = {id_: entry.pop("in") for id_, entry in file.items() if "in" in entry}
    over: dict[str, str] = {id_: entry.pop("over") for id_, entry in file.items() if "over" in entry}
    countries = {id_ for id_, entry in file.items() if entry.pop("country", False)}
    entries: dict[str, dict[Language, list[str]]] = file
    phrases = Phrases(
        (_key(name), id_)
        for id_, named in entries.items()
        if id_ not in countries
        for name in chain.from_iterable(named.values())
    )
    names = {id_: {lang: tuple(names) for lang, names in by_language.items()} for id_, by_language in entries.items()}
    places = {
        id_: Place(id_, latitude, longitude, {language: found[0] for language, found in names[id_].items()})
        for id_, (latitude, longitude) in points.items()
    }
    # The usual English name, without its number, of each thing that another differs from in a number only.
    bare = {id_: _NUMBER_AT_END.sub("", by_language["en"][0]) for id_, by_language in names.items()}
    shared = Counter(bare.values())
    numbered = {id_: name for id_, name in bare.items() if shared[name] > 1}
    return _Gazetteer(names, larger, over, places, phrases, numbered, hashlib.sha256(text.encode()).hexdigest())


def _key(text: str) -> tuple[str, ...]:
    return tuple([_stem(token) for token in _TOKEN.findall(_fold(text))])


def _fold(text: str) -> str:
    return fold(text).translate(TO_SIMPLIFIED)


def _stem(token: str) -> str:
    """A Russian word without its ending; any other token as it is."""
    if not "\u0430" <= token[0] <= "\u052f":
        return token
    for length in (3, 2, 1):
        if token[-length:] in _RUSSIAN_ENDINGS and len(token) - length >= _SHORTEST_STEM_CHARS:
            return token[:-length]
    return token
