"""The command line with the real model and real files: in this process, and in one of its own what only that shows."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.cases import check_each
from tests.invoke import Invoke

ARTICLE = """---
title: A railway bridge
publisher: River News
published: 2025-05-10
language: en
---
The Tongjiang railway bridge opened to traffic on 16 November 2022.

The bridge carried more than 6 million tonnes of cargo in 2025.
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a corpus of one article."""
    (tmp_path / "corpus" / "en").mkdir(parents=True)
    (tmp_path / "corpus" / "en" / "bridge.md").write_text(ARTICLE, encoding="utf-8")
    return tmp_path


def run(place: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """A process of its own, as a person would start it."""
    # stderr apart and UTF-8, as a terminal would have it
    return subprocess.run(
        [sys.executable, "-m", "coopbot", *arguments],
        cwd=place,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environ},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


@pytest.mark.model
@pytest.mark.process
def test_index_ask_search_add_remove(place: Path, invoke: Invoke) -> None:
    indexed = json.loads(invoke("index", "--json").stdout)
    assert (indexed["added"], indexed["unreadable"]) == (["en/bridge"], [])
    assert "nothing changed" in invoke("index").stdout

    answer = json.loads(invoke("ask", "--json", "When did the Tongjiang bridge open?").stdout)
    assert answer["citations"][0]["quote"].endswith("16 November 2022.")
    shown = run(place, "ask", "When did the Tongjiang bridge open?").stdout
    assert "16 November 2022. [1]" in shown
    assert "River News · 10 May 2025\n    en/bridge:0-67" in shown

    hits = json.loads(invoke("search", "--json", "cargo over the bridge").stdout)["hits"]
    assert hits[0]["article_id"] == "en/bridge"
    assert json.loads(invoke("search", "--json", "cargo over the bridge", "--place", "Heihe").stdout)["hits"] == []
    named = json.loads(invoke("ask", "--json", "When did the bridge open?", "--place", "tongjiang-bridge").stdout)
    assert {citation["article_id"] for citation in named["citations"]} == {"en/bridge"}

    (place / "port.txt").write_text(
        "Порт Зарубино\n\n12 мая 2025\n\nПорт Зарубино стоит в заливе Посьета, в 18 км от границы с Китаем. "
        "Через него собираются возить зерно и контейнеры из провинции Цзилинь.\n",
        encoding="utf-8",
    )
    (added,) = json.loads(invoke("add", "--json", "port.txt").stdout)
    answer = json.loads(invoke("ask", "--json", "Сколько километров от порта Зарубино до границы?").stdout)
    assert answer["citations"][0]["article_id"] == added["article_id"]

    assert invoke("remove", added["article_id"]).returncode == 0
    answer = json.loads(invoke("ask", "--json", "Сколько километров от порта Зарубино до границы?").stdout)
    assert added["article_id"] not in {citation["article_id"] for citation in answer["citations"]}


@pytest.mark.model
@pytest.mark.process
def test_asking_imports_neither_torch_nor_sentence_transformers(place: Path, invoke: Invoke) -> None:
    assert invoke("index").returncode == 0
    script = (
        "import sys; sys.argv = ['coopbot', 'ask', 'When did the bridge open?']\n"
        "from coopbot.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted(m for m in ('torch', 'sentence_transformers', 'transformers', 'nncf', 'fastapi') if m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=place, capture_output=True, text=True, encoding="utf-8", timeout=120, check=True
    )
    assert done.stdout.strip().endswith("[]")


@pytest.mark.model
@pytest.mark.process
def test_files_that_cannot_be_read_are_named_and_the_rest_is_indexed(place: Path, invoke: Invoke) -> None:
    corpus = place / "corpus" / "en"
    (corpus / "empty.md").write_bytes(b"")
    (corpus / "latin.md").write_bytes("---\ntitle: x\n---\nна берегу".encode("cp1251"))
    (corpus / "broken.pdf").write_bytes(b"%PDF-1.7 nothing")
    with (corpus / "huge.md").open("wb") as file:
        file.truncate(50_000_000)
    done = invoke("index", "--json")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert {error["source"] for error in report["unreadable"]} == {"en/empty.md", "en/latin.md", "en/broken.pdf", "en/huge.md"}
    assert all(error["reason"] for error in report["unreadable"])
    assert report["articles"] == 1
    answer = json.loads(invoke("ask", "--json", "When did the Tongjiang bridge open?").stdout)
    assert answer["outcome"] in ("answered", "possible")


REFUSALS: list[tuple[list[str], dict[str, str], int, str]] = [
    (["ask", " "], {}, 2, "the question is empty"),
    (["ask", ""], {}, 2, "the question is empty"),
    (["ask", "я" * 501], {}, 2, "the question"),
    (["ask", "x"], {"COOPBOT_COLOUR": "red"}, 1, "COOPBOT_COLOUR"),
    (["ask", "x", "--language", "fr"], {}, 2, "languages"),
    (["ask", "x", "--from", "soon"], {}, 2, "published_from"),
    (["ask", "x", "--place", "Atlantis"], {}, 2, "are amurzet, "),
    (["search", "x", "--place", "Amur"], {}, 2, "are amurzet, "),
    (["remove", "../secret"], {}, 1, "no article"),
]
REFUSALS_WITH_A_MODEL: list[tuple[list[str], dict[str, str], int, str]] = [
    (["ask", "x"], {}, 1, "coopbot index"),
    (["index"], {"COOPBOT_CORPUS_DIR": "nowhere"}, 1, "COOPBOT_CORPUS_DIR"),
    (["index"], {"COOPBOT_INDEX_DIR": "corpus/en/bridge.md"}, 1, "COOPBOT_INDEX_DIR"),
]


def is_refused(invoke: Invoke, arguments: list[str], environ: dict[str, str], code: int, message: str) -> None:
    done = invoke(*arguments, **environ)
    assert done.returncode == code
    assert message in done.stderr
    assert done.stderr.startswith("coopbot: ")
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_an_error_is_one_line_that_ends_with_what_to_do(invoke: Invoke) -> None:
    check_each(REFUSALS, lambda case: is_refused(invoke, *case))


@pytest.mark.model
def test_errors_of_the_index_are_one_line_too(invoke: Invoke) -> None:
    check_each(REFUSALS_WITH_A_MODEL, lambda case: is_refused(invoke, *case))


@pytest.mark.model
@pytest.mark.process
def test_the_bot_without_a_token_and_bad_questions_are_refused_with_an_index_too(invoke: Invoke) -> None:
    assert invoke("index").returncode == 0
    is_refused(invoke, ["telegram"], {}, 1, "COOPBOT_TELEGRAM_TOKEN")
    for question in ("", "   ", "я" * 501):
        is_refused(invoke, ["ask", question], {}, 2, "the question")


@pytest.mark.process
def test_a_process_exits_with_the_code_and_the_line(place: Path) -> None:
    done = run(place, "ask", " ")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("coopbot: the question is empty")


@pytest.mark.server  # and not `model`: it would fail if it loaded one
def test_a_port_in_use_is_reported_before_the_model_is_loaded(invoke: Invoke) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        by_setting = invoke("serve", COOPBOT_PORT=port)
        by_option = invoke("serve", "--host", "127.0.0.1", "--port", port, COOPBOT_HOST="192.0.2.1", COOPBOT_PORT="1")
    for done in (by_setting, by_option):
        assert done.returncode == 1
        assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
        assert "COOPBOT_PORT" in done.stderr


@pytest.mark.model
@pytest.mark.process
def test_the_doctor_reports_faults_and_how_to_fix_them(place: Path, invoke: Invoke) -> None:
    assert invoke("index").returncode == 0
    assert invoke("doctor").returncode == 0
    next((place / "index" / "snapshots").glob("*/*/en/tokens.u8")).write_bytes(b"x")
    done = invoke("doctor", "--json")
    assert done.returncode == 1
    bad = [check for check in json.loads(done.stdout) if not check["ok"]]
    assert bad
    assert all("coopbot index" in check["detail"] for check in bad)


@pytest.mark.model
@pytest.mark.process
def test_nothing_is_reported_to_anybody(place: Path) -> None:
    """OpenVINO sends telemetry when it is imported, unless it cannot."""
    script = (
        "import sys\n"
        "from coopbot.settings import load_settings\n"
        "from coopbot.wiring import open_embedder\n"
        "open_embedder(load_settings())\n"
        "print(sys.modules['openvino_telemetry'], 'openvino' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=place, capture_output=True, text=True, encoding="utf-8", timeout=120, check=True
    )
    assert done.stdout.strip() == "None True"


@pytest.mark.model
@pytest.mark.process
def test_folders_duplicates_and_corrections_are_distinguished(place: Path, invoke: Invoke) -> None:
    inbox = place / "inbox"
    inbox.mkdir()
    ferry = "---\ntitle: The ferry\nurl: https://news.example/ferry\n---\n\nThe ferry carries {} passengers a day.\n"
    (inbox / "ferry.md").write_text(ferry.format(400), encoding="utf-8")
    (inbox / "notes.xyz").write_text("not ours", encoding="utf-8")
    first = invoke("add", "--no-index", "--json", "inbox")
    assert [result["change"] for result in json.loads(first.stdout)] == ["added"]
    again = invoke("add", "--no-index", "inbox/ferry.md")
    assert again.returncode == 1
    assert "already in the corpus as en/the-ferry" in again.stderr
    (inbox / "ferry.md").write_text(ferry.format(500), encoding="utf-8")
    assert "inbox/ferry.md: replaced en/the-ferry" in invoke("add", "inbox").stdout
    answer = json.loads(invoke("ask", "--json", "How many passengers does the ferry carry a day?").stdout)
    assert "500 passengers" in answer["citations"][0]["quote"]


@pytest.mark.process
def test_add_reports_each_source_and_the_counts(place: Path, invoke: Invoke) -> None:
    inbox = place / "inbox"
    inbox.mkdir()
    ferry = "The ferry adds a trip\nSource: River Daily\n12 May 2025\n\nThe ferry carries 400 passengers a day. Most work here."
    (inbox / "ferry.txt").write_text(ferry, encoding="utf-8")
    (inbox / "menu.txt").write_text("Home\nNews\nShare", encoding="utf-8")
    for options, end in ((["--dry-run"], "; nothing is written"), (["--no-index"], "")):
        done = invoke("add", *options, "inbox")
        added = "inbox/ferry.txt: added en/the-ferry-adds-a-trip: The ferry adds a trip (River Daily, 2025-05-12)"
        assert done.stdout.splitlines() == [f"{added}; not found: author, address", f"1 added, 1 refused{end}"]
        assert "inbox/menu.txt: no article text" in done.stderr
        assert done.returncode == 1
    assert invoke("add", "--dry-run", "--feed", "https://news.example/feed").returncode == 2


@pytest.mark.process
def test_cited_pages_that_may_not_be_fetched_are_named_and_visited_once_a_day(place: Path, invoke: Invoke) -> None:
    address = "http://127.0.0.1/fare"
    note = f"footnotes:\n  fare: {{sources: [{{publisher: TASS, url: {address!r}}}]}}\n"
    brief = f"---\ntitle: The fare\n{note}---\nThe fare is 5 yuan.[^fare]\n"
    (place / "corpus" / "en" / "fare.md").write_text(brief, encoding="utf-8")
    assert invoke("add", "--cited", "inbox").returncode == 2
    done = invoke("add", "--cited", "--no-index")
    assert "not on the public internet" in done.stderr
    assert (done.returncode, done.stdout) == (0, "cited pages: 1 without a readable article\n")
    assert invoke("add", "--cited", "--no-index").stdout == "cited pages: nothing to fetch; all were visited within a day\n"


@pytest.mark.model
@pytest.mark.process
def test_bad_pages_among_good_ones_change_nothing_else(place: Path, invoke: Invoke) -> None:
    invoke("index")
    trip = "The ferry between Lindenport and Osterquay sails four times a day, the harbour office said on Monday."
    french = "Le bac entre les deux rives part quatre fois par jour, a annoncé jeudi la capitainerie du port. " * 4
    pictures = "".join(f"<figure><img src='{n}.jpg'><figcaption>The quay, {n}</figcaption></figure>" for n in range(9))
    bad = {
        "french.txt": french,
        "table.txt": "Timetable\n" + "\n".join(f"Lindenport {hour}:00 Osterquay {hour}:40" for hour in range(7, 20)),
        "gallery.html": f"<html><body><h1>Gallery</h1>{pictures}</body></html>",
        "novel.txt": f"{trip} " * 50_000,
    }
    taken = {
        "ferry.txt": f"The ferry adds a trip\n\n{trip}",
        "future.md": f"---\ntitle: The ferry of tomorrow\npublished: 2999-01-01\n---\n\n{trip} It will have five decks.\n",
        "title.md": f"---\ntitle: {'Ferry ' * 90}\n---\n\n{trip} It has two decks.\n",
    }
    inbox = place / "inbox"
    inbox.mkdir()
    for name, text in {**bad, **taken}.items():
        (inbox / name).write_text(text, encoding="utf-8")
    done = invoke("add", "--json", "inbox")
    results = {Path(one["source"]).name: one for one in json.loads(done.stdout)}
    assert {name for name, one in results.items() if one.get("change") == "added"} == set(taken)
    assert {name for name, one in results.items() if one.get("error")} == set(bad)
    assert results["future.md"]["published"] is None
    assert len(results["title.md"]["title"]) <= 121
    assert len(list((place / "corpus").rglob("*.md"))) == 1 + len(taken)
    answer = json.loads(invoke("ask", "--json", "When did the Tongjiang bridge open?").stdout)
    assert answer["citations"][0]["article_id"] == "en/bridge"


def test_a_private_address_is_not_fetched(invoke: Invoke) -> None:
    done = invoke("add", "http://127.0.0.1:9/page.html")
    assert done.returncode == 1
    assert "127.0.0.1" in done.stderr
    assert invoke("add").returncode == 2


def test_several_articles_are_removed_or_none(place: Path, invoke: Invoke) -> None:
    done = invoke("remove", "en/bridge", "en/nothing")
    assert done.returncode == 1
    assert (place / "corpus" / "en" / "bridge.md").exists()


@pytest.mark.model
@pytest.mark.process
def test_rollback_backup_and_restore(place: Path, invoke: Invoke) -> None:
    first = json.loads(invoke("index", "--json").stdout)["snapshot"]
    (place / "corpus" / "en" / "port.md").write_text("---\ntitle: A port\n---\n\nThe port opened in 1999.\n", encoding="utf-8")
    second = json.loads(invoke("index", "--json").stdout)["snapshot"]
    listed = json.loads(invoke("snapshots", "--json").stdout)
    assert [(one["snapshot_id"], one["current"], one["articles"]) for one in listed] == [(second, True, 2), (first, False, 1)]
    assert invoke("rollback", "nothing").returncode == 1
    assert json.loads(invoke("rollback", "--json").stdout) == {"snapshot": first}
    assert f"* {first}" in invoke("snapshots").stdout
    assert invoke("backup", "all.tar").returncode == 0
    there = {"COOPBOT_CORPUS_DIR": "there/corpus", "COOPBOT_INDEX_DIR": "there/index"}
    assert json.loads(invoke("restore", "--json", "all.tar", **there).stdout)["snapshot"] == first
    answer = json.loads(invoke("ask", "--json", "When did the Tongjiang bridge open?", **there).stdout)
    assert answer["snapshot"] == first
    assert answer["outcome"] in ("answered", "possible")


def test_the_version_is_printed(invoke: Invoke) -> None:
    assert invoke("--version").stdout == f"coopbot {version('coopbot')}\n"
