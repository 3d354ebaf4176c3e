"""The JSON of what the service answers from: the current index and its models."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from coopbot.ask.store import VectorStore
from coopbot.domain import Language
from coopbot.index.model.reader_model import ReaderCard

_FAULT = "a newer snapshot could not be opened, so an older one is used; the server's log says why; run: coopbot doctor"


class IndexOut(BaseModel):
    """The current index. `fault`: why a newer snapshot is not used; empty if there is none.

    `reader`: the model that reads the passages found, or "off", in which case `reader_precision` is empty.
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
    """The service can answer, from this snapshot."""

    status: Literal["ready"]
    snapshot: str


def index_out(snapshot: VectorStore, fault: str, reader: ReaderCard | None) -> IndexOut:
    """The current index. A `fault` is reported without its text, which names folders of the server."""
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
