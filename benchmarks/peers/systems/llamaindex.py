"""LlamaIndex: `VectorStoreIndex`, persisted to a folder; hybrid search fuses it with BM25 by reciprocal ranks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.peers.protocol import TOP_K, Found, Options, Passage

if TYPE_CHECKING:
    from llama_index.core.base.base_retriever import BaseRetriever
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding

# The default pattern takes words of two characters or more. Chinese has no spaces between words: each character is a token.
_TOKENS = r"(?u)[\u4e00-\u9fff]|\b\w\w+\b"


class LlamaIndex:
    """A `System`: an index, and a retriever for each language."""

    def __init__(self, options: Options) -> None:
        self._options = options

    def prepare(self) -> None:
        """Load the model."""
        self._model = self._load_model()

    def build(self, folder: Path, passages: Sequence[Passage]) -> None:
        """Index and persist."""
        from llama_index.core import VectorStoreIndex
        from llama_index.core.schema import TextNode

        nodes = [
            TextNode(
                id_=one.passage_id,
                text=one.text,
                metadata={"language": one.language},
                excluded_embed_metadata_keys=["language"],
            )
            for one in passages
        ]
        index = VectorStoreIndex(nodes, embed_model=self._model)
        index.storage_context.persist(persist_dir=str(folder))

    def open(self, folder: Path) -> None:
        """Load index and model."""
        from llama_index.core import StorageContext, load_index_from_storage

        storage = StorageContext.from_defaults(persist_dir=str(folder))
        self._index = load_index_from_storage(storage, embed_model=self._load_model())
        self._retriever = cache(self._make_retriever)
        self._retriever(None)

    def search(self, question: str, language: str | None) -> list[Found]:
        """Retrieve."""
        return [
            Found(passage_id=one.node.node_id, text=one.node.get_content())
            for one in self._retriever(language).retrieve(question)
        ]

    def _load_model(self) -> HuggingFaceEmbedding:
        from llama_index.embeddings.huggingface import HuggingFaceEmbedding

        return HuggingFaceEmbedding(
            model_name=str(self._options.model), query_instruction="query: ", text_instruction="passage: "
        )

    def _make_retriever(self, language: str | None) -> BaseRetriever:
        from llama_index.core.vector_stores import MetadataFilter, MetadataFilters

        filters = MetadataFilters(filters=[MetadataFilter(key="language", value=language)]) if language else None
        vectors = self._index.as_retriever(similarity_top_k=TOP_K, filters=filters)
        return self._fused(vectors, language) if self._options.hybrid else vectors

    def _fused(self, vectors: BaseRetriever, language: str | None) -> BaseRetriever:
        from llama_index.core.llms import MockLLM
        from llama_index.core.retrievers import QueryFusionRetriever
        from llama_index.retrievers.bm25 import BM25Retriever

        nodes = [one for one in self._index.docstore.docs.values() if language in (None, one.metadata["language"])]
        words = BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=TOP_K, token_pattern=_TOKENS)
        # With one query, the language model, which would write more, is never asked.
        return QueryFusionRetriever(
            [vectors, words],
            llm=MockLLM(),
            num_queries=1,
            mode="reciprocal_rerank",
            similarity_top_k=TOP_K,
            use_async=False,
        )
