"""What a system does to be measured. Standard library only: each system runs in an environment of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

# Passages that a question gets.
TOP_K = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What is indexed, whole. `passage_id` is language/number; parallel passages have one number."""

    passage_id: str
    language: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A passage that a system returned, with the text it keeps."""

    passage_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """model: a sentence-transformers folder of multilingual-e5-small. hybrid: whether words count beside vectors."""

    model: Path
    threads: int
    hybrid: bool
    # The Python with sentence-transformers, for a system that embeds in another process.
    python: str


class System(Protocol):
    """One system, used as its documentation shows."""

    def prepare(self) -> None:
        """Load what building needs. Is not part of the time of building."""
        ...

    def build(self, folder: Path, passages: Sequence[Passage]) -> None:
        """Write an index of these passages to the folder, or bring the one that is there in line with them."""
        ...

    def open(self, folder: Path) -> None:
        """Load what searching needs, the model included."""
        ...

    def search(self, question: str, language: str | None) -> list[Found]:
        """The best `TOP_K` passages, of all languages or of one."""
        ...
