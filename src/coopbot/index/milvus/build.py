"""One generation in the making: rows of articles that come, marks on those that go, and the row that puts it in force."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from uuid import uuid4

from coopbot.domain import LANGUAGES, Article, Language, Passage
from coopbot.errors import Busy
from coopbot.index.manifest import Facts
from coopbot.index.milvus.client import Milvus
from coopbot.index.milvus.generations import Generation, in_force, read_generations
from coopbot.index.milvus.rows import (
    TEXT,
    VECTORS,
    Version,
    article_row,
    blob_rows,
    dump_article,
    dump_passage,
    dump_vectors,
    load_versions,
    number,
    passage_row,
    version_at,
)
from coopbot.index.milvus.schema import NOTHING, Names, Row
from coopbot.index.milvus.upkeep import oldest_kept, undo
from coopbot.index.milvus.words import counts_from, term_key, term_row
from coopbot.index.rows import ArticleRows
from coopbot.index.shard import PassageVectors

# A build of so many has Milvus index them before they can be asked for: searching what is not indexed takes time by the row.
_FLUSHED = 500
# Words counted together.
_TERMS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Numbered:
    """A passage on its way to its rows."""

    article: Article
    number: int
    passage: Passage
    vectors: PassageVectors
    words: list[str]

    def blobs(self) -> list[Row]:
        """What is read of it when it is found."""
        text = dump_passage(self.passage, self.article.language)
        return blob_rows(self.number, TEXT, text) + blob_rows(self.number, VECTORS, dump_vectors(self.vectors))


class Build:
    """The generation after `base`. `begin`, then `add` and `remove` as often as need be, then `finish`."""

    def __init__(self, milvus: Milvus, names: Names, base: Generation | None, facts: Facts) -> None:
        self._milvus = milvus
        self._names = names
        self._base = base
        self._facts = facts
        # Tells this build's row from that of another machine.
        self._writer = uuid4().hex
        self._number = base.number + 1 if base else 1
        self._count = 0
        self._oldest = 0
        self._articles = base.articles if base else 0
        self._sentences = base.sentences if base else 0
        self._passages: Counter[Language] = Counter(base.passages if base else {})
        self._words: Counter[Language] = Counter(base.words if base else {})
        self._term_changes: Counter[int] = Counter()

    def begin(self) -> None:
        """Undo what a killed build left, and say that this one has begun. Raises Busy."""
        rows = read_generations(self._milvus, self._names)
        self._require_base(rows)
        if rows and rows[-1]["id"] >= self._number:
            undo(self._milvus, self._names, self._number)
        complete = [Generation.load(row["content"]) for row in rows if row["complete"]]
        self._oldest = oldest_kept(complete) if complete else 0
        self._say(complete=0, content="")

    def add(self, group: Sequence[ArticleRows]) -> None:
        """Articles, in the place of those with the same ids."""
        histories = self._retire([one.article.article_id for one in group])
        blobs: list[Row] = []
        passages: list[_Numbered] = []
        for one in group:
            first = self._next_number()
            own = [self._numbered(one.article, *row) for row in one]
            blobs += [
                *blob_rows(first, TEXT, dump_article(one.article)),
                *(row for numbered in own for row in numbered.blobs()),
            ]
            passages += own
            histories.setdefault(one.article.article_id, []).append(self._version(one.article, own, first))
        self._milvus.upsert(self._names["blobs"], blobs)
        for language in LANGUAGES:
            some = [numbered for numbered in passages if numbered.article.language == language]
            self._milvus.upsert(self._names["passages"], self._passage_rows(some), partition=language)
        self._milvus.upsert(self._names["articles"], [article_row(key, versions) for key, versions in histories.items()])

    def remove(self, article_ids: Sequence[str]) -> None:
        """Articles that are gone."""
        gone = Version(born=self._number)
        rows = [article_row(key, [*versions, gone]) for key, versions in self._retire(article_ids).items()]
        self._milvus.upsert(self._names["articles"], rows)

    def finish(self) -> Generation:
        """Put the generation in force. Raises Busy."""
        self._write_terms()
        if self._count >= _FLUSHED:
            self._flush()
        generation = Generation(
            number=self._number,
            snapshot_id=self._snapshot_id(),
            facts=self._facts,
            articles=self._articles,
            passages={language: self._passages[language] for language in LANGUAGES if self._passages[language]},
            sentences=self._sentences,
            words={language: self._words[language] for language in LANGUAGES if self._passages[language]},
        )
        rows = read_generations(self._milvus, self._names)
        self._require_base(rows)
        if (rows[-1]["id"], rows[-1]["writer"]) != (self._number, self._writer):
            raise self._busy()
        self._say(complete=1, content=generation.dump())
        return generation

    def _require_base(self, rows: Sequence[Row]) -> None:
        found = in_force(rows)
        if (found.number if found else 0) != self._number - 1:
            raise self._busy()

    def _busy(self) -> Busy:
        return Busy(f"another machine is writing the index in Milvus at {self._milvus.address}; try again when it has finished")

    def _say(self, *, complete: int, content: str) -> None:
        row = {"id": self._number, "complete": complete, "writer": self._writer, "content": content, **NOTHING}
        self._milvus.upsert(self._names["generations"], [row])

    def _snapshot_id(self) -> str:
        built = datetime.fromisoformat(self._facts.built_at)
        digest = sha256(json.dumps([self._number, asdict(self._facts)]).encode()).hexdigest()[:8]
        return f"{built:%Y%m%dT%H%M%S}{built.microsecond // 1000:03d}Z-{digest}"

    def _next_number(self) -> int:
        self._count += 1
        return number(self._number, self._count)

    def _numbered(self, article: Article, passage: Passage, vectors: PassageVectors, words: list[str]) -> _Numbered:
        return _Numbered(article=article, number=self._next_number(), passage=passage, vectors=vectors, words=words)

    def _version(self, article: Article, passages: Sequence[_Numbered], first: int) -> Version:
        version = Version(
            born=self._number,
            sha256=article.sha256,
            language=article.language,
            first=first,
            passages=len(passages),
            sentences=sum(len(one.passage.sentences) for one in passages),
            words=sum(len(one.words) for one in passages),
        )
        self._count_in(version, 1)
        return version

    def _count_in(self, version: Version, times: int) -> None:
        self._articles += times
        self._sentences += times * version.sentences
        self._passages[version.language] += times * version.passages
        self._words[version.language] += times * version.words

    def _retire(self, article_ids: Sequence[str]) -> dict[str, list[Version]]:
        """The versions so far of those articles that are known; those that are alive die with this generation."""
        rows = self._milvus.get(self._names["articles"], "article_id", article_ids, ["article_id", "versions"])
        histories = {row["article_id"]: load_versions(row["versions"]) for row in rows}
        alive = [version for versions in histories.values() if (version := version_at(versions, self._number))]
        language_of = {one: version.language for version in alive for one in version.numbers}
        for row in self._milvus.get(self._names["passages"], "id", list(language_of), ["id", "words"]):
            self._term_changes.subtract(term_key(language_of[row["id"]], word) for word in row["words"])
        for language in LANGUAGES:
            dying = [{"id": one, "died": self._number} for one, own in language_of.items() if own == language]
            self._milvus.upsert(self._names["passages"], dying, partition=language, partial=True)
        for version in alive:
            self._count_in(version, -1)
        return histories

    def _passage_rows(self, passages: Sequence[_Numbered]) -> list[Row]:
        rows = [passage_row(one.article, self._number, one.number, one.vectors, one.words) for one in passages]
        for one, row in zip(passages, rows, strict=True):
            self._term_changes.update(term_key(one.article.language, word) for word in row["words"])
        return rows

    def _write_terms(self) -> None:
        """How many passages have each word, where that changes."""
        changes = [(key, change) for key, change in self._term_changes.items() if change]
        for start in range(0, len(changes), _TERMS):
            some = changes[start : start + _TERMS]
            rows = self._milvus.get(self._names["terms"], "id", [key for key, _ in some], ["id", "counts"])
            known: dict[int, Sequence[int]] = {row["id"]: row["counts"] for row in rows}
            terms = (term_row(key, counts_from(known.get(key, ()), change, self._number, self._oldest)) for key, change in some)
            self._milvus.upsert(self._names["terms"], list(terms))

    def _flush(self) -> None:
        # Not the generations: they are few, and what is being flushed may be out of sight for a moment.
        self._milvus.flush(self._names["passages"])
        self._milvus.flush(self._names["blobs"])
        self._milvus.flush(self._names["articles"])
        self._milvus.flush(self._names["terms"])
