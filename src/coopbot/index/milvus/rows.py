"""Records to rows of Milvus and back: passages, blobs in parts, articles with versions."""

from __future__ import annotations

import base64
import json
import zlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np

from coopbot.domain import Article, Language, Passage, Source, Span
from coopbot.index.lexical import I64
from coopbot.index.milvus.schema import FOREVER, MOST_PUBLISHERS, NOTHING, Row, publisher_key
from coopbot.index.milvus.words import word_weights
from coopbot.index.passages import StoredPassage
from coopbot.index.shard import F16, PassageVectors
from coopbot.index.token_codes import U8

# Numbers: passages and articles are numbered by generation and, within it, by the order of writing.
_NUMBER_BITS = 28
# A number has two blobs: what is read as text, and vectors. Each has up to 4,096 parts of 48 kB.
_PART_BITS = 12
TEXT, VECTORS = 0, 1

# Characters of base64 a part; a multiple of 4, so that each part decodes by itself, with room for the count of parts.
_PART_CHARS = 65_520


def number(generation: int, count: int) -> int:
    """The number of what is written as the `count`-th of a generation."""
    return generation << _NUMBER_BITS | count


def blob_key(numbered: int, kind: int, part: int = 0) -> int:
    """The primary key of a part of a blob. All blobs of a run of numbers are a run of keys."""
    return (numbered << 1 | kind) << _PART_BITS | part


def blob_rows(numbered: int, kind: int, data: bytes) -> list[Row]:
    """Bytes as rows; the first says how many there are."""
    text = base64.b64encode(data).decode()
    parts = [text[start : start + _PART_CHARS] for start in range(0, len(text), _PART_CHARS)] or [""]
    parts[0] = f"{len(parts)} {parts[0]}"
    return [{"id": blob_key(numbered, kind, at), "content": part, **NOTHING} for at, part in enumerate(parts)]


def parts_of(first: str) -> int:
    """How many parts a blob has, by its first."""
    return int(first.partition(" ")[0])


def join_blob(parts: Sequence[str]) -> bytes:
    """The bytes that `blob_rows` took apart."""
    return base64.b64decode("".join([parts[0].partition(" ")[2], *parts[1:]]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """An article from generation `born` on: its text is at `first`, its passages at the numbers after it. `sha256` is empty
    where the article is gone from then on. `words` counts those of its passages.
    """

    born: int
    sha256: str = ""
    language: Language = "en"
    first: int = 0
    passages: int = 0
    sentences: int = 0
    words: int = 0

    @property
    def end(self) -> int:
        """One past its last number."""
        return self.first + 1 + self.passages

    @property
    def numbers(self) -> range:
        """Those of its passages."""
        return range(self.first + 1, self.end)


def version_at(versions: Sequence[Version], generation: int) -> Version | None:
    """The version that counts in a generation, or None."""
    place = bisect_right([version.born for version in versions], generation) - 1
    return versions[place] if place >= 0 and versions[place].sha256 else None


def split_versions(versions: Sequence[Version], oldest: int) -> tuple[list[Version], list[Version]]:
    """(those that count in generation `oldest` or later, those that have text and do so no more)."""
    ends = [*(version.born for version in versions[1:]), FOREVER]
    kept = [version for version, end in zip(versions, ends, strict=True) if end > oldest]
    dead = [version for version, end in zip(versions, ends, strict=True) if end <= oldest and version.sha256]
    # That an article is gone need not be remembered when no generation is left that has it.
    return ([] if not kept[0].sha256 and len(kept) == 1 and kept[0].born <= oldest else kept), dead


def article_row(article_id: str, versions: Sequence[Version]) -> Row:
    """A row of `articles`. `superseded` is when the oldest version that is kept ceased to count."""
    ends = [version.born for version in versions[1:]] or [FOREVER if versions[0].sha256 else versions[0].born]
    return {
        "article_id": article_id,
        "latest": versions[-1].born,
        "superseded": ends[0],
        "versions": json.dumps([asdict(version) for version in versions]),
        **NOTHING,
    }


def load_versions(text: str) -> list[Version]:
    """From `article_row`."""
    return [Version(**fields) for fields in json.loads(text)]


def passage_row(article: Article, generation: int, numbered: int, vectors: PassageVectors, words: Sequence[str]) -> Row:
    """A row of `passages`."""
    names = (article.publisher, *(source.publisher for source in (*article.sources, *article.also_published_by)))
    return {
        "id": numbered,
        "publishers": list(dict.fromkeys(map(publisher_key, names)))[:MOST_PUBLISHERS],
        "published": article.published.toordinal() if article.published else 0,
        "born": generation,
        "died": FOREVER,
        "pooled": vectors.pooled.tolist(),
        "words": word_weights(words, article.language),
        "length": len(words),
    }


def dump_vectors(vectors: PassageVectors) -> bytes:
    """What is read of a passage that was found: sentences, and tokens by sentence."""
    counts = vectors.token_counts.astype("<i4")
    return (
        len(counts).to_bytes(4, "little")
        + counts.tobytes()
        + vectors.sentences.astype("<f2").tobytes()
        + vectors.codes.tobytes()
    )


def load_vectors(data: bytes, dim: int) -> tuple[F16, U8, I64]:
    """(sentences, dim) vectors, (tokens, dim / 4) codes and (sentences,) counts from `dump_vectors`."""
    sentences = int.from_bytes(data[:4], "little")
    at = 4 + 4 * sentences
    end = at + 2 * dim * sentences
    return (
        np.frombuffer(data[at:end], "<f2").reshape(sentences, dim),
        np.frombuffer(data[end:], np.uint8).reshape(-1, dim // 4),
        np.frombuffer(data[4:at], "<i4").astype(np.int64),
    )


def dump_passage(passage: Passage, language: Language) -> bytes:
    """A passage."""
    return _dump({"passage": asdict(passage), "language": language})


def load_passage(data: bytes, row: int) -> StoredPassage:
    """From `dump_passage`."""
    fields = json.loads(zlib.decompress(data))
    passage = fields["passage"]
    return StoredPassage(
        passage=Passage(
            **{
                **passage,
                "heading_path": tuple(passage["heading_path"]),
                "sentences": tuple(Span(**span) for span in passage["sentences"]),
            }
        ),
        language=fields["language"],
        row=row,
    )


def dump_article(article: Article) -> bytes:
    """An article."""
    return _dump(asdict(article))


def load_article(data: bytes) -> Article:
    """From `dump_article`."""
    fields = json.loads(zlib.decompress(data))
    return Article(
        **{
            **fields,
            "published": _day(fields["published"]),
            "authors": tuple(fields["authors"]),
            "sources": _sources(fields["sources"]),
            "also_published_by": _sources(fields["also_published_by"]),
        }
    )


def _dump(fields: dict[str, Any]) -> bytes:
    return zlib.compress(json.dumps(fields, ensure_ascii=False, default=date.isoformat).encode(), level=1)


def _sources(several: Sequence[dict[str, Any]]) -> tuple[Source, ...]:
    return tuple(
        Source(**{**source, "published": _day(source["published"]), "facts": tuple(source["facts"])}) for source in several
    )


def _day(iso: str | None) -> date | None:
    return date.fromisoformat(iso) if iso else None
