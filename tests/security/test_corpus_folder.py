"""What a hostile corpus folder or a hostile page may not do: crash a command, lead out of the folder, steer a terminal."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coopbot.cli import arrivals
from coopbot.cli.console import say, say_json, warn
from coopbot.domain import Article, Source
from coopbot.editing import CorpusEditor
from coopbot.errors import CoopbotError, Duplicate, InvalidRequest, NotFound, Unreadable
from coopbot.escaping import escaped_line, escaped_text
from coopbot.index.build import BuildReport
from coopbot.index.model.embedder import Progress
from coopbot.ingest.corpus.arrival import FIELDS, Arrival
from coopbot.ingest.corpus.store import Corpus
from coopbot.ingest.draft import Draft
from coopbot.ingest.formats.markdown import read_markdown, render_article
from coopbot.ingest.formats.readers import read_bytes
from coopbot.ingest.tidy import normal_form, one_line
from coopbot.ingest.web.feed import read_feed
from coopbot.state import State
from tests.fakes import make_article

ARTICLE = "---\ntitle: Ferry\n---\nThe ferry carries {} passengers a day.\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "corpus"
    (root / "en").mkdir(parents=True)
    (root / "en" / "good.md").write_text(ARTICLE.format(400))
    return root


def reasons(root: Path) -> dict[str, str]:
    """What is refused in a corpus folder. The good article is read all the same."""
    found = list(Corpus(root))
    assert [one.article_id for one in found if isinstance(one, Article)] == ["en/good"]
    return {one.source: one.reason for one in found if isinstance(one, Unreadable)}


def added(root: Path, path: Path) -> dict[str, CoopbotError | None]:
    """What became of the files of another folder."""

    def reindex(progress: Progress) -> BuildReport:
        raise AssertionError("the corpus alone is changed here")

    editor = CorpusEditor(corpus=Corpus(root), state=State(None), rebuild=reindex)
    results = dict(editor.add_path(path))
    return {name: result if isinstance(result, CoopbotError) else None for name, result in results.items()}


def test_links_in_circles_are_named(root: Path) -> None:
    (root / "en" / "loop.md").symlink_to("loop.md")
    (root / "en" / "one.md").symlink_to("two.md")
    (root / "en" / "two.md").symlink_to("one.md")
    (root / "en" / "folder").symlink_to(root)
    assert reasons(root) == {
        "en/loop.md": "the link leads in a circle; remove it",
        "en/one.md": "the link leads in a circle; remove it",
        "en/two.md": "the link leads in a circle; remove it",
        "en/folder": "a link to a folder, which is not followed; put the files themselves there",
    }


def test_links_out_of_the_folder_and_to_nothing_are_named(root: Path) -> None:
    (root.parent / "secret.md").write_text(ARTICLE.format(1))
    (root / "en" / "out.md").symlink_to(root.parent / "secret.md")
    (root / "en" / "nothing.md").symlink_to(root / "absent.md")
    (root / "en" / "device.md").symlink_to("/dev/zero")
    assert reasons(root) == {
        "en/out.md": "the link leads out of the folder; put the file itself there",
        "en/nothing.md": "the link leads nowhere; remove it",
        "en/device.md": "the link leads out of the folder; put the file itself there",
    }


def test_pipes_and_sockets_are_named_and_not_opened(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(root / "en" / "pipe.md")
    monkeypatch.chdir(root / "en")  # the address of a socket is short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.md")
        assert reasons(root) == {
            "en/pipe.md": "a pipe, not a file; remove it",
            "en/socket.md": "a socket, not a file; remove it",
        }


@pytest.mark.parametrize(
    "name", ["new\nline.md", "\x1b[2Jclear.md", "bell\a.md", "\x9b31mred.md", "\u202emd.exe.md", "a\\b.md"]
)
def test_a_name_that_no_id_may_have_is_refused_and_printed_harmlessly(root: Path, name: str) -> None:
    (root / "en" / name).write_text(ARTICLE.format(500))
    ((source, reason),) = reasons(root).items()
    assert reason.endswith("rename it")
    assert source.isprintable()
    with pytest.raises(NotFound):
        Corpus(root).read(f"en/{name.removesuffix('.md')}")


def test_a_folder_that_is_added_is_held_to_the_same(root: Path, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    (inbox / "sub").mkdir(parents=True)
    (inbox / "good.md").write_text(ARTICLE.format(600))
    (inbox / "same.md").symlink_to(inbox / "good.md")
    (inbox / "loop.md").symlink_to("loop.md")
    (inbox / "out.md").symlink_to(root / "en" / "good.md")
    (inbox / "sub" / "up").symlink_to(inbox)
    (inbox / "e\x1bsc.md").write_text(ARTICLE.format(700))
    os.mkfifo(inbox / "pipe.md")
    errors = added(root, inbox)
    assert errors.pop(str(inbox / "good.md")) is None
    assert isinstance(errors.pop(str(inbox / "same.md")), Duplicate)
    assert {Path(name).name for name in errors} == {"loop.md", "out.md", "up", "e\x1bsc.md", "pipe.md"}
    assert all(isinstance(error, Unreadable) and str(error).isprintable() for error in errors.values())


def test_a_name_too_long_for_the_system_is_no_file(root: Path) -> None:
    (error,) = added(root, Path("a" * 5000 + ".md")).values()
    assert isinstance(error, Unreadable)


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,<script>", "file:///etc/passwd", "//host/a", "https://a\tb"]
)
def test_only_web_addresses_are_stored(root: Path, url: str) -> None:
    draft = Draft(title="T", text="The harbour is open.", url=url)
    with pytest.raises(InvalidRequest, match="not an address"):
        Corpus(root).add(draft)
    with pytest.raises(InvalidRequest, match="not an address"):
        Corpus(root).add(Draft(title="T", text="The harbour is open.", sources=(Source(publisher="P", url=url),)))
    quoted = f'"{url}"'.replace("\t", "\\t")
    for meta in (
        f"url: {quoted}",
        f"sources: [{{publisher: P, url: {quoted}}}]",
        f"also_published_by: [{{publisher: P, url: {quoted}}}]",
    ):
        with pytest.raises(Unreadable, match="url must be an address"):
            read_markdown(f"---\n{meta}\n---\nText.\n", "a.md")


def test_a_feed_leads_to_web_addresses_only() -> None:
    for url in ("javascript:alert(1)", "data:text/html,a", "file:///etc/passwd"):
        feed = f"<rss version='2.0'><channel><item><link>{url}</link></item></channel></rss>"
        assert read_feed(feed.encode(), "https://a.example") == ()


PAGE = """<html><head><title>Ferry</title><link rel="canonical" href="{url}"><meta property="og:url" content="{url}"></head>
<body><article><h1>Ferry</h1><p>The ferry carries 400 passengers a day, the port said on Friday. It is open from May on.</p>
<p>In winter the ice is thick enough for lorries, which cross by a road over the river, officials said.</p>
</article></body></html>"""


@pytest.mark.parametrize("url", ["javascript:alert(1)//https://a.example/", "data:text/html,a", "ftp://a.example/a"])
def test_a_page_may_declare_no_other_address(url: str) -> None:
    assert read_bytes(PAGE.format(url=url).encode(), "a.html").url == ""


# Whatever strangers write in a field.
PIECES = ["-", "\n", "---\n", "\n---", "url: javascript:x", ":", "#", "'", '"', "\x1b[2J", "\u2028", "a", "é", "[", "{"]
PIECES += ["&a", "*a", "!!python", "\t", "<b>", "![a](b)", "\\", "`", "\x9b", "|"]
HOSTILE = st.lists(st.sampled_from(PIECES), max_size=12).map("".join).map(one_line)


@settings(max_examples=100, derandomize=True)
@given(title=HOSTILE, publisher=HOSTILE, author=HOSTILE, body=HOSTILE)
def test_no_field_can_add_another_to_the_front_matter(title: str, publisher: str, author: str, body: str) -> None:
    text = normal_form(f"Text. {body}")
    draft = Draft(
        title=title or "T",
        text=text,
        publisher=publisher,
        authors=(author,) if author else (),
        sources=(Source(publisher=publisher or "P", title=title),),
    )
    assert read_markdown(render_article(draft), "a.md") == draft


@given(st.text(max_size=40))
@settings(max_examples=100, derandomize=True)
def test_nothing_printed_steers_a_terminal(text: str) -> None:
    assert "\x1b" not in escaped_text(text)
    line = escaped_line(text)
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in line)
    line.encode()


def test_a_file_is_one_line_of_what_add_prints_whatever_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    article = make_article("en/a", "Text.", title=one_line("A\ntitle"), publisher="P")
    arrivals.say_result("a\nb: added en/c.md", Arrival(article=article, change="added", recovered=FIELDS))
    arrivals.say_result("a\nb.pdf", Unreadable("a\nb.pdf", "damaged"))
    printed = capsys.readouterr()
    assert printed.out == "a\\u000ab: added en/c.md: added en/a: A title (P, 2025-05-10)\n"
    assert printed.err == "a\\u000ab.pdf: damaged\n"


def test_what_commands_print_is_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    say("\x1b[2J :smile: [bold]title[/bold] \x9b31m \u202eright")
    say_json({"title": "\x1b]0;t\a \x9b"})
    warn(str(Unreadable("a\x1b\n.md", "front matter\x1b")))
    printed = capsys.readouterr()
    assert (
        printed.out
        == '\\u001b[2J :smile: [bold]title[/bold] \\u009b31m \\u202eright\n{\n  "title": "\\u001b]0;t\\u0007 \\u009b"\n}\n'
    )
    assert printed.err == "a\\u001b\\u000a.md: front matter\\u001b\n"
