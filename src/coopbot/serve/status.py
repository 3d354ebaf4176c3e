"""The JSON of what the service answers from: the current index and its models."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from coopbot.ask.store import VectorStore
from coopbot.domain import Language
from coopbot.index.model.reader_model import ReaderCard

_FAULT = "a newer snapshot could not be used and was passed over; the log of the server says why; run: coopbot doctor"


class IndexOut(BaseModel):
    """The index now in force. `fault` says why a newer snapshot is not, empty if none was passed over.

    `reader` is the model that reads what was found, or "off"; then its precision is empty.
    """

    snapshot: str
    built_at: str
    model: str
    precision: str
    fingerprint: str
    articles: int
    passages: dict[Language, int]
    sentences: int
    fault: str
    reader: str
    reader_precision: str


class ReadyOut(BaseModel):
    """That the service can answer, and from which snapshot."""

    status: Literal["ready"]
    snapshot: str


def index_out(snapshot: VectorStore, fault: str, reader: ReaderCard | None) -> IndexOut:
    """The index in force. Of a fault only that there is one: its text names folders of the server, and is in the log."""
    manifest = snapshot.manifest
    return IndexOut(
        snapshot=snapshot.snapshot_id,
        built_at=manifest.facts.built_at,
        model=manifest.facts.model,
        precision=manifest.facts.precision,
        fingerprint=manifest.facts.fingerprint,
        articles=manifest.articles,
        passages=manifest.passages,
        sentences=manifest.sentences,
        fault=_FAULT if fault else "",
        reader=reader.name if reader else "off",
        reader_precision=reader.precision if reader else "",
    )
