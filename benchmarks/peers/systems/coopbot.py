"""coopbot's search: vectors, BM25 and late interaction, ranked by learned weights. The reader is not part of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import cast

from benchmarks.peers.protocol import TOP_K, Found, Options, Passage
from coopbot.ask.answer.answerer import Answerer
from coopbot.domain import Article, Filters, Language
from coopbot.domain import Passage as CoopbotPassage
from coopbot.index.build import build
from coopbot.index.live import LiveIndex
from coopbot.index.model.embedder import Embedder
from coopbot.settings import load_settings
from coopbot.text.sentences import split_sentences
from coopbot.wiring import open_embedder


class Coopbot:
    """`load` gives the embedding model."""

    def __init__(self, load: Callable[[], Embedder]) -> None:
        self._load = load

    @classmethod
    def with_options(cls, options: Options) -> Coopbot:
        """With the built-in model, which is prepared from the same weights."""
        settings = load_settings().model_copy(update={"threads": options.threads})
        return cls(lambda: open_embedder(settings))

    def prepare(self) -> None:
        """Load the model."""
        self._embedder = self._load()

    def build(self, folder: Path, passages: Sequence[Passage]) -> None:
        """As `coopbot index`."""
        articles = [_article(passage) for passage in passages]
        build(articles, self._embedder, folder, model="", precision="", to_passages=_one_passage)

    def open(self, folder: Path) -> None:
        """As `coopbot search`."""
        self.prepare()
        index = LiveIndex(folder, self._embedder.fingerprint)
        self._answerer = Answerer(self._embedder, index.current)

    def search(self, question: str, language: str | None) -> list[Found]:
        """As `coopbot search`."""
        filters = Filters(languages=(cast("Language", language),)) if language else Filters()
        result = self._answerer.search(question, top_k=TOP_K, filters=filters)
        return [Found(passage_id=hit.passage.article_id, text=hit.passage.text) for hit in result.hits]


def _article(passage: Passage) -> Article:
    return Article(
        article_id=passage.passage_id,
        title="",
        publisher="XQuAD-R",
        published=None,
        url="",
        language=cast("Language", passage.language),
        text=passage.text,
        sha256=sha256(passage.text.encode()).hexdigest(),
    )


def _one_passage(article: Article) -> list[CoopbotPassage]:
    """The article whole: all systems index the same passages."""
    spans = tuple(split_sentences(article.text))
    start, end = spans[0].start_char, spans[-1].end_char
    return [
        CoopbotPassage(
            passage_id=f"{article.article_id}:{start}-{end}",
            article_id=article.article_id,
            start_char=start,
            end_char=end,
            text=article.text[start:end],
            heading_path=(),
            sentences=spans,
        )
    ]
