"""Conversations of two to four questions about one subject, to measure whether a follow-up keeps to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from coopbot.domain import Language
from evals.measure.golden import AskedQuestion, SharedKind, Split, read_rows


class ChainTurn(AskedQuestion):
    """A question of a conversation. switch: it changes the subject on purpose, and says all that it asks for."""

    kind: SharedKind
    switch: bool = False


class Chain(BaseModel):
    """One line of `evals/chains.jsonl`: a conversation. The questions after the first, but for switches, are follow-ups."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    language: Language
    split: Split
    topic: str
    turns: tuple[ChainTurn, ...]

    @model_validator(mode="before")
    @classmethod
    def _complete_turns(cls, row: dict[str, Any]) -> dict[str, Any]:
        # Conversations of one topic ask for much the same, so that intervals draw topics where they otherwise draw facts.
        shared = {"language": row["language"], "fact": row["topic"]}
        turns = [{**turn, **shared, "id": f"{row['id']}.{place}"} for place, turn in enumerate(row["turns"], start=1)]
        return {**row, "turns": turns}


def load_chains(path: Path) -> list[Chain]:
    """The conversations of a JSONL file. Raises Unreadable."""
    return read_rows(path, Chain, option="--chains")
