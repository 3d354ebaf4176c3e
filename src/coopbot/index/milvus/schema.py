"""What coopbot keeps in Milvus: three collections for each model and format.

    passages  what is searched: a vector, words with weights, what filters compare; and what is read of the passages found
    records   bytes under a name: each article, and for each language how many passages have each word
    state     two rows: which snapshot is in force, and which build was begun last

Passages and records are written once and later marked as removed: snapshot n has those with added <= n < removed. A build
writes and marks with a larger number, and nobody sees any of it until the one row of `state` says that this number is in force.
So a build costs what changed rather than a copy of the index, and whoever reads n goes on with n. An alias says which model's
and format's `state` counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from coopbot.domain import LANGUAGES, Filters

# Raise when rows change their meaning; the index is then written anew.
FORMAT = 4

PREFIX = "coopbot"

Kind = Literal["passages", "records", "state"]
KINDS: tuple[Kind, ...] = ("passages", "records", "state")

Row = dict[str, Any]
"""Values by column; each collection has its own."""

Options = Mapping[str, Any]

# `removed` of what the newest snapshot has.
NEVER = 2**62

# The largest VARCHAR, in bytes.
VARCHAR_BYTES = 65_535
MOST_PUBLISHERS = 256
MOST_ARTICLE_ID_BYTES = 4096
_PUBLISHER_CHARS = 200

# A collection must have a vector; one that is not searched has this.
NO_VECTOR = {"nothing": [0.0, 0.0]}

_INT: Options = {"datatype": "INT64"}
_ROW: Mapping[str, Options] = {"id": {**_INT, "is_primary": True}, "added": _INT, "removed": _INT}
_LIST: Options = {"datatype": "ARRAY", "element_type": "VARCHAR", "max_capacity": MOST_PUBLISHERS}
# Nine tenths of the index are contents, of which a question reads a few: they are mapped from disk, not held in memory.
_CONTENT: Options = {"max_length": VARCHAR_BYTES, "mmap_enabled": True}

_RECORD: Mapping[str, Options] = {
    **_ROW,
    "name": {"datatype": "VARCHAR", "max_length": MOST_ARTICLE_ID_BYTES + 16},
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

# A language is searched by itself. Measured on milvus-lite with 10,000 passages in three languages: of the 12 nearest of one,
# HNSW finds .999 in its partition and .90 by a condition, for it loses its way among nearer passages of the others.
PARTITIONS: Mapping[Kind, Sequence[str]] = {"passages": LANGUAGES, "records": ("",), "state": ("",)}

# How many passages HNSW keeps in sight. Measured there: .963 found with 48, .996 with 128, .999 with 256; where filters pass
# one in a hundred, .67 with 256, .985 with 1,024, all with 4,096, for 3 ms more.
EF, FILTERED_EF = 256, 4096


@dataclass(frozen=True, slots=True)
class Names:
    """The collections of one model and format. The alias `prefix` stands for the `state` of those that are in force."""

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


def in_snapshot(number: int) -> str:
    """The condition for rows that a snapshot has."""
    return f"added <= {number} and removed > {number}"


def passing(filters: Filters) -> str:
    """The condition for passages that pass the filters, to follow another; without a date, none passes a limit of dates."""
    condition = ""
    if filters.publishers:
        condition += f" and array_contains_any(publishers, {literals(map(publisher_key, filters.publishers))})"
    if filters.published_from or filters.published_to:
        condition += f" and published >= {filters.published_from.toordinal() if filters.published_from else 1}"
    if filters.published_to:
        condition += f" and published <= {filters.published_to.toordinal()}"
    return condition


def literals(values: Iterable[str | int]) -> str:
    """A list in a condition; nothing in a string can end it."""
    return json.dumps(list(values), ensure_ascii=False)
