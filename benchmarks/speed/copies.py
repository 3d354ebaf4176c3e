"""A corpus of any size in real files: copies of the corpus at hand."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from coopbot.domain import Article
from coopbot.errors import IndexMissing
from coopbot.index.model.encoder import Encoder
from coopbot.ingest.draft import Draft
from coopbot.ingest.formats.markdown import render_article
from coopbot.settings import Settings
from coopbot.wiring import open_corpus, rebuild


def copy_corpus(settings: Settings, embedder: Encoder, folder: Path, passages: int) -> Settings:
    """Write a corpus of about `passages` passages below `folder`. Settings with that corpus, and an index folder beside it.

    The titles of copies differ, so that no two passages have the same vector. Raises IndexMissing if there are no articles.
    """
    articles = read_articles(settings)
    small = settings.model_copy(update={"index_dir": folder / "small"})
    copies = max(1, round(passages / rebuild(small, embedder)[0].passages))
    _write_copies(articles, folder / "corpus", copies)
    return settings.model_copy(update={"corpus_dir": folder / "corpus", "index_dir": folder / "index"})


def read_articles(settings: Settings) -> list[Article]:
    """The articles of the corpus. Raises IndexMissing if there are none."""
    articles = [found for found in open_corpus(settings) if isinstance(found, Article)]
    if not articles:
        raise IndexMissing(f"there are no articles in {settings.corpus_dir}; add some with: coopbot add FILE")
    return articles


def _write_copies(articles: Iterable[Article], corpus_dir: Path, copies: int) -> None:
    for article in articles:
        for copy in range(copies):
            draft = Draft(
                title=f"{article.title} ({copy})",
                text=article.text,
                publisher=article.publisher,
                published=article.published,
                language=article.language,
            )
            path = corpus_dir / f"{article.article_id}-{copy}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(render_article(draft), encoding="utf-8")
