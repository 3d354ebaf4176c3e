"""haiku.rag: a LanceDB database; its default search is hybrid, the other one uses vectors alone.

It adds the prefixes that e5 needs only with an embedding server, and its documentation recommends one, Ollama. Here
`embedding_server` takes its place.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.peers.protocol import TOP_K, Found, Options, Passage

if TYPE_CHECKING:
    from docling_core.types.doc.document import DoclingDocument
    from haiku.rag.client import HaikuRAG

_DATABASE = "passages.lancedb"


class Haiku:
    """A `System`: a client, and the server that embeds for it."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._runner = asyncio.Runner()

    def prepare(self) -> None:
        """Start the server, which ends with this process; load the library meanwhile."""
        command = [self._options.python, "-m", "benchmarks.peers.embedding_server", str(self._options.model)]
        self._server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        import haiku.rag.client.documents
        import haiku.rag.store.engine  # noqa: F401  so that building need not import it

        assert self._server.stdout is not None
        self._address = self._server.stdout.readline().strip()

    def build(self, folder: Path, passages: Sequence[Passage]) -> None:
        """Import new passages at once; update existing ones one by one."""
        self._runner.run(self._build(folder, passages))

    def open(self, folder: Path) -> None:
        """Open the database for reading."""
        self.prepare()
        self._client = self._new_client(folder, read_only=True)
        self._runner.run(self._client.__aenter__())

    def search(self, question: str, language: str | None) -> list[Found]:
        """Search, filtered by the start of the id for one language."""
        results = self._runner.run(
            self._client.search(
                question,
                limit=TOP_K,
                search_type="hybrid" if self._options.hybrid else "vector",
                filter=f"uri LIKE '{language}/%'" if language else None,
            )
        )
        return [Found(passage_id=one.document_uri or "", text=one.content) for one in results]

    def _new_client(self, folder: Path, *, read_only: bool = False) -> HaikuRAG:
        from haiku.rag.client import HaikuRAG
        from haiku.rag.config.models import AppConfig

        model = {
            "provider": "openai",
            "name": "multilingual-e5-small",
            "vector_dim": 384,
            "base_url": self._address,
            "api_key": "none",
            "query_prefix": "query: ",
            "document_prefix": "passage: ",
        }
        config = AppConfig.model_validate({"embeddings": {"model": model}})
        return HaikuRAG(folder / _DATABASE, config=config, create=not read_only, read_only=read_only)

    async def _build(self, folder: Path, passages: Sequence[Passage]) -> None:
        from haiku.rag.client.documents import DocumentImport
        from haiku.rag.store.models.chunk import Chunk

        folder.mkdir(exist_ok=True)
        async with self._new_client(folder) as client:
            known = {one.uri: one.id for one in await client.list_documents()}
            imports = [
                DocumentImport(
                    docling_document=_document(one), chunks=[Chunk(content=one.text)], uri=one.passage_id, title=one.passage_id
                )
                for one in passages
            ]
            await client.import_documents([one for one in imports if one.uri not in known])
            for one in imports:
                if one.uri in known:
                    await client.update_document(known[one.uri] or "", chunks=one.chunks, docling_document=one.docling_document)


def _document(passage: Passage) -> DoclingDocument:
    from docling_core.types.doc.document import DoclingDocument
    from docling_core.types.doc.labels import DocItemLabel

    document = DoclingDocument(name=passage.passage_id)
    document.add_text(label=DocItemLabel.PARAGRAPH, text=passage.text)
    return document
