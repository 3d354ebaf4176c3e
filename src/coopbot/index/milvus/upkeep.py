"""What a build in Milvus does before and after: undo what a killed one left, delete what no generation needs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from coopbot.domain import LANGUAGES
from coopbot.index.milvus.client import Milvus
from coopbot.index.milvus.generations import Generation, read_generations
from coopbot.index.milvus.rows import (
    Version,
    article_row,
    blob_key,
    load_versions,
    number,
    split_versions,
)
from coopbot.index.milvus.schema import FOREVER, KINDS, Names, Row
from coopbot.index.milvus.words import term_row

# Generations that stay readable: the newest three, and those that were in force not long ago, for who is still reading them.
KEPT_GENERATIONS = 3
_KEPT = timedelta(minutes=5)

# Articles whose rows are deleted in one call.
_TOGETHER = 50


def start_anew(milvus: Milvus, names: Names, dim: int) -> None:
    """Empty collections in the place of what a killed build may have left: what the alias does not stand for, nobody reads."""
    if milvus.alias_target(names.prefix) == names["generations"]:
        milvus.drop_alias(names.prefix)
    for collection in milvus.collections():
        if collection.startswith(names.stem):
            milvus.drop(collection)
    for kind in KINDS:
        milvus.create(names[kind], kind, dim)


def undo(milvus: Milvus, names: Names, generation: int) -> None:
    """Take back all that was written for a generation that never came into force. Cut short, it can be done again."""
    milvus.delete(names["passages"], f"born >= {generation}")
    for language in LANGUAGES:
        marked = f"died >= {generation} and died < {FOREVER}"
        dying = list(milvus.scan(names["passages"], marked, ["id"], partition=language))
        alive = [{"id": row["id"], "died": FOREVER} for row in dying]
        milvus.upsert(names["passages"], alive, partition=language, partial=True)
    milvus.delete(names["blobs"], f"id >= {blob_key(number(generation, 0), 0)}")
    articles: dict[str, list[Version]] = {}
    for row in milvus.scan(names["articles"], f"latest >= {generation}", ["article_id", "versions"]):
        articles[row["article_id"]] = [one for one in load_versions(row["versions"]) if one.born < generation]
    _write_versions(milvus, names, articles)
    terms: list[Row] = []
    new: list[int] = []
    for row in milvus.scan(names["terms"], f"latest >= {generation}", ["id", "counts"]):
        pairs = zip(row["counts"][::2], row["counts"][1::2], strict=True)
        counts = [value for pair in pairs if pair[0] < generation for value in pair]
        if counts:
            terms.append(term_row(row["id"], counts))
        else:
            new.append(row["id"])
    milvus.upsert(names["terms"], terms)
    milvus.delete_keys(names["terms"], "id", new)


def oldest_kept(generations: Sequence[Generation]) -> int:
    """The oldest of these, which come oldest first, that stays readable. One at least is needed."""
    now = datetime.fromisoformat(generations[-1].facts.built_at)
    oldest = generations[-1]
    for place, (earlier, later) in enumerate(zip(generations[-2::-1], generations[:0:-1], strict=True), start=2):
        if place > KEPT_GENERATIONS and now - datetime.fromisoformat(later.facts.built_at) > _KEPT:
            break
        oldest = earlier
    return oldest.number


def prune(milvus: Milvus, names: Names) -> None:
    """Delete what counts in no generation that is kept. Cut short, it is made up for by the next."""
    complete = [Generation.load(row["content"]) for row in read_generations(milvus, names) if row["complete"]]
    oldest = oldest_kept(complete)
    milvus.delete_keys(names["generations"], "id", [one.number for one in complete if one.number < oldest])
    rows = list(milvus.scan(names["articles"], f"superseded <= {oldest}", ["article_id", "versions"]))
    for start in range(0, len(rows), _TOGETHER):
        split = {
            row["article_id"]: split_versions(load_versions(row["versions"]), oldest) for row in rows[start : start + _TOGETHER]
        }
        _delete_content(milvus, names, [version for _, dead in split.values() for version in dead])
        _write_versions(milvus, names, {article_id: kept for article_id, (kept, _) in split.items()})


def drop_others(milvus: Milvus, names: Names) -> None:
    """Drop the collections of other models and formats: they were in force before the last build, no more."""
    ours = re.compile(rf"{re.escape(names.prefix)}_[0-9a-f]{{8}}_({'|'.join(KINDS)})")
    for collection in milvus.collections():
        if ours.fullmatch(collection) and not collection.startswith(names.stem):
            milvus.drop(collection)


def _delete_content(milvus: Milvus, names: Names, versions: Sequence[Version]) -> None:
    if versions:
        milvus.delete(names["passages"], " or ".join(f"(id >= {one.first} and id < {one.end})" for one in versions))
        keys = ((blob_key(one.first, 0), blob_key(one.end, 0)) for one in versions)
        milvus.delete(names["blobs"], " or ".join(f"(id >= {first} and id < {end})" for first, end in keys))


def _write_versions(milvus: Milvus, names: Names, articles: dict[str, list[Version]]) -> None:
    """Rows of `articles` as they shall be; those without versions go."""
    milvus.upsert(names["articles"], [article_row(key, versions) for key, versions in articles.items() if versions])
    milvus.delete_keys(names["articles"], "article_id", [key for key, versions in articles.items() if not versions])
