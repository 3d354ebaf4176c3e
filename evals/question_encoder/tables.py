"""Whole indexes as arrays, and questions with the passages and sentences in them that answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from coopbot.ask.store import VectorStore
from coopbot.domain import LANGUAGES, Article, Filters, Passage
from coopbot.index.model.embedder import Embedder
from coopbot.index.types import F32, I64, U8
from coopbot.text.language import detect_language
from evals.learning_sets import Indexes, Rights, gold, holding, holding_in, labelled
from evals.measure.golden import load_questions
from evals.reader.examples import HELD_OUT_XQUAD, Example, is_held_out, is_held_out_topic, kept_titles, squad_like
from evals.reader.invented import load_stories
from evals.reader.opened import article_ids, indexed
from evals.xquad.passages import as_article

EVALS = Path(__file__).parents[1]
_ALL = 10**7


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The passages of an index, one language after another.

    languages: (passages,), places in LANGUAGES. pooled: (passages, dim). sentences: (sentences, dim), and first_sentence:
    (passages + 1,) of each passage. codes: (tokens, dim / 4), see `token_codes`, and first_token: (sentences + 1,).
    """

    passages: Sequence[Passage]
    languages: I64
    pooled: F32
    sentences: F32
    first_sentence: I64
    codes: U8
    first_token: I64


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedOfTable:
    """A question that passages of a table answer. language: place in LANGUAGES. right: (passage, its sentences that answer).

    source: the set it is from. held_out: not to be learned from.
    """

    table: int
    text: str
    language: int
    right: Sequence[tuple[int, Sequence[int]]]
    source: str
    held_out: bool


def read_table(store: VectorStore, dim: int, keep: Callable[[Passage], bool] = lambda passage: True) -> Table:
    """All passages of a store that are to be kept. dim: of its vectors."""
    languages, passages, pooled, parts = [], [], [], []
    for place, language in enumerate(LANGUAGES):
        if language not in store.languages:
            continue
        found = store.first_stage(language, np.full(dim, 1e-3, np.float32), [], _ALL, Filters())
        stored = [one.passage for one in store.stored(language, found.rows.tolist())]
        kept = [row for row, passage in enumerate(stored) if keep(passage)]
        passages += [stored[row] for row in kept]
        languages += [place] * len(kept)
        pooled.append(found.pooled[kept])
        parts.append(store.sentences(language, found.rows[kept]))
    return Table(
        passages=passages,
        languages=np.array(languages),
        pooled=np.concatenate(pooled).astype(np.float32),
        sentences=np.concatenate([part.vectors for part in parts]).astype(np.float32),
        first_sentence=_firsts([np.diff(part.starts) for part in parts]),
        codes=np.concatenate([part.codes for part in parts]),
        first_token=_firsts([part.token_counts for part in parts]),
    )


def _firsts(counts: Iterable[I64]) -> I64:
    return np.cumsum(np.concatenate([[0], *counts]))


def read_all(
    indexes: Indexes, qa: Path, xquad: Path, folder: Path, embedder: Embedder
) -> tuple[list[Table], list[AskedOfTable]]:
    """(tables, questions): of the invented news, XQuAD-R's even articles, our corpus, and other published sets."""
    even = {row.gold for row in indexes.xquad.questions if not row.is_odd}
    published = [*_published(qa, xquad)]
    texts = list(dict.fromkeys(one.texts[0].text for one in published))
    general = indexed([_article(number, text) for number, text in enumerate(texts)], folder, embedder)
    tables = [
        read_table(indexes.invented, embedder.dim),
        read_table(indexes.xquad.snapshot, embedder.dim, lambda passage: _number(passage) in even),
        read_table(indexes.corpus, embedder.dim),
        read_table(general, embedder.dim),
    ]
    asked = [
        *_invented(0, tables[0]),
        *_xquad(1, tables[1], indexes),
        *_corpus(2, tables[2], indexes.corpus),
        *_of_published(3, tables[3], published, texts),
    ]
    return tables, [one for one in asked if one.right]


def _invented(table: int, rows: Table) -> Iterator[AskedOfTable]:
    by_article = _by_article(rows)
    for number, story in enumerate(load_stories()):
        ids = article_ids(number, story)
        places = [place for article_id in ids for place in by_article.get(article_id, [])]
        for one in (one for one in story.questions if not one.is_loose):
            rights = holding_in(dict(zip(ids, one.answers, strict=True)))
            yield _asked(table, rows, one.question, places, rights, story.source, is_held_out(story.group))


def _xquad(table: int, rows: Table, indexes: Indexes) -> Iterator[AskedOfTable]:
    by_paragraph: dict[int, list[int]] = {}
    for place, passage in enumerate(rows.passages):
        by_paragraph.setdefault(_number(passage), []).append(place)
    for row in indexes.xquad.questions:
        if not row.is_odd:
            for text in row.text.values():
                held_out = row.article in HELD_OUT_XQUAD
                yield _asked(table, rows, text, by_paragraph[row.gold], gold(row), "xquad", held_out)


def _corpus(table: int, rows: Table, store: VectorStore) -> Iterator[AskedOfTable]:
    sentences = labelled(store)
    for one in load_questions(EVALS / "training.jsonl") + load_questions(EVALS / "questions.jsonl"):
        if one.split == "dev" and not one.after and one.kind != "small-talk":
            held_out = is_held_out_topic(one.topic)
            yield _asked(
                table, rows, one.question, range(len(rows.passages)), holding(one.answers, sentences), "corpus", held_out
            )


def _published(qa: Path, xquad: Path) -> Iterator[Example]:
    """Questions with an answer of SQuAD 2.0, CMRC 2018 and DRCD."""
    for name, source in (("squad2-dev-half", "squad"), ("cmrc2018-dev", "cmrc"), ("drcd-dev", "drcd")):
        for one in squad_like(qa / f"{name}.json", source, kept_titles(xquad) if source == "squad" else frozenset()):
            if one.texts[0].answers:
                yield one


def _of_published(table: int, rows: Table, published: Sequence[Example], texts: Sequence[str]) -> Iterator[AskedOfTable]:
    by_article, numbers = _by_article(rows), {text: number for number, text in enumerate(texts)}
    for one in published:
        (text,) = one.texts
        article = _article(numbers[text.text], text.text).article_id
        rights = holding_in({article: text.answers})
        yield _asked(table, rows, one.question, by_article.get(article, []), rights, one.source, is_held_out(one.paragraph))


def _asked(
    table: int, rows: Table, text: str, places: Iterable[int], rights: Rights, source: str, held_out: bool
) -> AskedOfTable:
    found = [(place, np.flatnonzero(rights(rows.passages[place])).tolist()) for place in places]
    return AskedOfTable(
        table=table,
        text=text,
        language=LANGUAGES.index(detect_language(text)),
        right=[(place, sentences) for place, sentences in found if sentences],
        source=source,
        held_out=held_out,
    )


def _by_article(rows: Table) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for place, passage in enumerate(rows.passages):
        found.setdefault(passage.article_id, []).append(place)
    return found


def _number(passage: Passage) -> int:
    """The number of an XQuAD-R paragraph, which has the same in each language."""
    return int(passage.article_id.partition("/")[2])


def _article(number: int, text: str) -> Article:
    language = detect_language(text)
    return as_article(f"{language}/{number:05d}", language, text, publisher="published")
