from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from benchmarks.hostile.bombs import pdf_bomb
from coopbot.domain import Source, When
from coopbot.errors import Busy, Unreadable
from coopbot.ingest.draft import Draft
from coopbot.ingest.formats import sandbox as sandbox_module
from coopbot.ingest.formats.markdown import render_article
from coopbot.ingest.formats.readers import LARGEST_FILE_BYTES, read_bytes
from coopbot.ingest.formats.sandbox import OverLimit, Sandbox
from coopbot.ingest.web.feed import read_feed
from coopbot.sections import ReadLimits

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]

DRAFT = Draft(
    title="Мост и порт",
    text="The ferry carries 400 passengers.\n\n## 渡轮\n\nПаром ходит до октября.",
    authors=("A. Low", "Б. Иванов"),
    publisher="River Daily",
    published=date(2025, 4, 3),
    url="https://news.example/ferry",
    language="ru",
    sources=(Source(publisher="P", title="T", url="https://a.example/b", published=When("2024-01-02"), facts=("one", "two")),),
    also_published_by=(Source(publisher="Q"),),
)
SLOW = pdf_bomb(50, 2_000_000)  # minutes


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as one:
        yield one


def pid_of(sandbox: Sandbox) -> int:
    assert sandbox._worker is not None
    return sandbox._worker.process.pid


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 20
    while is_running(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_drafts_and_reasons_are_those_of_the_readers(sandbox: Sandbox) -> None:
    data = render_article(DRAFT).encode()
    assert sandbox.read(data, "a.md") == read_bytes(data, "a.md") == DRAFT
    pid = pid_of(sandbox)
    bad = {"a.md": b"", "b.txt": b"\xff\xfe", "c.pdf": b"%PDF-1.4", "d.docx": b"x", "e.md": b"---\nx: 1\n---\n"}
    for name, content in bad.items():
        with pytest.raises(Unreadable) as there:
            sandbox.read(content, name)
        with pytest.raises(Unreadable) as here:
            read_bytes(content, name)
        assert str(there.value) == str(here.value)
    assert pid_of(sandbox) == pid  # one process reads them all


def test_feeds_are_read_there_too(sandbox: Sandbox) -> None:
    item = "<item><title>Мост</title><link>https://a.example/1</link><pubDate>Sat, 10 May 2025 08:00:00 +1000</pubDate></item>"
    feed = f"<rss version='2.0'><channel>{item}</channel></rss>".encode()
    assert sandbox.read_feed(feed, "https://a.example/feed") == read_feed(feed, "https://a.example/feed")
    with pytest.raises(Unreadable, match="not an RSS or Atom feed"):
        sandbox.read_feed(b"<html></html>", "https://a.example/feed")


def test_what_needs_no_look_inside_starts_no_process() -> None:
    with Sandbox() as one:
        for data, name in ((b"x", "a.xlsx"), (b"x" * (LARGEST_FILE_BYTES + 1), "a.md")):
            with pytest.raises(Unreadable):
                one.read(data, name)
        assert one._worker is None


def test_a_document_that_takes_too_long_is_given_up() -> None:
    with Sandbox(ReadLimits(timeout_s=1.5)) as one:
        with pytest.raises(OverLimit, match=r"slow\.pdf: reading it takes longer than 1\.5 s; .* COOPBOT_READ_TIMEOUT_S"):
            one.read(SLOW, "slow.pdf")
        assert not is_running(pid_of(one))


def test_a_document_that_takes_too_much_memory_is_given_up_and_the_next_is_read(sandbox: Sandbox) -> None:
    with Sandbox(ReadLimits(memory_mb=128)) as one:
        one.read(b"# A\n\nText.", "a.md")
        before = pid_of(one)
        with pytest.raises(OverLimit, match=r"large\.html: .* more than 128 MB of memory; .* COOPBOT_READ_MEMORY_MB"):
            one.read(b"<p>a" * 500_000, "large.html")
        assert one.read(b"# A\n\nText.", "a.md").text == "Text."
        assert pid_of(one) != before


def test_a_document_that_gives_too_much_text_is_given_up() -> None:
    with Sandbox(ReadLimits(output_mb=1)) as one:
        with pytest.raises(OverLimit, match=r"gives more than 1 MB of text; .* COOPBOT_READ_OUTPUT_MB"):
            one.read("перегруппировка ".encode() * 36_000, "a.md")
        assert one.read(b"# A\n\nText.", "a.md").text == "Text."


def test_a_process_that_is_killed_is_replaced(sandbox: Sandbox) -> None:
    sandbox.read(b"# A\n\nText.", "a.md")
    os.kill(pid_of(sandbox), signal.SIGKILL)
    assert sandbox.read(b"# A\n\nText.", "a.md").text == "Text."


def test_a_process_reads_so_many_documents(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_module, "_MOST_DOCUMENTS", 0)
    sandbox.read(b"# A\n\nText.", "a.md")
    before = pid_of(sandbox)
    sandbox.read(b"# A\n\nText.", "a.md")
    assert pid_of(sandbox) != before
    assert not is_running(before)


def test_closing_ends_a_document_at_once() -> None:
    one = Sandbox()
    one.read(b"# A\n\nText.", "a.md")
    pid = pid_of(one)
    found: list[BaseException] = []

    def read() -> None:
        try:
            one.read(SLOW, "slow.pdf")
        except Busy as error:
            found.append(error)

    reading = threading.Thread(target=read)
    reading.start()
    time.sleep(0.3)
    one.close()
    reading.join(20)
    assert len(found) == 1
    assert "the service is stopping" in str(found[0])
    wait_until_gone(pid)
    with pytest.raises(Busy):
        one.read(b"# A\n\nText.", "a.md")


def test_signals_to_all_processes_leave_the_document_to_the_parent(sandbox: Sandbox) -> None:
    sandbox.read(b"# A\n\nText.", "a.md")
    pid = pid_of(sandbox)
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(pid, number)
    assert sandbox.read(b"# A\n\nText.", "a.md").text == "Text."
    assert pid_of(sandbox) == pid


PARENT = """
import sys, threading
from coopbot.ingest.formats.sandbox import Sandbox
from benchmarks.hostile.bombs import pdf_bomb
one = Sandbox()
one.read(b"# A\\n\\nText.", "a.md")
print(one._worker.process.pid, flush=True)
one.read(pdf_bomb(50, 2_000_000), "slow.pdf")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_process_dies_with_its_parent_in_the_middle_of_a_document() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        time.sleep(0.5)
        assert is_running(pid)
        parent.kill()
        wait_until_gone(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_process_gets_no_secrets_and_is_bounded(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COOPBOT_ADMIN_TOKEN", "only-for-this-test-of-secrets")
    with Sandbox() as one:
        one.read(b"# A\n\nText.", "a.md")
        process = Path(f"/proc/{pid_of(one)}")
        assert b"COOPBOT" not in (process / "environ").read_bytes()
        limits = {line[:26].strip(): line[26:].split()[0] for line in (process / "limits").read_text().splitlines()}
        assert limits["Max address space"] == "512000000"
        assert limits["Max file size"] == limits["Max core file size"] == "0"
        assert limits["Max open files"] == "64"
        assert int((process / "stat").read_text().rpartition(")")[2].split()[16]) >= 10
