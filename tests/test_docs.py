"""Documentation that is stale fails the build: names that are missing, names that do not exist, dead links, wrong quotes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import typer.main
from fastapi import FastAPI
from starlette.routing import Route

from benchmarks.__main__ import app as benchmarks
from coopbot.ask.answer.answerer import Answerer
from coopbot.ask.weights import load_weights
from coopbot.cli import app as cli
from coopbot.index.build import build
from coopbot.index.disk.manifest import FORMAT
from coopbot.index.live import LiveIndex
from coopbot.ingest.corpus.store import Corpus
from coopbot.ingest.formats.readers import FORMATS
from coopbot.settings import VARIABLES
from evals.__main__ import app as evals
from tests.fakes import BagOfWords, make_article
from tests.serve.small_service import service_over

ROOT = Path(__file__).parents[1]

# Built, installed or cached: not ours to check.
_NOT_OURS = {"__pycache__", "snapshots", "cache", "dist", "node_modules"}
_HIDDEN_BUT_OURS = {".ci", ".github"}

_MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:work|root|tmp/w|home/\w+|Users/\w+)/")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_FENCED = re.compile(r"^```.*?^```$", re.M | re.S)
_QUOTED_PLACE = re.compile(r"^    ([a-z]{2}/[\w-]+):(\d+)-(\d+)$", re.MULTILINE)


def our_files() -> Iterator[Path]:
    """The files of the repository, as far as that can be told without git."""
    for folder, subfolders, names in os.walk(ROOT):
        subfolders[:] = [
            name
            for name in subfolders
            if name not in _NOT_OURS
            and (not name.startswith(".") or name in _HIDDEN_BUT_OURS)
            and not name.endswith(".egg-info")
        ]
        # In a work tree, .git is a file that names a folder.
        yield from (Path(folder, name) for name in names if name != ".git")


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def pages() -> list[Path]:
    """Every Markdown file but the articles and the invented pages, which are content."""
    content = (ROOT / "corpus", ROOT / "evals" / "pages")
    return sorted(
        path
        for path in our_files()
        if path.suffix == ".md" and (path.name == "README.md" or not any(folder in path.parents for folder in content))
    )


def without_code(text: str) -> str:
    return _FENCED.sub("", text)


def sections(text: str) -> dict[str, str]:
    """The text under each `## ` heading."""
    parts = re.split(r"^## (.+)$", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def anchors(text: str) -> set[str]:
    """The anchors that headings get."""
    headings = re.findall(r"^#{1,6} (.+)$", without_code(text), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# `Any`: Typer gives its group of commands, and their options, no public type.
def options_of(parameters: list[Any]) -> set[str]:
    return {name for parameter in parameters for name in parameter.opts if name.startswith("--")} - {"--help"}


def commands_of(app: typer.Typer, prefix: str) -> dict[str, set[str]]:
    commands = cast("Any", typer.main.get_command(app)).commands
    return {f"{prefix} {name}": options_of(command.params) for name, command in commands.items()}


# By the page that documents them.
PAGES = {"docs/cli.md": commands_of(cli, "coopbot"), "evals/README.md": commands_of(evals, "python -m evals")}
COMMANDS = {name for commands in PAGES.values() for name in commands} | {"python -m benchmarks"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    folder, embedder = tmp_path_factory.mktemp("index"), BagOfWords()
    build([make_article("en/bridge", "The bridge opened in 2022.")], embedder, folder, model="bag of words", precision="f32")
    index = LiveIndex(folder, embedder.fingerprint)
    return service_over(index, Answerer(embedder, index.current))


def test_every_setting_is_documented() -> None:
    rows = set(re.findall(r"^\| `(COOPBOT_[A-Z_]+)` \|", page("docs/settings.md"), re.M))
    assert rows == VARIABLES


def test_every_setting_that_is_named_exists() -> None:
    known = VARIABLES
    named = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in [*pages(), ROOT / "Dockerfile", ROOT / "Makefile"]
        for name in re.findall(r"COOPBOT_[A-Z][A-Z_]*[A-Z]", path.read_text(encoding="utf-8"))
    }
    assert {(place, name) for place, name in named if name not in known} == set()


def test_every_command_has_its_section() -> None:
    for name, commands in PAGES.items():
        documented = {heading for heading in sections(page(name)) if heading.startswith(("coopbot ", "python "))}
        assert documented == set(commands)


@pytest.mark.parametrize(("name", "command"), [(name, command) for name, commands in PAGES.items() for command in commands])
def test_the_options_of_a_command_are_those_documented(name: str, command: str) -> None:
    section = sections(page(name))[command]
    filters = sections(page("docs/http.md"))["Filters"] if "http.md#filters" in section else ""
    assert options_in(section) | options_in(filters) == PAGES[name][command]


def test_the_options_of_the_benchmarks_are_those_documented() -> None:
    assert options_in(page("benchmarks/README.md")) == options_of(typer.main.get_command(benchmarks).params)


def options_in(text: str) -> set[str]:
    """What the first column of tables names."""
    rows = [row.split("|")[1] for row in re.findall(r"^\|.*", text, re.M)]
    return {option for row in rows for option in re.findall(r"--[a-z][a-z-]*", row)}


def test_every_command_that_is_shown_exists() -> None:
    shown = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in pages()
        for name in re.findall(
            r"(?:^|[`/ ])((?:coopbot|python -m evals) [a-z]+|python -m benchmarks)(?= |`|$)", code_in(path), re.M
        )
    }
    assert {(place, name) for place, name in shown if name not in COMMANDS} - {("corpus/README.md", "coopbot briefs")} == set()


def code_in(path: Path) -> str:
    """Command lines on a page: lines of code blocks that run coopbot, and code within the text that begins with it."""
    text = path.read_text(encoding="utf-8")
    run = r"(?:\S*/)?(?:coopbot|python -m (?:evals|benchmarks))\b"
    lines = [line for block in _FENCED.findall(text) for line in block.splitlines() if re.match(rf"(?:\$ )?{run}", line)]
    return "\n".join([line.removeprefix("$ ") for line in lines] + re.findall(rf"`({run}[^`]*)`", without_code(text)))


def test_the_routes_are_those_documented(service: FastAPI) -> None:
    routes = {
        f"{method} {route.path.replace(':path}', '}')}"
        for route in service.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    text = page("docs/http.md")
    named = set(re.findall(r"\b((?:GET|POST|PUT|DELETE) /[\w./{}-]*)", text))
    assert named == routes


def test_every_field_of_the_http_service_is_documented(service: FastAPI) -> None:
    text = page("docs/http.md")
    schema = service.openapi()
    ours = {
        name: shape for name, shape in schema["components"]["schemas"].items() if not name.startswith(("HTTP", "Validation"))
    }
    fields = {(name, field) for name, shape in ours.items() for field in shape["properties"]}
    parameters = {
        (path, parameter["name"])
        for path, calls in schema["paths"].items()
        for call in calls.values()
        for parameter in call.get("parameters", ())
    }
    assert {(place, name) for place, name in fields | parameters if not re.search(rf"\b{name}\b", text)} == set()


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_relative_link_is_dead(path: Path) -> None:
    for link in _LINK.findall(without_code(path.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        file = (path.parent / target).resolve() if target else path
        assert file.exists(), link
        assert ROOT in file.parents, f"{link} leads out of the repository"
        assert not anchor or anchor in anchors(file.read_text(encoding="utf-8")), link


def test_the_grades_are_documented() -> None:
    text, read = (ROOT / "docs" / "http.md").read_text(encoding="utf-8"), load_weights().read
    assert f"from {read.answered} on the outcome is `answered`, below {read.possible} it is `no_evidence`" in text


def test_the_formats_that_are_read_are_those_documented() -> None:
    rows = re.findall(r"^\| ((?:`\.\w+`(?:, )?)+) \|", sections(page("docs/articles.md"))["Adding"], re.M)
    assert {tuple(re.findall(r"\.\w+", row)) for row in rows} == {one.extensions for one in FORMATS}


def test_the_format_of_the_index_is_documented() -> None:
    assert f"version of this layout, now {FORMAT};" in page("docs/index-format.md")


@pytest.mark.parametrize("root", ["src/coopbot", "evals", "benchmarks"])
def test_the_map_has_every_room_and_no_other(root: str) -> None:
    """The tree has all folders, and of the package the files beside them; other single files say what they do themselves."""
    source = ROOT / root
    python = [path for path in source.rglob("*.py") if ".venv" not in path.relative_to(source).as_posix()]
    files = {path for path in python if path.stem not in ("__init__", "__main__")}
    rooms = {f"{path.parent.relative_to(source).as_posix()}/" for path in files if path.parent != source}
    beside = {path.name for path in files if path.parent == source} if root == "src/coopbot" else set()
    assert drawn(page("ARCHITECTURE.md"), root) == rooms | beside


def drawn(text: str, root: str) -> set[str]:
    """The paths in the tree below a folder: folders end with a slash."""
    found: set[str] = set()
    folders: list[str] = []
    tree = re.search(rf"^{root}/.*\n((?: .*\n)*)", text, re.M)
    assert tree is not None
    for indent, name in re.findall(r"^( +)(\S+)", tree[1], re.M):
        folders = folders[: len(indent) // 2 - 1]
        found.add("".join([*folders, name]))
        folders.append(name)
    return found


def test_files_named_in_the_documents_exist() -> None:
    """Named by a path from the root or from the package, such as `ask/rank/reader.py`."""
    named = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in pages()
        for name in re.findall(r"`((?:[\w-]+/)+[\w-]+\.(?:py|jsonl?|tsv))`", path.read_text(encoding="utf-8"))
    }
    known = (ROOT, ROOT / "src" / "coopbot")
    assert {(page, name) for page, name in named if not any((folder / name).exists() for folder in known)} == set()


def test_log_events_that_are_documented_exist() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    cells = re.findall(r"^\| ([^|]+) \|", sections(page("docs/operations.md"))["Log"], re.M)
    named = {name for cell in cells for name in re.findall(r"`([a-z_]+)`", cell)}
    assert {name for name in named if f'"{name}"' not in source} == set()


def test_answers_shown_in_the_readme_quote_the_corpus() -> None:
    text, corpus = page("README.md"), Corpus(ROOT / "corpus")
    places = _QUOTED_PLACE.findall(text)
    assert {place[0].partition("/")[0] for place in places} == {"en", "ru", "zh"}
    for article_id, start_char, end_char in places:
        article = corpus.read(article_id)
        assert article.text[int(start_char) : int(end_char)] in text
        assert article.title in text


def test_shares_in_the_readme_are_those_that_were_measured() -> None:
    shares = [int(share) for share in re.findall(r"(\d+) %", page("README.md"))]
    answers, refusals = rows_of_all("docs/final.md")[:2]
    unseen = rows_of_all("docs/scoreboard.md")[4]
    found = [answers[3], answers[5], refusals[4], unseen[6]]
    assert shares == [round(100 * float(cell.split()[0])) for cell in found]


def rows_of_all(name: str) -> list[list[str]]:
    return [line.split("|") for line in page(name).splitlines() if line.startswith("| all |")]


def test_no_file_names_a_place_on_a_machine() -> None:
    found = []
    for path in our_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in _MACHINE_PATH.finditer(text)]
    assert found == []
