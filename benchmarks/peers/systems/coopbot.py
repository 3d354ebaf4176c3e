"""coopbot's search: vectors, BM25 and late interaction, ranked by learned weights, without the reader."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from evals.xquad.passages import as_article, as_passage


class Coopbot:
    """A `System`. load: opens the embedding model."""

    def __init__(self, load: Callable[[], Embedder]) -> None:
        self._load = load

    @classmethod
    def with_options(cls, options: Options) -> Coopbot:
        """With the built-in model, which has the same weights as that of the options."""
        settings = load_settings().model_copy(update={"threads": options.threads})
        return cls(lambda: open_embedder(settings))

    def prepare(self) -> None:
        """Load the model."""
        self._embedder = self._load()

    def build(self, folder: Path, passages: Sequence[Passage]) -> None:
        """As `coopbot index`."""
        articles = [as_article(one.passage_id, cast("Language", one.language), one.text) for one in passages]
        build(articles, self._embedder, folder, model="", precision="", to_passages=_to_passages)

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


def _to_passages(article: Article) -> list[CoopbotPassage]:
    """The article as one passage: all systems index the same ones."""
    return [as_passage(article, list(split_sentences(article.text)))]
