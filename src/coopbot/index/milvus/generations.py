"""Generations of the index in Milvus: their rows, and which is in force."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from coopbot.domain import Language
from coopbot.errors import IndexBroken
from coopbot.index.manifest import Facts
from coopbot.index.milvus.client import Milvus
from coopbot.index.milvus.schema import Names, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """What the row of a complete generation says. `words` counts those of all passages of a language."""

    number: int
    snapshot_id: str
    facts: Facts
    articles: int
    passages: dict[Language, int]
    sentences: int
    words: dict[Language, int]

    def average_length(self, language: Language) -> float:
        """Words a passage of a language."""
        return self.words.get(language, 0) / max(self.passages.get(language, 0), 1) or 1.0

    def dump(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def load(cls, text: str) -> Generation:
        """From JSON. Raises IndexBroken."""
        try:
            fields = json.loads(text)
            return cls(**{**fields, "facts": Facts(**fields["facts"])})
        except (ValueError, KeyError, TypeError) as exc:
            raise IndexBroken("what Milvus has of the index cannot be read; run: coopbot index --force") from exc


def read_generations(milvus: Milvus, names: Names) -> list[Row]:
    """The rows of `generations`, oldest first, those begun and not complete among them."""
    rows = milvus.scan(names["generations"], "id >= 0", ["id", "complete", "writer", "content"])
    return sorted(rows, key=lambda row: int(row["id"]))


def in_force(rows: Sequence[Row]) -> Generation | None:
    """The newest complete one of `read_generations`."""
    complete = [row for row in rows if row["complete"]]
    return Generation.load(complete[-1]["content"]) if complete else None
