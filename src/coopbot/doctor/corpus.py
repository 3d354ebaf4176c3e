"""Checks the corpus folder: is it there, is every file readable, are there duplicates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from coopbot.doctor.check import Check, bytes_of, check, size
from coopbot.domain import Article
from coopbot.errors import Unreadable
from coopbot.ingest.corpus.near import band_keys, is_same_story
from coopbot.ingest.corpus.store import Corpus
from coopbot.ingest.formats.readers import Read, read_bytes

# Items listed in a detail; the rest are only counted.
_NAMED = 5
# Articles that share a key are compared with at most this many: a more common key says little.
_COMPARED = 10


def look_at_corpus(corpus_dir: Path, read: Read = read_bytes) -> tuple[list[Check], Mapping[str, str] | None]:
    """The checks, and the hash of each readable article; None if the folder is not readable. `read` reads file contents."""
    # No catalogue on disk, so that checking changes nothing.
    listed, found = check("corpus", lambda: _listed(corpus_dir, read))
    if found is None:
        return [listed], None
    articles = [one for one in found if isinstance(one, Article)]
    unreadable = [one for one in found if isinstance(one, Unreadable)]
    checks = [listed]
    if unreadable:
        detail = f"{len(unreadable)} of {len(found)} files: {_some([str(one) for one in unreadable])}; fix or remove them"
        checks = [Check(name="corpus", ok=False, detail=detail)]
    pairs = [f"{one} = {other}" for one, other in _twins(articles)]
    detail = f"{len(pairs)} articles are there twice: {_some(pairs)}; coopbot remove one of each"
    checks.append(Check(name="duplicates", ok=not pairs, detail=detail if pairs else "no article is there twice"))
    if files := sorted(corpus_dir.rglob(".*.tmp")):  # left by a killed `coopbot add`
        detail = f"{size(bytes_of(files))} of interrupted additions, never read: {_some([str(file) for file in files])}"
        checks.append(Check(name="corpus leftovers", ok=True, detail=f"{detail}; unless coopbot add is running, delete them"))
    return checks, {article.article_id: article.sha256 for article in articles}


def _listed(corpus_dir: Path, read: Read) -> tuple[str, list[Article | Unreadable]]:
    found = list(Corpus(corpus_dir, read=read))
    return f"{len(found)} articles in {corpus_dir}", found


def _twins(articles: Sequence[Article]) -> Iterator[tuple[str, str]]:
    """Pairs of ids: an earlier article and its duplicate or near duplicate."""
    by_text: dict[str, str] = {}
    by_key: defaultdict[tuple[str, int], list[Article]] = defaultdict(list)
    for article in articles:
        if article.text in by_text:
            yield by_text[article.text], article.article_id
            continue
        by_text[article.text] = article.article_id
        keys = [(article.language, key) for key in band_keys(article.text)]
        alike = {other.article_id: other for key in keys for other in by_key[key][:_COMPARED]}
        twin = next((other for other in alike.values() if is_same_story(other.text, article.text)), None)
        if twin:
            yield twin.article_id, article.article_id
        for key in keys:
            by_key[key].append(article)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return "; ".join(names[:_NAMED]) + more
