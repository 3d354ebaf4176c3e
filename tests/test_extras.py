"""A library that is not installed is named, with what installs it."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version
from starlette.types import Receive, Scope, Send

from benchmarks.notice import requirements
from coopbot.errors import Misconfigured
from coopbot.hosting import open_tracing
from coopbot.index.milvus.client import Milvus
from coopbot.serve.http.rate import RateLimit
from coopbot.settings import load_settings
from coopbot.wiring import open_llm
from tests.invoke import invoke_in

ROOT = Path(__file__).parents[1]


async def nothing(scope: Scope, receive: Receive, send: Send) -> None: ...


# Each extra: a library of it, and what needs that.
NEEDED: dict[str, tuple[str, Callable[[], object]]] = {
    "llm": ("openai", lambda: open_llm(load_settings())),
    "otel": (
        "opentelemetry.context",
        lambda: open_tracing(load_settings().model_copy(update={"otel_endpoint": "http://127.0.0.1:9"})),
    ),
    "milvus": ("pymilvus", lambda: Milvus.connect("http://127.0.0.1:9")),
    "redis": ("redis", lambda: RateLimit((), "redis://127.0.0.1:9")),
}


@pytest.mark.parametrize("extra", NEEDED)
def test_a_missing_extra_says_what_to_install(extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    library, need = NEEDED[extra]
    monkeypatch.setenv("COOPBOT_LLM_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("COOPBOT_LLM_MODEL", "some-model")
    for owner in ("coopbot.write.llm", "coopbot.serve.http.tracing"):
        monkeypatch.delitem(sys.modules, owner, raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(Misconfigured, match=rf'pip install ["\']coopbot\[{extra}\]'):
        need()


def test_the_notice_names_what_the_image_has() -> None:
    listed = re.findall(r"^\| ([\w.-]+) \| (\S+) \|", (ROOT / "THIRD-PARTY.md").read_text(encoding="utf-8"), re.M)[1:]
    assert listed == [(one.name, next(iter(one.specifier)).version) for one in requirements()], "run: make notice"


def test_the_image_installs_the_releases_that_are_tested() -> None:
    pinned = re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.M)
    installed = {(one.name, next(iter(one.specifier)).version) for one in requirements()}
    assert installed - set(pinned) == set(), "run: make constraints"


def test_the_image_installs_nothing_without_a_hash() -> None:
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=[a-z0-9])", text.strip())
    assert len(blocks) == len(re.findall(r"^[a-z0-9][\w.-]*==", text, re.M)) > 100
    assert [block.split()[0] for block in blocks if not re.search(r"--hash=sha256:[0-9a-f]{64}", block)] == []
    (install,) = re.findall(r"^RUN (pip install .*requirements\.txt)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.M)
    assert "--require-hashes" in install


# The first releases without the holes that an audit found floors to admit.
MENDED = {"h11": "0.16", "torch": "2.8", "jinja2": "3.1.6", "pypdf": "6.4", "starlette": "0.49.1"}


def test_no_floor_admits_a_release_that_was_found_to_have_a_hole() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    floors = {
        one.name: Version(bound.version)
        for one in map(Requirement, project["dependencies"])
        for bound in one.specifier
        if bound.operator == ">="
    }
    assert {name for name, mended in MENDED.items() if floors[name] < Version(mended)} == set()
    assert {one.name for one in requirements() if one.name in floors and not _meets(one, floors[one.name])} == set()


def _meets(pinned: Requirement, floor: Version) -> bool:
    return Version(next(iter(pinned.specifier)).version) >= floor


def test_every_extra_is_checked_and_documented() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = set(project["optional-dependencies"]) - {"dev"}
    assert extras == set(NEEDED)
    pages = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md"))
    assert [extra for extra in extras if f'pip install "coopbot[{extra}]"' not in pages] == []


def test_a_library_left_out_of_the_default_install_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in an image that was made small by hand."""
    monkeypatch.setitem(sys.modules, "pydantic_settings", None)
    monkeypatch.delitem(sys.modules, "coopbot.settings", raising=False)
    monkeypatch.setattr("coopbot.cli.keeping.load_settings", lambda: __import__("coopbot.settings"))
    done = invoke_in(tmp_path, monkeypatch, capsys)("snapshots")
    assert (done.returncode, done.stderr) == (
        1,
        "coopbot: the library pydantic_settings is not installed; run: pip install coopbot\n",
    )
