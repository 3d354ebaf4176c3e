"""What a system must do to be measured. Standard library only: each system runs in an environment of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

# How many passages a search returns.
TOP_K = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A text that is indexed as a whole. passage_id: language/number; translations of a passage have the same number."""

    passage_id: str
    language: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A passage that a system returned, with the text that it has stored."""

    passage_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """model: a sentence-transformers folder of multilingual-e5-small. hybrid: rank by words as well as vectors. python: an
    interpreter with sentence-transformers, for a system that embeds in another process.
    """

    model: Path
    threads: int
    hybrid: bool
    python: str


class System(Protocol):
    """One system, used as its documentation shows."""

    def prepare(self) -> None:
        """Load what building needs. Not part of the measured time."""

    def build(self, folder: Path, passages: Sequence[Passage]) -> None:
        """Write an index of these passages to the folder, or update the index that is there."""

    def open(self, folder: Path) -> None:
        """Load what searching needs, the model included."""

    def search(self, question: str, language: str | None) -> list[Found]:
        """The best `TOP_K` passages, of all languages or of one."""
