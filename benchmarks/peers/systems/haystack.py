"""Haystack: its in-memory store, saved as JSON; hybrid search joins BM25 and vectors by reciprocal ranks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.protocol import TOP_K, Found, Options, Passage

_FILE = "documents.json"


class Haystack:
    """A `System`: a store, and a pipeline that searches it."""

    def __init__(self, options: Options) -> None:
        self._options = options

    def prepare(self) -> None:
        """Load the model and the library."""
        import haystack.document_stores.in_memory  # noqa: F401  so that building need not import it
        from haystack_integrations.components.embedders.sentence_transformers import SentenceTransformersDocumentEmbedder

        self._embedder = SentenceTransformersDocumentEmbedder(
            model=str(self._options.model), prefix="passage: ", progress_bar=False
        )
        self._embedder.warm_up()

    def build(self, folder: Path, passages: Sequence[Passage]) -> None:
        """Embed the passages and save the store."""
        from haystack import Document
        from haystack.document_stores.in_memory import InMemoryDocumentStore

        documents = [Document(id=one.passage_id, content=one.text, meta={"language": one.language}) for one in passages]
        store = InMemoryDocumentStore(embedding_similarity_function="cosine")
        store.write_documents(self._embedder.run(documents=documents)["documents"])
        folder.mkdir(exist_ok=True)
        store.save_to_disk(str(folder / _FILE))

    def open(self, folder: Path) -> None:
        """Load the store and assemble the pipeline."""
        from haystack import Pipeline
        from haystack.components.joiners import DocumentJoiner
        from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
        from haystack.document_stores.in_memory import InMemoryDocumentStore
        from haystack_integrations.components.embedders.sentence_transformers import SentenceTransformersTextEmbedder

        store = InMemoryDocumentStore.load_from_disk(str(folder / _FILE))
        self._pipeline = Pipeline()
        self._pipeline.add_component(
            "embedder",
            SentenceTransformersTextEmbedder(model=str(self._options.model), prefix="query: ", progress_bar=False),
        )
        self._pipeline.add_component("vectors", InMemoryEmbeddingRetriever(store, top_k=TOP_K))
        self._pipeline.connect("embedder.embedding", "vectors.query_embedding")
        if self._options.hybrid:
            self._pipeline.add_component("words", InMemoryBM25Retriever(store, top_k=TOP_K))
            self._pipeline.add_component("joiner", DocumentJoiner(join_mode="reciprocal_rank_fusion", top_k=TOP_K))
            self._pipeline.connect("vectors", "joiner")
            self._pipeline.connect("words", "joiner")

    def search(self, question: str, language: str | None) -> list[Found]:
        """Run the pipeline."""
        filters = {"field": "meta.language", "operator": "==", "value": language} if language else None
        # `Any`: the inputs of components, whose types differ.
        data: dict[str, Any] = {"embedder": {"text": question}, "vectors": {"filters": filters}}
        if self._options.hybrid:
            data["words"] = {"query": question, "filters": filters}
        documents = self._pipeline.run(data)["joiner" if self._options.hybrid else "vectors"]["documents"]
        return [Found(passage_id=one.id, text=one.content) for one in documents]
