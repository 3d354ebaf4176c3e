"""What coopbot keeps in Milvus: five collections of each model and format, and the conditions they are searched with.

    passages   what is searched: a vector, words with weights, what filters ask for, from when to when it counts
    blobs      what is read of the passages found, and articles: bytes in as many parts as they need
    articles   a row an article, with its versions
    terms      a row a language and word, with how many passages had it when
    generations  a row a build; the newest complete one is in force

A build makes generation g + 1 beside g: new passages count from it on, replaced ones until it, and rows of articles and terms
hold both. All of that is invisible until the row of g + 1 says that it is complete. So a build costs what changed, not a copy
of everything, and a reader of g is not disturbed. The alias says which model's and format's collections are in force.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from coopbot.domain import LANGUAGES, Filters, Language

# Raise when rows change their meaning; the index is then written anew.
FORMAT = 3

PREFIX = "coopbot"

Kind = Literal["passages", "blobs", "articles", "terms", "generations"]
KINDS: tuple[Kind, ...] = ("passages", "blobs", "articles", "terms", "generations")

Row = dict[str, Any]
"""Values by column; each collection has its own."""

Options = Mapping[str, int | str | Mapping[str, int]]

# The generation at which what is alive will die.
FOREVER = 2**62

# The largest VARCHAR, in bytes.
_VARCHAR = 65_535
# A collection must have a vector; those that are not searched have this one.
_NO_VECTOR = ("nothing", "FLOAT_VECTOR", {"dim": 2})
NOTHING = {"nothing": [0.0, 0.0]}
_NOT_SEARCHED: Mapping[str, Options] = {"nothing": {"index_type": "FLAT", "metric_type": "IP"}}

MOST_PUBLISHERS = 256
_PUBLISHER_CHARS = 200
MOST_ARTICLE_ID_BYTES = 4096

FIELDS: Mapping[Kind, Sequence[tuple[str, str, Options]]] = {
    "passages": (
        ("id", "INT64", {"is_primary": True}),
        ("publishers", "ARRAY", {"element_type": "VARCHAR", "max_capacity": MOST_PUBLISHERS, "max_length": 1024}),
        ("published", "INT64", {}),
        ("born", "INT64", {}),
        ("died", "INT64", {}),
        ("pooled", "FLOAT_VECTOR", {}),
        ("words", "SPARSE_FLOAT_VECTOR", {}),
        ("length", "INT64", {}),
    ),
    "blobs": (("id", "INT64", {"is_primary": True}), ("content", "VARCHAR", {"max_length": _VARCHAR}), _NO_VECTOR),
    "articles": (
        ("article_id", "VARCHAR", {"is_primary": True, "max_length": MOST_ARTICLE_ID_BYTES}),
        ("latest", "INT64", {}),
        ("superseded", "INT64", {}),
        ("versions", "VARCHAR", {"max_length": _VARCHAR}),
        _NO_VECTOR,
    ),
    "terms": (
        ("id", "INT64", {"is_primary": True}),
        ("latest", "INT64", {}),
        ("counts", "ARRAY", {"element_type": "INT64", "max_capacity": 4096}),
        _NO_VECTOR,
    ),
    "generations": (
        ("id", "INT64", {"is_primary": True}),
        ("complete", "INT64", {}),
        ("writer", "VARCHAR", {"max_length": 64}),
        ("content", "VARCHAR", {"max_length": _VARCHAR}),
        _NO_VECTOR,
    ),
}

INDEXES: Mapping[Kind, Mapping[str, Options]] = {
    "passages": {
        "pooled": {"index_type": "HNSW", "metric_type": "IP", "params": {"M": 16, "efConstruction": 200}},
        "words": {"index_type": "SPARSE_INVERTED_INDEX", "metric_type": "IP"},
        "died": {"index_type": "INVERTED"},
    },
    "blobs": _NOT_SEARCHED,
    "articles": _NOT_SEARCHED,
    "terms": _NOT_SEARCHED,
    "generations": _NOT_SEARCHED,
}

# A language is searched by itself. Measured on milvus-lite with 10,000 passages in three languages: of the 12 nearest of one,
# HNSW finds .999 in its partition and .90 by a condition, for it loses its way among nearer passages of the others.
PARTITIONS: Mapping[Kind, Sequence[Language]] = {kind: LANGUAGES if kind == "passages" else () for kind in KINDS}

# How many passages HNSW keeps in sight. Measured there: .963 found with 48, .996 with 128, .999 with 256; where filters pass
# one in a hundred, .67 with 256, .985 with 1,024, all with 4,096, for 3 ms more.
EF = 256
FILTERED_EF = 4096

# Nine tenths of the index are blobs, of which a question reads a few: they are mapped from disk, not held in memory.
PROPERTIES: Mapping[Kind, Mapping[str, str]] = {kind: {"mmap.enabled": "true"} if kind == "blobs" else {} for kind in KINDS}


@dataclass(frozen=True, slots=True)
class Names:
    """The collections of one model and format. The alias `prefix` stands for the generations of those that are in force."""

    prefix: str
    fingerprint: str

    @property
    def stem(self) -> str:
        """What the names of all begin with."""
        return f"{self.prefix}_{sha256(f'{FORMAT} {self.fingerprint}'.encode()).hexdigest()[:8]}_"

    def __getitem__(self, kind: Kind) -> str:
        return self.stem + kind


def publisher_key(name: str) -> str:
    """A publisher's name as it is compared."""
    return "".join(c for c in " ".join(name.split()).lower() if c.isprintable())[:_PUBLISHER_CHARS]


def condition(generation: int, filters: Filters) -> str:
    """Which passages count in a generation and pass the filters; without a date, none passes a limit of dates."""
    parts = [f"born <= {generation}", f"died > {generation}"]
    if filters.publishers:
        names = ", ".join(literal(publisher_key(name)) for name in filters.publishers)
        parts.append(f"array_contains_any(publishers, [{names}])")
    if filters.published_from or filters.published_to:
        first = filters.published_from.toordinal() if filters.published_from else 1
        parts.append(f"published >= {first}")
    if filters.published_to:
        parts.append(f"published <= {filters.published_to.toordinal()}")
    return " and ".join(parts)


def literal(text: str) -> str:
    """A string in a condition; nothing in it can end it."""
    return json.dumps(text, ensure_ascii=False)
