"""XQuAD-R as an index and as questions: parallel passages and questions in en, ru and zh, read from a folder, never kept.

Each paragraph is one article of one passage, with the data set's own sentence breaks. Articles of the data set with an even
number are for learning, those with an odd number for reporting.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from coopbot.domain import LANGUAGES, Article, Filters, Language, Passage, Span
from coopbot.errors import Unreadable
from coopbot.index.build import build
from coopbot.index.disk.folder import open_current
from coopbot.index.disk.snapshot import Snapshot
from coopbot.index.model.embedder import Embedder, Progress
from coopbot.index.types import F32, FirstStage

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class XquadQuestion:
    """`gold` is the paragraph's number, the same in all languages; `gold_sentence` by language, counted in its paragraph.
    `article` numbers the article of the data set.
    """

    text: dict[Language, str]
    gold: int
    gold_sentence: dict[Language, int]
    article: int

    @property
    def is_odd(self) -> bool:
        """Whether it is for reporting."""
        return self.article % 2 == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Xquad:
    """The data set, indexed."""

    snapshot: Snapshot
    questions: list[XquadQuestion]


class Without:
    """A store without one paragraph, in any language: for asking what cannot be answered. Keeps the `VectorStore` contract."""

    def __init__(self, store: Snapshot, paragraph: int) -> None:
        self._store = store
        self._paragraph = paragraph
        self.snapshot_id = store.snapshot_id
        self.manifest = store.manifest
        self.languages = store.languages
        self.idf = store.idf
        self.sentences = store.sentences
        self.stored = store.stored
        self.article = store.article
        self.articles = store.articles

    def first_stage(self, language: Language, vector: F32, terms: Sequence[str], top_k: int, filters: Filters) -> FirstStage:
        """All but that paragraph, whose row is its number."""
        found = self._store.first_stage(language, vector, terms, top_k + 1, filters)
        return found.take(np.flatnonzero(found.rows != self._paragraph))


def article_id(language: Language, paragraph: int) -> str:
    """The article that a paragraph became."""
    return f"{language}/{paragraph:03d}"


def load_xquad(folder: Path, index_dir: Path, embedder: Embedder, progress: Progress = lambda done, total: None) -> Xquad:
    """Read and index the data set; an index in `index_dir` is used again. Raises Unreadable."""
    try:
        data = {language: json.loads((folder / f"{language}.json").read_text("utf-8"))["data"] for language in LANGUAGES}
        paragraphs = {language: _paragraphs(data[language]) for language in LANGUAGES}
    except (OSError, ValueError, KeyError) as exc:
        raise Unreadable(str(folder), "not an XQuAD-R folder with en.json, ru.json and zh.json") from exc
    breaks = {
        article_id(language, number): paragraph["sentence_breaks"]
        for language in LANGUAGES
        for number, (_, paragraph) in enumerate(paragraphs[language])
    }
    articles = [
        _article(language, number, paragraph["context"])
        for language in LANGUAGES
        for number, (_, paragraph) in enumerate(paragraphs[language])
    ]

    def one_passage(article: Article) -> list[Passage]:
        return [_passage(article, breaks[article.article_id])]

    build(articles, embedder, index_dir, model="", precision="", progress=progress, to_passages=one_passage)
    return Xquad(snapshot=open_current(index_dir, embedder.fingerprint), questions=_questions(paragraphs))


def _paragraphs(data: list[Json]) -> list[tuple[int, Json]]:
    return [(number, paragraph) for number, article in enumerate(data) for paragraph in article["paragraphs"]]


def _article(language: Language, number: int, text: str) -> Article:
    return Article(
        article_id=article_id(language, number),
        title="",
        publisher="XQuAD-R",
        published=None,
        url="",
        language=language,
        text=text,
        sha256=sha256(text.encode()).hexdigest(),
    )


def _passage(article: Article, breaks: list[list[int]]) -> Passage:
    spans = tuple(Span(start_char=start, end_char=end) for start, end in breaks)
    start, end = spans[0].start_char, spans[-1].end_char
    return Passage(
        passage_id=f"{article.article_id}:{start}-{end}",
        article_id=article.article_id,
        start_char=start,
        end_char=end,
        text=article.text[start:end],
        heading_path=(),
        sentences=spans,
    )


def _questions(paragraphs: dict[Language, list[tuple[int, Json]]]) -> list[XquadQuestion]:
    found: list[XquadQuestion] = []
    for gold, (article, paragraph) in enumerate(paragraphs["en"]):
        for row in range(len(paragraph["qas"])):
            asked = {language: paragraphs[language][gold][1]["qas"][row] for language in LANGUAGES}
            found.append(
                XquadQuestion(
                    text={language: asked[language]["question"] for language in LANGUAGES},
                    gold=gold,
                    gold_sentence={
                        language: _sentence_at(
                            paragraphs[language][gold][1]["sentence_breaks"], asked[language]["answers"][0]["answer_start"]
                        )
                        for language in LANGUAGES
                    },
                    article=article,
                )
            )
    return found


def _sentence_at(breaks: list[list[int]], start_char: int) -> int:
    """The last sentence that begins at or before a character."""
    return max(0, bisect_right([start for start, _ in breaks], start_char) - 1)
