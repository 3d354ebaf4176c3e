"""txtai: `Embeddings` with content, saved to a folder; hybrid search is its own, with BM25."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers.protocol import TOP_K, Found, Options, Passage

_IN_LANGUAGE = "select id, text, score from txtai where similar(:question, {candidates}) and language = :language"


class Txtai:
    """A `System`: one `Embeddings`."""

    def __init__(self, options: Options) -> None:
        self._options = options

    def prepare(self) -> None:
        """Load the model."""
        from txtai import Embeddings

        self._embeddings = Embeddings(
            path=str(self._options.model),
            content=True,
            hybrid=self._options.hybrid,
            instructions={"query": "query: ", "data": "passage: "},
        )

    def build(self, folder: Path, passages: Sequence[Passage]) -> None:
        """Index and save."""
        self._embeddings.index((one.passage_id, {"text": one.text, "language": one.language}, None) for one in passages)
        self._embeddings.save(str(folder))

    def open(self, folder: Path) -> None:
        """Load index and model."""
        from txtai import Embeddings

        self._embeddings = Embeddings()
        self._embeddings.load(str(folder))

    def search(self, question: str, language: str | None) -> list[Found]:
        """Search. For one language, all passages are candidates, so that the filter loses none."""
        if language is None:
            rows = self._embeddings.search(question, TOP_K)
        else:
            sql = _IN_LANGUAGE.format(candidates=self._embeddings.count())
            rows = self._embeddings.search(sql, TOP_K, parameters={"question": question, "language": language})
        return [Found(passage_id=row["id"], text=row["text"]) for row in rows]
