"""What import-linter cannot say: each heavy library has one owner, and nothing heavy is imported at import time."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "coopbot"

OWNERS = {
    "faiss": "index/disk/vectors.py",
    "sentence_transformers": "index/model/torch_engine.py",
    "openvino": "index/model/openvino_engine.py",
    "nncf": "index/model/openvino_engine.py",
    "trafilatura": "ingest/page/html.py",
    "pypdf": "ingest/formats/pdf.py",
    "docx": "ingest/formats/docx.py",
    "markdown_it": "ingest/formats/markdown.py",
    "yaml": "ingest/formats/front_matter.py",
    "ftfy": "ingest/tidy.py",
    "wcwidth": "ingest/tidy.py",
    "datasketch": "ingest/corpus/near.py",
    "feedparser": "ingest/web/feed.py",
    "httpcore": "ingest/web/connection.py",
    "pymilvus": "index/milvus/client.py",
    "grpc": "index/milvus/client.py",
    "watchfiles": "serve/watch.py",
    "tokenizers": "index/model/tokenizer.py",
    "sentencepiece": "index/model/tokenizer.py",
    "safetensors": "index/model/updates.py",
    "Stemmer": "text/tokens.py",
    "openai": "write/llm.py",
    "pybreaker": "write/llm.py",
    "mcp": "serve/mcp/server.py",
    "telegram": "serve/telegram/",
    "uvicorn": "serve/run.py",
    "h11": "serve/http/connections.py",
    "limits": "serve/http/rate.py",
    "prometheus_client": "serve/http/metrics.py",
    "opentelemetry": "serve/http/tracing.py",
    "jinja2": "serve/http/page/rendering.py",
    "pydantic_settings": "settings.py",
    # Its one user can do without it where it is not installed.
}


@cache
def imports(path: Path) -> frozenset[tuple[str, bool]]:
    """(top-level package, whether it is imported when the module is) of every import that is not for types only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = [node.module]
        found |= {(name.split(".")[0], node in tree.body) for name in names}
    return frozenset(found)


@pytest.mark.parametrize("library", OWNERS)
def test_a_heavy_library_is_imported_by_its_owner_only(library: str) -> None:
    users = defaultdict(list)
    for path in SOURCE.rglob("*.py"):
        for name, _ in imports(path):
            users[name].append(path.relative_to(SOURCE).as_posix())
    # prepare.py names a type for the type checker; bundled_weights.py writes the files that others read;
    # torch_engine.py names safetensors' error. connections.py is what run.py gives uvicorn in place of its own.
    others = {"index/model/prepare.py", "index/model/bundled_weights.py", "serve/http/connections.py"} - {OWNERS[library]}
    if library == "safetensors":
        others.add("index/model/torch_engine.py")
    assert {_owner(user, library) for user in set(users[library]) - others} == {OWNERS[library]}


def _owner(user: str, library: str) -> str:
    """The file, or the folder where a folder owns the library: the bot speaks in python-telegram-bot's own types."""
    owner = OWNERS.get(library, "")
    return owner if owner.endswith("/") and user.startswith(owner) else user


@pytest.mark.parametrize(
    "library",
    [
        "torch",
        "sentence_transformers",
        "openvino",
        "nncf",
        "telegram",
        "trafilatura",
        "pymilvus",
        "datasketch",
        "mcp",
    ],
)
def test_slow_libraries_are_imported_only_when_needed(library: str) -> None:
    eager = {path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py") if (library, True) in imports(path)}
    assert {_owner(user, library) for user in eager} <= {OWNERS.get(library, "")} & {"serve/telegram/", "ingest/page/html.py"}


def test_only_the_rooms_of_language_hold_russian_and_chinese() -> None:
    """Grammar is in text/ and ingest/page/, and what users read in texts/."""
    foreign = re.compile("[\u0400-\u052f\u3400-\u9fff]")
    found = {path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py") if foreign.search(path.read_text("utf-8"))}
    elsewhere = {path for path in found if not path.startswith(("text/", "ingest/page/"))}
    assert not elsewhere


def test_nothing_is_pickled() -> None:
    """Loading a pickle runs code; index data never is one."""
    users = [
        path.name for path in SOURCE.rglob("*.py") if {"pickle", "joblib", "shelve", "marshal"} & {n for n, _ in imports(path)}
    ]
    assert users == []
