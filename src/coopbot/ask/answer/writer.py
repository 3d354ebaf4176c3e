"""What may put quotes into words: `write.writer` lets a language model do it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from coopbot.domain import Answer, Citation


class Writer(Protocol):
    """Safe to call from several threads."""

    def write(self, quoted: Answer, citations: Sequence[Citation]) -> Answer:
        """The answer in other words, each sentence resting on some of `citations`, of which those of `quoted` are the first; or
        `quoted` itself. `writing` says which. It raises nothing: what cannot be written stays quoted.
        """
        ...
