"""Stand-ins that mean something: their answers can be wrong, and are wrong for a reason."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import date
from hashlib import sha256

import numpy as np

from coopbot.ask.rank.reader import ReadPassage
from coopbot.domain import Article, Language, Passage, Source, Span
from coopbot.index.model.embedder import Centre, Embeddings, TokenVectors, unit
from coopbot.index.types import F32
from coopbot.ingest.corpus.arrival import to_article
from coopbot.ingest.formats.markdown import read_markdown
from coopbot.text.tokens import lexical_tokens


class Clock:
    """Time in seconds that passes only while somebody waits for it, or where a test says so."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


class BagOfWords:
    """An embedder that knows words and nothing else: vectors are near when texts share word stems.

    It counts what it embeds, so that tests can tell what was reused.
    """

    def __init__(self, dim: int = 256, fingerprint: str = "bag-of-words") -> None:
        self._dim = dim
        self._fingerprint = fingerprint
        self.embedded: list[str] = []

    @property
    def dim(self) -> int:
        return self._dim

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    def embed_passages(self, texts: Sequence[str], *, with_tokens: bool = False) -> Embeddings:
        self.embedded += texts
        return self._embed(texts, with_tokens)

    def embed_question(self, text: str, *, with_tokens: bool = False) -> Embeddings:
        return self._embed([text], with_tokens)

    def centre(self, language: Language) -> Centre:
        nowhere = np.zeros(self._dim, dtype=np.float32)
        return Centre(passage=nowhere, sentence=nowhere, question=nowhere, question_token=nowhere)

    def count_tokens(self, text: str) -> int:
        return len(lexical_tokens(text))

    def _embed(self, texts: Sequence[str], with_tokens: bool) -> Embeddings:
        pooled = np.stack([self._bag(text) for text in texts]) if texts else np.zeros((0, self._dim), np.float32)
        return Embeddings(pooled=pooled, tokens=tuple(map(self._tokens, texts)) if with_tokens else ())

    def _bag(self, text: str) -> F32:
        vectors = [self._word(token) for token in lexical_tokens(text)] or [self._word("")]
        total: F32 = np.stack(vectors).sum(axis=0, keepdims=True)
        bag: F32 = unit(total)[0]
        return bag

    def _tokens(self, text: str) -> TokenVectors:
        words = [(match[0], match.start()) for match in re.finditer(r"\S+", text)]
        spans = np.array([(at, at + len(word)) for word, at in words], dtype=np.int32).reshape(-1, 2)
        vectors = np.stack([self._bag(word) for word, _ in words]) if words else np.zeros((0, self._dim), np.float32)
        return TokenVectors(vectors=vectors, spans=spans)

    def _word(self, token: str) -> F32:
        seed = int.from_bytes(hashlib.sha256(token.encode()).digest()[:8], "little")
        gaussian: F32 = np.random.default_rng(seed).standard_normal(self._dim).astype(np.float32)
        word: F32 = unit(gaussian[None, :])[0]
        return word


def article_of(article_id: str, markdown: str) -> Article:
    """The article of a Markdown file, with its footnotes."""
    return to_article(article_id, read_markdown(markdown, article_id))


def make_article(
    article_id: str,
    text: str,
    *,
    language: Language = "en",
    title: str = "",
    publisher: str = "Example News",
    published: date | None = date(2025, 5, 10),
    url: str = "https://news.example/a",
    sources: tuple[Source, ...] = (),
    also_published_by: tuple[Source, ...] = (),
) -> Article:
    return Article(
        article_id=article_id,
        title=title or article_id,
        publisher=publisher,
        published=published,
        url=url,
        language=language,
        text=text,
        sha256=sha256(f"{article_id}{title}{text}".encode()).hexdigest(),
        sources=sources,
        also_published_by=also_published_by,
    )


class FigureReader:
    """A reader that knows words and figures: a sentence answers as far as it shares the question's words and has a figure.

    It counts what it reads. most: the log odds of a sentence with all words of the question, plus 6.
    """

    fingerprint = "figure-reader"
    most = 12

    def __init__(self) -> None:
        self.read_passages: list[str] = []

    def read(self, question: str, passages: Sequence[tuple[str, Passage]]) -> list[ReadPassage]:
        self.read_passages += [passage.text for _, passage in passages]
        return [self._one(set(lexical_tokens(question)), passage) for _, passage in passages]

    def _one(self, asked: set[str], passage: Passage) -> ReadPassage:
        scores, answers = [], []
        for span in passage.sentences:
            text = passage.quoted(span)
            figure = re.search(r"\d[\d.,]*(?: \w+)?", text)
            shared = len(asked & set(lexical_tokens(text))) / max(1, len(asked))
            scores.append(self.most * shared - 6 if figure else -8.0)
            start, end = figure.span() if figure else (0, len(text))
            answers.append(Span(start_char=span.start_char + start, end_char=span.start_char + end))
        starts = np.array(scores, dtype=np.float32)
        return ReadPassage(starts=starts, best=2 * starts, answers=tuple(answers), meaning=starts)
