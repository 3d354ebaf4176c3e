"""What coopbot keeps in Milvus: three collections for each model and format.

    passages  what searches compare: a vector, weights of words, publishers, date; and what is read of the passages found
    records   bytes with a name: each article, and for each language how many passages contain each word
    state     two rows: the current snapshot, and the build that started last

Passages and records are written once and later marked as removed: snapshot n consists of those with added <= n < removed. A
build writes and marks with a larger number, which no reader sees until the row of `state` says that this snapshot is current.
So a build costs what changed, not a copy of the index, and readers of snapshot n can go on reading it. An alias points to the
`state` of the current model and format.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from coopbot.domain import LANGUAGES, Filters

# Increase when rows change their meaning; the index is then built again.
FORMAT = 5

PREFIX = "coopbot"

Kind = Literal["passages", "records", "state"]
KINDS: tuple[Kind, ...] = ("passages", "records", "state")

Row = dict[str, Any]
"""Values by column."""

Options = Mapping[str, Any]

# `removed` of rows that are not removed.
NEVER = 2**62

# Bytes of the largest VARCHAR.
VARCHAR_BYTES = 65_535
MAX_PUBLISHERS = 256
MAX_ARTICLE_ID_BYTES = 4096
_PUBLISHER_CHARS = 200

# Every collection must have a vector; those that are not searched have this one.
NO_VECTOR = {"nothing": [0.0, 0.0]}

_INT: Options = {"datatype": "INT64"}
_ROW: Mapping[str, Options] = {"id": {**_INT, "is_primary": True}, "added": _INT, "removed": _INT}
_LIST: Options = {"datatype": "ARRAY", "element_type": "VARCHAR", "max_capacity": MAX_PUBLISHERS}
# Nine tenths of the index are contents, of which a question reads a few: mapped from disk, not held in memory.
_CONTENT: Options = {"max_length": VARCHAR_BYTES, "mmap_enabled": True}

_RECORD: Mapping[str, Options] = {
    **_ROW,
    "name": {"datatype": "VARCHAR", "max_length": MAX_ARTICLE_ID_BYTES + 16},
    "sha256": {"datatype": "VARCHAR", "max_length": 64},
    "passages": _INT,
    "content": {"datatype": "VARCHAR", **_CONTENT},
    "nothing": {"datatype": "FLOAT_VECTOR", "dim": 2},
}

FIELDS: Mapping[Kind, Mapping[str, Options]] = {
    "passages": {
        **_ROW,
        "publishers": {**_LIST, "max_length": 1024},
        "published": _INT,
        "places": {**_LIST, "max_length": 256},
        "pooled": {"datatype": "FLOAT_VECTOR"},
        "words": {"datatype": "SPARSE_FLOAT_VECTOR"},
        "length": _INT,
        "sentences": _INT,
        "text": {**_LIST, **_CONTENT},
        "vectors": {**_LIST, **_CONTENT},
    },
    "records": _RECORD,
    "state": _RECORD,
}

_INVERTED: Options = {"index_type": "INVERTED"}
_FLAT: Options = {"index_type": "FLAT", "metric_type": "IP"}
INDEXES: Mapping[Kind, Mapping[str, Options]] = {
    "passages": {
        "pooled": {"index_type": "HNSW", "metric_type": "IP", "params": {"M": 16, "efConstruction": 200}},
        "words": {"index_type": "SPARSE_INVERTED_INDEX", "metric_type": "IP"},
        "removed": _INVERTED,
    },
    "records": {"nothing": _FLAT, "name": _INVERTED, "removed": _INVERTED},
    "state": {"nothing": _FLAT},
}

# Each language has its own graph. Of the 12 nearest passages of one language, HNSW finds .999 in its partition and .90 by a
# condition on all languages, because it gets lost among nearer passages of the others (milvus-lite, 10,000 passages).
PARTITIONS: Mapping[Kind, Sequence[str]] = {"passages": LANGUAGES, "records": ("",), "state": ("",)}

# Candidates that HNSW keeps. Measured likewise: it finds .963 with 48, .996 with 128 and .999 with 256; behind filters that one
# passage in a hundred passes, .67 with 256, .985 with 1,024 and all with 4,096, which takes 3 ms longer.
EF, FILTERED_EF = 256, 4096


@dataclass(frozen=True, slots=True)
class Names:
    """The names of the collections of one model and format. The alias `prefix` points to the current `state`."""

    prefix: str
    fingerprint: str

    @property
    def stem(self) -> str:
        """The common beginning of the names."""
        return f"{self.prefix}_{sha256(f'{FORMAT} {self.fingerprint}'.encode()).hexdigest()[:8]}_"

    def __getitem__(self, kind: Kind) -> str:
        return self.stem + kind


def publisher_key(name: str) -> str:
    """A publisher's name in the form in which names are compared."""
    return "".join(c for c in " ".join(name.split()).lower() if c.isprintable())[:_PUBLISHER_CHARS]


def in_snapshot(number: int) -> str:
    """The condition for rows of a snapshot."""
    return f"added <= {number} and removed > {number}"


def passing(filters: Filters) -> str:
    """The condition for passages that pass the filters, to append to another. An undated passage passes no filter by date."""
    condition = ""
    if filters.publishers:
        condition += f" and array_contains_any(publishers, {literals(map(publisher_key, filters.publishers))})"
    if filters.places:
        condition += f" and array_contains_any(places, {literals(filters.places)})"
    if filters.published_from or filters.published_to:
        condition += f" and published >= {filters.published_from.toordinal() if filters.published_from else 1}"
    if filters.published_to:
        condition += f" and published <= {filters.published_to.toordinal()}"
    return condition


def literals(values: Iterable[str | int]) -> str:
    """A list within a condition. As JSON, so that no string can end it."""
    return json.dumps(list(values), ensure_ascii=False)
