"""XQuAD-R, indexed: passages and questions that are parallel in en, ru and zh.

Each paragraph is an article of one passage, with the data set's own sentence breaks. Weights are learned on questions about its
even-numbered articles; figures are reported for the odd-numbered ones. The data set is not part of the repository.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from coopbot.domain import LANGUAGES, Article, Filters, Language, Passage, Span
from coopbot.errors import Unreadable
from coopbot.index.build import build
from coopbot.index.disk.folder import open_current
from coopbot.index.disk.snapshot import Snapshot
from coopbot.index.model.embedder import Embedder, Progress
from coopbot.index.types import F32, FirstStage
from evals.xquad.files import Json, paragraph_id, read_paragraphs
from evals.xquad.passages import as_article, as_passage

_Paragraphs = dict[Language, list[tuple[int, Json]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class XquadQuestion:
    """A question in every language, with the place of its answer.

    gold: the number of the paragraph, the same in all languages. gold_sentence: by language, the number of the sentence in it.
    article: the number of the article in the data set.
    """

    text: dict[Language, str]
    gold: int
    gold_sentence: dict[Language, int]
    article: int

    @property
    def is_odd(self) -> bool:
        """Whether figures may be reported for it."""
        return self.article % 2 == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Xquad:
    """An index of the data set, and its questions."""

    snapshot: Snapshot
    questions: list[XquadQuestion]


class WithoutParagraph:
    """A `VectorStore` that hides one paragraph in every language, so that questions about it have no answer."""

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
        """See `VectorStore`. The row of a paragraph is its number."""
        found = self._store.first_stage(language, vector, terms, top_k + 1, filters)
        return found.take(np.flatnonzero(found.rows != self._paragraph))


def load_xquad(folder: Path, index_dir: Path, embedder: Embedder, progress: Progress = lambda done, total: None) -> Xquad:
    """Read and index the data set; what `index_dir` holds already is not embedded again. Raises Unreadable."""
    try:
        paragraphs: _Paragraphs = {language: read_paragraphs(folder, language) for language in LANGUAGES}
    except (OSError, ValueError, KeyError) as exc:
        raise Unreadable(str(folder), "not an XQuAD-R folder with en.json, ru.json and zh.json") from exc
    articles: list[Article] = []
    sentences: dict[str, list[Span]] = {}
    for language in LANGUAGES:
        for number, (_, paragraph) in enumerate(paragraphs[language]):
            article = as_article(paragraph_id(language, number), language, paragraph["context"])
            articles.append(article)
            breaks = paragraph["sentence_breaks"]
            sentences[article.article_id] = [Span(start_char=start, end_char=end) for start, end in breaks]

    def to_passages(article: Article) -> list[Passage]:
        return [as_passage(article, sentences[article.article_id])]

    build(articles, embedder, index_dir, model="", precision="", progress=progress, to_passages=to_passages)
    return Xquad(snapshot=open_current(index_dir, embedder.fingerprint), questions=_questions(paragraphs))


def _questions(paragraphs: _Paragraphs) -> list[XquadQuestion]:
    return [
        _question(paragraphs, gold, row)
        for gold, (_, paragraph) in enumerate(paragraphs["en"])
        for row in range(len(paragraph["qas"]))
    ]


def _question(paragraphs: _Paragraphs, gold: int, row: int) -> XquadQuestion:
    """The question in one row of a paragraph's questions."""
    parallel = {language: paragraphs[language][gold][1] for language in LANGUAGES}
    asked = {language: parallel[language]["qas"][row] for language in LANGUAGES}
    return XquadQuestion(
        text={language: asked[language]["question"] for language in LANGUAGES},
        gold=gold,
        gold_sentence={
            language: _sentence_at(parallel[language]["sentence_breaks"], asked[language]["answers"][0]["answer_start"])
            for language in LANGUAGES
        },
        article=paragraphs["en"][gold][0],
    )


def _sentence_at(breaks: list[list[int]], start_char: int) -> int:
    """The number of the last sentence that begins at or before a character."""
    return max(0, bisect_right([start for start, _ in breaks], start_char) - 1)
