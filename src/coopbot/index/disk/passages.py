"""Articles and passages of a segment in one read-only SQLite file.

A passage's `row` numbers it within its language from 0; vectors, sentence vectors, tokens and postings use the same number.
"""

from __future__ import annotations

import json
import sqlite3
import weakref
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from coopbot.domain import Article, Attribution, Filters, Language, Passage, Source, Span
from coopbot.errors import IndexBroken, Misconfigured
from coopbot.index.filters import PLACES, PUBLISHERS, VALUE_FILTERS, ValueFilter, asked_keys, values_by_key, voices
from coopbot.index.types import I64, StoredPassage
from coopbot.records import from_json, to_json

# Articles that are kept as they were read: an answer asks for the same one about three times, and parsing takes a millisecond.
_KEPT = 32

_SCHEMA = """
CREATE TABLE articles (
    number INTEGER PRIMARY KEY, article_id TEXT UNIQUE NOT NULL, title TEXT NOT NULL, authors TEXT NOT NULL,
    publisher TEXT NOT NULL, published TEXT, url TEXT NOT NULL, language TEXT NOT NULL, text TEXT NOT NULL,
    sha256 TEXT NOT NULL, sources TEXT NOT NULL, also_published_by TEXT NOT NULL, attributions TEXT NOT NULL
);
CREATE TABLE passages (
    language TEXT NOT NULL, row INTEGER NOT NULL, article INTEGER NOT NULL REFERENCES articles, passage_id TEXT NOT NULL,
    start_char INTEGER NOT NULL, end_char INTEGER NOT NULL, text TEXT NOT NULL, heading_path TEXT NOT NULL,
    sentences BLOB NOT NULL,
    PRIMARY KEY (language, row)
) WITHOUT ROWID;
CREATE INDEX passages_of_article ON passages (article);
CREATE TABLE places (
    place_id TEXT NOT NULL, article INTEGER NOT NULL REFERENCES articles, PRIMARY KEY (place_id, article)
) WITHOUT ROWID;
CREATE TABLE voices (language TEXT NOT NULL, row INTEGER NOT NULL, publisher TEXT NOT NULL, first TEXT, last TEXT);
CREATE INDEX voices_of_publisher ON voices (language, publisher);
"""

# A row takes some kilobytes: it would span several default pages of 4 kB, and reading three would take 100 us instead of 30.
_PRAGMAS = "PRAGMA page_size=16384; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"

# Of articles that attribute sentences, `attributions` has these, and `voices` has who says something in a passage, and when; of
# others, both are empty.
_NONE = "[]"

# A sentence's span: two 32-bit integers.
_SPAN_BYTES = 8


