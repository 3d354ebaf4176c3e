"""What a hostile document may not do: take the time or memory of the service, or make a reader fail in a way nobody expects."""

from __future__ import annotations

import random
import time
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import docx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmarks.hostile.bombs import docx_bomb, pdf_bomb
from coopbot.editing import CorpusEditor
from coopbot.errors import Unreadable
from coopbot.index.build import BuildReport
from coopbot.index.model.embedder import Progress
from coopbot.ingest.corpus.store import Corpus
from coopbot.ingest.draft import Draft
from coopbot.ingest.formats.readers import ENDINGS, FORMATS, read_bytes
from coopbot.ingest.formats.sandbox import OverLimit, Sandbox
from coopbot.ingest.web.feed import read_feed
from coopbot.sections import ReadLimits
from coopbot.serve.changes import Changes
from coopbot.state import State

TEXT = "The ferry carries 400 passengers a day, the port said on Friday. It is open from May to October, and free of charge."


def word_document() -> bytes:
    document = docx.Document()
    document.add_heading("Ferry opens", 1)
    document.add_paragraph(TEXT)
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "Passengers", "400"
    out = BytesIO()
    document.save(out)
    return packed(dict(parts_of(out.getvalue())))


def parts_of(package: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(BytesIO(package)) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def packed(parts: dict[str, bytes]) -> bytes:
    """The same bytes for the same parts: without the time of day."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, part in parts.items():
            archive.writestr(zipfile.ZipInfo(name), part, zipfile.ZIP_DEFLATED)
    return out.getvalue()


# A real document of each format, small.
REAL = {
    ".md": f"---\ntitle: Ferry\npublished: 2025-05-10\nurl: https://a.example/b\n---\n{TEXT}\n\n## Head\n\n* a\n* b\n".encode(),
    ".txt": f"Ferry opens\n\nBy Anna Low | River Daily | 3 April 2025\n\n{TEXT}\n\n© River Daily".encode(),
    ".html": f"<html><head><meta charset=utf-8><title>Ferry</title></head><body><p>{TEXT}</p></body></html>".encode(),
    ".pdf": pdf_bomb(2, 300),
    ".docx": word_document(),
}


def draft_or_reason(data: bytes, name: str) -> Draft | Unreadable:
    """What a reader gives. Any other error fails the test, a draft that cannot be stored too."""
    try:
        draft = read_bytes(data, name)
    except Unreadable as error:
        return error
    assert draft.text.strip()
    draft.title.encode()
    draft.text.encode()
    return draft


def test_there_is_a_document_of_each_format() -> None:
    assert set(REAL) == {one.extensions[0] for one in FORMATS}


@pytest.mark.parametrize("ending", REAL)
def test_the_real_documents_are_read(ending: str) -> None:
    assert isinstance(draft_or_reason(REAL[ending], f"a{ending}"), Draft)


@settings(max_examples=100, derandomize=True)
@given(data=st.binary(max_size=600), ending=st.sampled_from(ENDINGS))
@example(data=b"http://[", ending=".txt")
@example(data=b"---\nurl: 'http://['\n---\nText.", ending=".md")
def test_any_bytes_give_a_draft_or_a_reason(data: bytes, ending: str) -> None:
    draft_or_reason(data, f"a{ending}")


@settings(max_examples=60, derandomize=True)  # pages take long
@given(text=st.text(max_size=400), ending=st.sampled_from((".md", ".txt", ".html")))
def test_any_text_gives_a_draft_or_a_reason(text: str, ending: str) -> None:
    draft_or_reason(text.encode("utf-8", "replace"), f"a{ending}")


FRAGMENTS = [
    "---\n",
    "title: ",
    "url: ",
    "http://[",
    "&a [",
    "*a",
    "!!python/object:os.system x",
    "2025-13-45",
    "{",
    "}",
    "- ",
    "\n",
    "a",
    "|",
]
FRAGMENTS += [
    "\t",
    "<p>",
    "<table>",
    "<tr>",
    "&#x0;",
    "&#xd800;",
    "<![CDATA[",
    "<svg>",
    "```",
    "> ",
    "1. ",
    "0x",
    "é",
    "\x1b",
    "\u2028",
    '"',
]


@settings(max_examples=60, derandomize=True)  # pages take long
@given(text=st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join), ending=st.sampled_from((".md", ".txt", ".html")))
@example(text="<svg><p><p>", ending=".html")
def test_any_markup_gives_a_draft_or_a_reason(text: str, ending: str) -> None:
    draft_or_reason(text.encode(), f"a{ending}")


def mutated(data: bytes, seed: int) -> bytes:
    """The document with some bytes changed, removed, repeated or cut off; of a package, of one of its parts."""
    chance = random.Random(seed)
    if data.startswith(b"PK") and chance.random() < 0.8:
        return _repacked(data, chance)
    return _mutated(data, chance)


def _mutated(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(changed) + 1)
        length = chance.choice((1, 1, 4, 30))
        piece = bytes(changed[place : place + length])
        changed[place : place + length] = chance.choice(
            (b"", chance.randbytes(length), piece * 3, b"<", b"/", b" 99999999 ", b"\0")
        )
    return bytes(changed[: chance.randrange(len(changed) + 1)] if chance.random() < 0.1 else changed)


def _repacked(data: bytes, chance: random.Random) -> bytes:
    parts = dict(parts_of(data))
    victim = chance.choice(list(parts))
    part = parts.pop(victim)
    if chance.random() < 0.8:
        parts[victim] = _mutated(part, chance)
    return packed(parts)


# Seeds of damage that readers met with errors of libraries.
KNOWN = {".docx": (1584, 1964, 5534), ".pdf": (1958, 3548)}


@pytest.mark.parametrize("ending", REAL)
def test_a_damaged_document_gives_a_draft_or_a_reason(ending: str) -> None:
    for seed in (*range(60), *KNOWN.get(ending, ())):
        draft_or_reason(mutated(REAL[ending], seed), f"a{ending}")


def test_a_damaged_feed_gives_entries_or_a_reason() -> None:
    item = "<item><title>a</title><link>https://a.example/1</link><pubDate>Sat, 10 May 2025 08:00:00 +1000</pubDate></item>"
    feed = f'<?xml version="1.0"?><rss version="2.0"><channel><title>b</title>{item * 3}</channel></rss>'.encode()
    for seed in range(150):
        try:
            entries = read_feed(mutated(feed, seed), "https://a.example/feed")
        except Unreadable:
            continue
        assert all(entry.startswith(("http://", "https://")) for entry in entries)


def deep_yaml() -> bytes:
    return b"---\nsources: " + b"[" * 100_000 + b"\n---\nText.\n"


def laughs() -> bytes:
    lines = [b"a0: &a0 [x]"] + [b"a%d: &a%d [%s]" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 10)) for n in range(1, 12)]
    return b"---\n" + b"\n".join(lines) + b"\nauthors: *a11\n---\nText.\n"


# What took minutes or gigabytes of the service: one docx of 0.65 MB for 180 MB, one PDF of 30 kB whose 200 pages share 2 MB.
BOMBS: dict[str, Callable[[], bytes]] = {
    "bomb.docx": lambda: docx_bomb(180_000_000),
    "shared.pdf": lambda: pdf_bomb(200, 2_000_000),
    "long.txt": lambda: b"a" * 15_000_000,
    "list.md": lambda: b"- [" * 4_000_000,
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(ReadLimits(memory_mb=256, timeout_s=2, output_mb=2)) as one:
        yield one


@pytest.mark.process
@pytest.mark.parametrize("name", BOMBS)
def test_a_decompression_bomb_is_refused(sandbox: Sandbox, name: str) -> None:
    data = BOMBS[name]()
    assert len(data) < 20_000_000
    # A text that is too long for an article is refused before it is read through; the others run into a limit.
    with pytest.raises((OverLimit, Unreadable), match=r"give a smaller or simpler copy|too long .* give the article alone"):
        sandbox.read(data, name)


@pytest.mark.process
def test_stopping_the_service_does_not_wait_for_a_document(tmp_path: Path) -> None:
    def reindex(progress: Progress) -> BuildReport:
        raise AssertionError("nothing is added here")

    with Sandbox(ReadLimits(timeout_s=600)) as one:
        corpus = Corpus(tmp_path / "corpus", read=one.read)
        editor = CorpusEditor(corpus=corpus, state=State(None), rebuild=reindex, read=one.read, stop=one.close)
        with Changes(editor, State(None)) as changes:
            change = changes.add_file(pdf_bomb(200, 2_000_000), "slow.pdf")
            while changes.get(change.change_id).state == "queued" or one._worker is None or one._worker.documents == 0:
                time.sleep(0.01)
        assert changes.get(change.change_id).state == "queued"


@pytest.mark.parametrize("data", [deep_yaml(), laughs()], ids=["deep", "laughs"])
def test_front_matter_cannot_grow(data: bytes) -> None:
    assert isinstance(draft_or_reason(data, "a.md"), Unreadable)
