"""The output of `coopbot add`: a line for each source with what was found in it and what is missing, and a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from coopbot.cli.console import say, warn
from coopbot.errors import CoopbotError, Duplicate
from coopbot.escaping import escaped_line

if TYPE_CHECKING:
    from coopbot.editing import Result
    from coopbot.ingest.web.cited import Outcome, Visit

_NAMES = {"authors": "author", "published": "date", "url": "address"}


def say_result(source: str, result: Result) -> None:
    """Print the source's line; errors go to stderr."""
    if isinstance(result, CoopbotError):
        named = escaped_line(source)
        warn(str(result) if named in str(result) else f"{named}: {result}")
        return
    # A file's name may have line breaks.
    source, article = escaped_line(source), result.article
    if result.change == "joined":
        line = f"{source}: the same story as {article.article_id}, which now names its publisher too"
    else:
        about = ", ".join(filter(None, (article.publisher, str(article.published or ""))))
        line = f"{source}: {result.change} {article.article_id}: {article.title}" + (f" ({about})" if about else "")
    missing = ", ".join(_NAMES.get(field, field) for field in result.missing)
    say("; ".join(filter(None, (line, f"not found: {missing}" if missing else "", *result.notes))))


def as_fields(source: str, result: Result) -> dict[str, object]:
    """The source's entry in the --json list."""
    if isinstance(result, CoopbotError):
        return {"source": source, "error": str(result), "refused": not isinstance(result, Duplicate)}
    article = result.article
    return {
        "source": source,
        "change": result.change,
        "article_id": article.article_id,
        "title": article.title,
        "authors": list(article.authors),
        "publisher": article.publisher,
        "published": article.published,
        "url": article.url,
        "missing": list(result.missing),
        "notes": list(result.notes),
    }


def summary(results: Sequence[Result], *, dry_run: bool) -> str:
    """Counts by outcome: "3 added, 1 in the corpus already, 2 refused"."""
    counts = Counter[str]()
    for result in results:
        if isinstance(result, Duplicate):
            counts["in the corpus already"] += 1
        else:
            counts["refused" if isinstance(result, CoopbotError) else result.change] += 1
    text = ", ".join(f"{counts[outcome]} {outcome}" for outcome in _OUTCOMES if counts[outcome]) or "nothing new"
    return f"{text}; nothing is written" if dry_run else text


_OUTCOMES = ("added", "replaced", "joined", "in the corpus already", "refused")


def say_visit(url: str, visit: Visit) -> None:
    """Print what became of a visit to a cited page, unless the corpus has it as it is."""
    if visit.outcome == "added":
        say(f"{escaped_line(url)}: added {visit.article_id}")
    elif visit.reason:
        warn(f"{escaped_line(url)}: {visit.reason}")


def visits_summary(visits: Sequence[Visit]) -> str:
    """Counts by outcome: "cited pages: 250 added, 30 gone"."""
    counts = Counter(visit.outcome for visit in visits)
    text = ", ".join(f"{counts[outcome]} {words}" for outcome, words in _VISITS.items() if counts[outcome])
    return f"cited pages: {text}" if text else "cited pages: nothing to fetch; all were visited within a day"


_VISITS: dict[Outcome, str] = {
    "added": "added",
    "known": "in the corpus already",
    "unchanged": "unchanged",
    "gone": "gone",
    "different": "changed or to be paid for",
    "forbidden": "not permitted by their sites",
    "unreadable": "without a readable article",
    "silent": "did not answer (run it again to try them)",
}
