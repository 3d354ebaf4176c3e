"""Commands that change the corpus and the index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coopbot.cli import parts
from coopbot.cli.console import AsJson, bar, say, say_either, say_json, warn
from coopbot.errors import CoopbotError, InvalidRequest, Misconfigured
from coopbot.settings import Settings, load_settings

if TYPE_CHECKING:
    from coopbot.editing import CorpusEditor, Result
    from coopbot.index.model.encoder import Encoder
    from coopbot.ingest.corpus.store import Corpus

Feeds = Annotated[list[str] | None, typer.Option("--feed", help="Address of an RSS or Atom feed; repeatable.")]


def index(
    force: Annotated[bool, typer.Option("--force", help="Write a new snapshot even if nothing changed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Update the index from the corpus. Only new text is embedded."""
    settings = load_settings()
    unread = _rebuild(settings, parts.embedder(settings), force=force, as_json=as_json)
    if unread:
        raise typer.Exit(1)


def add(
    sources: Annotated[
        list[str] | None,
        typer.Argument(help="Files, folders of them, or web addresses."),
    ] = None,
    feed: Feeds = None,
    cited: Annotated[bool, typer.Option("--cited", help="Fetch and add the pages that the articles cite.")] = False,
    no_index: Annotated[bool, typer.Option("--no-index", help="Only add to the corpus.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be added, and write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Clean sources into articles, put them into the corpus and index them."""
    from coopbot.cli import arrivals
    from coopbot.editing import failed
    from coopbot.state import State
    from coopbot.wiring import open_editor, open_state

    if not sources and not feed and not cited:
        raise InvalidRequest("sources", "nothing to add; name files, folders or addresses, or a feed with --feed")
    if cited and (sources or feed or dry_run):
        raise InvalidRequest("cited", "--cited takes no sources, feeds or --dry-run; leave those out")
    if dry_run and feed:
        raise InvalidRequest(
            "feed", "--dry-run does not take feeds, as each entry is read only once; name the address of an article"
        )
    settings = load_settings()
    editor = open_editor(settings, State(None) if dry_run else open_state(settings))
    if cited:
        _add_cited(editor, as_json=as_json)
        if not no_index and _rebuild(settings, parts.embedder(settings), quiet=as_json, corpus=editor.corpus):
            raise typer.Exit(1)
        return
    if dry_run:
        editor = replace(editor, corpus=editor.corpus.previewing())
    results = []
    for source, result in _results(editor, sources or [], feed or []):
        results.append((source, result))
        if not as_json:
            arrivals.say_result(source, result)
    summary = arrivals.summary([result for _, result in results], dry_run=dry_run)
    say_either(as_json, [arrivals.as_fields(source, result) for source, result in results], summary)
    unread = False
    if not (no_index or dry_run) and not all(isinstance(result, CoopbotError) for _, result in results):
        unread = _rebuild(settings, parts.embedder(settings), quiet=as_json, corpus=editor.corpus)
    # For a source named on the command line, being in the corpus already is a failure too.
    named = any(isinstance(result, CoopbotError) for source, result in results if source in (sources or []))
    if unread or named or any(failed(result) for _, result in results):
        raise typer.Exit(1)


def _add_cited(editor: CorpusEditor, *, as_json: bool) -> None:
    """Add the pages that the articles cite, and print what became of each."""
    from coopbot.cli import arrivals

    visits = []
    with bar("fetching cited pages") as progress:
        for url, visit in editor.add_cited(progress=progress):
            visits.append((url, visit))
            if not as_json:
                arrivals.say_visit(url, visit)
    entries = [{"url": url, "outcome": one.outcome, "article_id": one.article_id, "reason": one.reason} for url, one in visits]
    say_either(as_json, entries, arrivals.visits_summary([visit for _, visit in visits]))


def _results(editor: CorpusEditor, sources: list[str], feeds: list[str]) -> Iterator[tuple[str, Result]]:
    """Each source with its result; a failure does not stop the others."""
    from coopbot.ingest.addresses import is_meant_as_address

    for source in sources:
        try:
            if is_meant_as_address(source):
                yield source, editor.add_url(source)
            else:
                yield from editor.add_path(Path(source))
        except CoopbotError as exc:
            yield source, exc
    for feed in feeds:
        try:
            yield from editor.add_feed(feed)
        except CoopbotError as exc:
            yield feed, exc


def remove(
    article_ids: Annotated[list[str], typer.Argument(help="Ids of articles, for example ru/most.")],
    as_json: AsJson = False,
) -> None:
    """Remove articles from the corpus and the index: all of them, or none if one is unknown."""
    from coopbot.wiring import open_corpus

    settings = load_settings()
    open_corpus(settings).remove(*article_ids)
    say_either(as_json, {"removed": article_ids}, f"removed {', '.join(article_ids)}")
    _rebuild(settings, parts.embedder(settings), quiet=as_json)


def watch(
    feed: Feeds = None,
    minutes: Annotated[float, typer.Option("--minutes", min=1, help="How often feeds are read.")] = 15,
) -> None:
    """Watch the corpus folder and feeds, and keep the index up to date, until stopped."""
    from coopbot.hosting import open_changes
    from coopbot.serve.run import run_watch
    from coopbot.serve.watch import follow
    from coopbot.wiring import open_editor, open_state

    settings = load_settings()
    state = open_state(settings)
    editor = open_editor(settings, state, parts.embedder(settings))
    say(f"watching {settings.corpus_dir}" + "".join(f", {one}" for one in feed or []))
    changes = open_changes(settings, editor, state)
    run_watch(changes, follow(changes, settings.corpus_dir, feed or [], every_s=minutes * 60))


def snapshots(as_json: AsJson = False) -> None:
    """List the snapshots of the index, newest first."""
    from coopbot.index.disk.history import list_snapshots

    found = list_snapshots(_on_this_machine().index_dir)
    if as_json:
        say_json([asdict(snapshot) for snapshot in found])
        return
    for one in found:
        mark = "*" if one.current else " "
        about = one.fault or f"{one.articles} articles, {one.passages} passages, built {one.built_at}"
        say(f"{mark} {one.snapshot_id}  {about}")


def rollback(
    snapshot: Annotated[str | None, typer.Argument(help="Its name; the one before the current one if left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Serve an older snapshot. The next `coopbot index` follows the corpus again."""
    from coopbot.index.disk.history import roll_back

    settings = _on_this_machine()
    now = roll_back(settings.index_dir, parts.embedder(settings).fingerprint, snapshot)
    say_either(as_json, {"snapshot": now}, f"{now} is current; the next coopbot index follows the corpus again")


def backup(file: Annotated[Path, typer.Argument(help="Where to write it.")], as_json: AsJson = False) -> None:
    """Write corpus and index into one file."""
    from coopbot.backup import back_up

    settings = _on_this_machine()
    saved = back_up(settings.corpus_dir, settings.index_dir, file)
    say_either(as_json, asdict(saved), f"{saved.articles} articles and snapshot {saved.snapshot} are in {saved.file}")


def restore(file: Annotated[Path, typer.Argument(help="The file that coopbot backup wrote.")], as_json: AsJson = False) -> None:
    """Restore corpus and index from one file. The corpus folder must be empty."""
    from coopbot.backup import restore as restore_backup

    settings = _on_this_machine()
    found = restore_backup(file, settings.corpus_dir, settings.index_dir)
    done = f"{found.articles} articles are in {settings.corpus_dir}; snapshot {found.snapshot} is current"
    say_either(as_json, asdict(found), done)


def _on_this_machine() -> Settings:
    """The settings, if the index is on disk. Raises Misconfigured if it is in Milvus."""
    settings = load_settings()
    if settings.milvus.uri is not None:
        raise Misconfigured(
            "the index is in Milvus: use its own tools for backups, and copy the corpus folder; see docs/scaling.md"
        )
    return settings


def _rebuild(
    settings: Settings,
    embedder: Encoder,
    *,
    force: bool = False,
    as_json: bool = False,
    quiet: bool = False,
    corpus: Corpus | None = None,
) -> bool:
    """Update the index and print the report. Returns whether any corpus file could not be read."""
    from coopbot.wiring import rebuild

    with bar("indexing articles") as progress:
        report, unreadable = rebuild(settings, embedder, force=force, progress=progress, corpus=corpus)
    for problem in unreadable:
        warn(f"not indexed: {problem}")
    if as_json:
        errors = [{"source": problem.source, "reason": problem.reason} for problem in unreadable]
        say_json({**asdict(report), "unreadable": errors})
    elif not quiet:
        done = "nothing changed: "
        if report.written:
            done = f"{len(report.added)} added, {len(report.changed)} changed, {len(report.removed)} removed, "
            done += f"{report.reused} as before; {report.embedded} passages embedded; "
        say(f"{done}{report.articles} articles, {report.passages} passages in {report.snapshot}")
    return bool(unreadable)