class PassageWriter:
    """Fills a new file; `close` makes it complete. Raises Misconfigured where the disk is full."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._articles = 0
        with _writing(path):
            self._db = sqlite3.connect(path)
            self._db.executescript(_PRAGMAS + _SCHEMA)

    def add(self, article: Article, passages: Sequence[StoredPassage], places: Collection[str]) -> None:
        """One article with all its passages and the ids of the places that it names."""
        with _writing(self._path):
            self._db.execute(
                "INSERT INTO articles VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
                (
                    self._articles,
                    article.article_id,
                    article.title,
                    json.dumps(article.authors, ensure_ascii=False),
                    article.publisher,
                    article.published.isoformat() if article.published else None,
                    article.url,
                    article.language,
                    article.text,
                    article.sha256,
                    to_json(tuple[Source, ...], article.sources).decode(),
                    to_json(tuple[Source, ...], article.also_published_by).decode(),
                    to_json(tuple[Attribution, ...], article.attributions).decode(),
                ),
            )
            rows = []
            for stored in passages:
                passage = stored.passage
                spans = np.array([(span.start_char, span.end_char) for span in passage.sentences], dtype="<i4")
                rows.append(
                    (
                        stored.language,
                        stored.row,
                        self._articles,
                        passage.passage_id,
                        passage.start_char,
                        passage.end_char,
                        passage.text,
                        json.dumps(passage.heading_path, ensure_ascii=False),
                        spans.tobytes(),
                    )
                )
            self._db.executemany("INSERT INTO passages VALUES (?,?,?,?,?,?,?,?,?)", rows)
            spoken: list[tuple[str | int | None, ...]] = []
            for stored in passages if article.attributions else ():
                for voice in voices(article, *stored.passage.sentences):
                    first, last = (day.isoformat() for day in voice.when) if voice.when else (None, None)
                    for publisher in sorted(voice.publishers) or [""]:
                        spoken.append((stored.language, stored.row, publisher, first, last))
            self._db.executemany("INSERT INTO voices VALUES (?,?,?,?,?)", spoken)
            self._db.executemany("INSERT INTO places VALUES (?,?)", [(place, self._articles) for place in sorted(places)])
        self._articles += 1

    def close(self) -> None:
        """Write everything out."""
        with _writing(self._path):
            self._db.commit()
        self.release()

    def release(self) -> None:
        """Close the file, finished or not."""
        self._db.close()


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as exc:
        raise Misconfigured(
            f"{path} cannot be written ({exc}); make room on the disk or fix permissions, then run: coopbot index"
        ) from exc


class PassageStore:
    """Reads a file that `PassageWriter` filled. Safe to call from several threads."""

    def __init__(self, path: Path) -> None:
        # immutable: the file never changes, so no locks are taken and none are waited for.
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        try:
            # Threads share the connection, so SQL must call no Python function: one thread would wait for the interpreter while
            # it holds the connection, another for the connection while it holds the interpreter.
            self._db = sqlite3.connect(uri, uri=True, check_same_thread=False)
            # A connection and its cache of statements refer to each other: unclosed, it would keep its file open until garbage
            # is collected. Not at exit, when threads may still be reading.
            weakref.finalize(self, self._db.close).atexit = False
            self._db.execute("SELECT count(*) FROM passages")
            self._kept: dict[str, Article] = {}
            # Format 9 has none.
            self._attributes = any(row[1] == "attributions" for row in self._db.execute("PRAGMA table_info(articles)"))
        except sqlite3.Error as exc:
            raise IndexBroken(f"{path} cannot be read; run: coopbot index --force") from exc

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def article(self, article_id: str) -> Article | None:
        """One article by its id."""
        kept = self._kept.get(article_id)
        if kept is None:
            with closing(self._db.execute("SELECT * FROM articles WHERE article_id = ?", (article_id,))) as rows:
                found = rows.fetchone()
            if found is None:
                return None
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            kept = self._kept[article_id] = _to_article(found[1:])
        return kept

    def sha256_by_article(self) -> dict[str, str]:
        """The hash of each article's text and metadata when it was indexed."""
        return dict(self._db.execute("SELECT article_id, sha256 FROM articles"))

    def rows_of(self, article_ids: Collection[str]) -> dict[Language, list[int]]:
        """The rows of these articles' passages by language; unknown ids have none."""
        found: dict[Language, list[int]] = {}
        for article_id in article_ids:
            sql = "SELECT p.language, p.row FROM passages p JOIN articles a ON a.number = p.article WHERE a.article_id = ?"
            for language, row in self._db.execute(sql, (article_id,)).fetchall():
                found.setdefault(language, []).append(row)
        return found

    def sentences_without(self, article_ids: Collection[str]) -> int:
        """The number of sentences, excluding these articles."""
        sql = "SELECT a.article_id, sum(length(p.sentences)) FROM passages p JOIN articles a ON a.number = p.article GROUP BY 1"
        return sum(int(size) for article_id, size in self._db.execute(sql) if article_id not in article_ids) // _SPAN_BYTES

    def passages(self, language: Language, rows: Sequence[int]) -> list[StoredPassage]:
        """The passages at these rows, in the order given."""
        placeholders = ",".join("?" * len(rows))
        found = self._stored(f"p.language = ? AND p.row IN ({placeholders})", (language, *rows))
        by_row = {stored.row: stored for stored in found}
        return [by_row[row] for row in rows]

    def passages_of(self, article_id: str) -> list[StoredPassage]:
        """All passages of an article in order."""
        return self._stored("a.article_id = ? ORDER BY p.start_char", (article_id,))

    def _stored(self, condition: str, values: tuple[str | int, ...]) -> list[StoredPassage]:
        sql = f"SELECT p.*, a.article_id FROM passages p JOIN articles a ON a.number = p.article WHERE {condition}"
        found: list[StoredPassage] = []
        for language, number, _, passage_id, start, end, text, headings, sentences, article_id in self._db.execute(
            sql, values
        ).fetchall():
            spans = np.frombuffer(sentences, "<i4").reshape(-1, 2).tolist()
            passage = Passage(
                passage_id=passage_id,
                article_id=article_id,
                start_char=start,
                end_char=end,
                text=text,
                heading_path=tuple(json.loads(headings)),
                sentences=tuple(Span(start_char=first, end_char=last) for first, last in spans),
            )
            found.append(StoredPassage(passage=passage, language=language, row=number))
        return found

    def places_of(self, article_id: str) -> frozenset[str]:
        """The ids of the places that an article names."""
        sql = "SELECT place_id FROM places p JOIN articles a ON a.number = p.article WHERE a.article_id = ?"
        return frozenset(place for (place,) in self._db.execute(sql, (article_id,)))

    def rows_matching(self, language: Language, filters: Filters) -> I64 | None:
        """Rows of a language that pass the filters, or None if the filters are empty."""
        if filters.languages and language not in filters.languages:
            return np.zeros(0, dtype=np.int64)
        clauses: list[str] = []
        values: list[str] = []
        for one in VALUE_FILTERS:
            if one is not PUBLISHERS and (asked := asked_keys(one, filters)):
                clauses.append("p.article IN (SELECT value FROM json_each(?))")
                values.append(json.dumps(self._articles_with(one, asked)))
        if filters.publishers or filters.published_from or filters.published_to:
            # Passages of articles of these publishers and this time, and those in which one of these says something then.
            article_clauses, article_values = ["1"], list[str]()
            voice_clauses, voice_values = ["language = ?"], [str(language)]
            if asked := asked_keys(PUBLISHERS, filters):
                article_clauses.append("p.article IN (SELECT value FROM json_each(?))")
                article_values.append(json.dumps(self._articles_with(PUBLISHERS, asked)))
                voice_clauses.append("publisher IN (SELECT value FROM json_each(?))")
                voice_values.append(json.dumps(sorted(asked)))
            for operator, end, day in ((">=", "last", filters.published_from), ("<=", "first", filters.published_to)):
                if day is not None:
                    article_clauses.append(f"a.published {operator} ?")
                    article_values.append(day.isoformat())
                    voice_clauses.append(f"{end} {operator} ?")
                    voice_values.append(day.isoformat())
            clause = " AND ".join(article_clauses)
            values += article_values
            if self._attributes:
                rows = f"SELECT row FROM voices WHERE {' AND '.join(voice_clauses)}"
                clause = f"(a.attributions = '{_NONE}' AND {clause} OR p.row IN ({rows}))"
                values += voice_values
            clauses.append(clause)
        if not clauses:
            return None
        condition = " AND ".join(["p.language = ?", *clauses])
        found = self._db.execute(
            f"SELECT p.row FROM passages p JOIN articles a ON a.number = p.article WHERE {condition}", (language, *values)
        )
        return np.fromiter((row for (row,) in found), dtype=np.int64)

    def _articles_with(self, one: ValueFilter, asked: Collection[str]) -> list[int]:
        """The numbers of the articles that have one of these keys."""
        if one is PLACES:
            sql = "SELECT DISTINCT article FROM places WHERE place_id IN (SELECT value FROM json_each(?))"
            return [number for (number,) in self._db.execute(sql, (json.dumps(sorted(asked)),))]
        return sorted({number for key in asked for number in self._articles_by_key.get((one.field, key), ())})

    @cached_property
    def _articles_by_key(self) -> Mapping[tuple[str, str], Sequence[int]]:
        """The numbers of articles by field and key, of all filters but places: read once, as the file never changes."""
        found = defaultdict[tuple[str, str], list[int]](list)
        sql = (  # without the text, which is long, and of which only places are read
            "SELECT number, article_id, title, authors, publisher, published, url, language, '', sha256, sources, "
            f"also_published_by, '{_NONE}' FROM articles"
        )
        for number, *row in self._db.execute(sql).fetchall():
            article = _to_article(tuple(row))
            for one in VALUE_FILTERS:
                for key in () if one is PLACES else values_by_key(article, one):
                    found[one.field, key].append(number)
        return found


def _to_article(row: tuple[Any, ...]) -> Article:
    article_id, title, authors, publisher, published, url, language, text, sha256, sources, also_published_by, *rest = row
    return Article(
        article_id=article_id,
        title=title,
        authors=tuple(json.loads(authors)),
        publisher=publisher,
        published=date.fromisoformat(published) if published else None,
        url=url,
        language=language,
        text=text,
        sha256=sha256,
        sources=from_json(tuple[Source, ...], sources),
        also_published_by=from_json(tuple[Source, ...], also_published_by),
        attributions=from_json(tuple[Attribution, ...], rest[0]) if rest and rest[0] != _NONE else (),
    )
