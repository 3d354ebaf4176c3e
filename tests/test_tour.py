"""The first hour: every command of docs/tour.md works, in order, over a copy of the corpus; and what `make run` installs."""

from __future__ import annotations

import re
import runpy
import shlex
import shutil
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from coopbot.serve.http.app import create_app
from coopbot.serve.http.service import HttpService
from coopbot.settings import load_settings
from coopbot.wiring import open_service
from tests.invoke import Invoke
from tests.test_client import run_example

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))

_FENCED = re.compile(r"^```\n(.*?)^```$", re.M | re.S)


@pytest.fixture
def place(corpus_index: Path, cache_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with copies of corpus and index, as the repository has them, which commands use."""
    shutil.copytree(ROOT / "corpus", tmp_path / "corpus")
    shutil.copytree(corpus_index, tmp_path / "index")
    for name, folder in (("CORPUS", "corpus"), ("INDEX", "index"), ("STATE", "state")):
        monkeypatch.setenv(f"COOPBOT_{name}_DIR", str(tmp_path / folder))
    return tmp_path


def commands() -> Iterator[list[str]]:
    for block in _FENCED.findall((ROOT / "docs" / "tour.md").read_text(encoding="utf-8")):
        yield from (shlex.split(line) for line in block.splitlines())


@pytest.mark.process
def test_every_command_of_the_tour_works(
    place: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    printed: dict[str, str] = {}
    for command, *arguments in commands():
        line = shlex.join([command, *arguments])
        match command:
            case "export":
                assert arguments == ["PATH=$PWD/.venv/bin:$PATH"]
            case "printf":
                text, sign, name = arguments
                assert sign == ">"
                (place / name).write_text(text.replace("\\n", "\n"), encoding="utf-8")
            case "coopbot" if arguments == ["serve"]:
                service = open_service(load_settings())
                http = TestClient(create_app(HttpService(answerer=service.answerer, index=service.index)))
            case "coopbot":
                done = invoke(*arguments)
                assert done.returncode == 0, (line, done.stdout, done.stderr)
                printed[line] = done.stdout
            case "curl":
                address, *options = arguments
                path = address.removeprefix("localhost:8000")
                given = dict(zip(options[::2], options[1::2], strict=True))
                answer = (
                    http.post(path, content=given["-d"].encode(), headers={"content-type": "application/json"})
                    if "-d" in given
                    else http.get(path)
                )
                assert answer.status_code == 200, (line, answer.text)
            case "python":
                capsys.readouterr()
                run_example(ROOT / arguments[0], http, monkeypatch)
                assert capsys.readouterr().out
            case _:
                raise AssertionError(f"{line}: the test does not know how to run it")
    (about_ferry,) = (text for line, text in printed.items() if "Willow Quay" in line)
    assert "started on 3 March 2025" in about_ferry


@pytest.mark.parametrize("program", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_without_a_service_ends_with_a_clear_line(
    program: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", [str(program), "http://127.0.0.1:9"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(program), run_name="__main__")
    assert "check that coopbot serve is running there" in str(ended.value.code)
    assert "Traceback" not in capsys.readouterr().err


def test_running_needs_no_linter_and_no_browser() -> None:
    rules = dict(re.findall(r"^([\w./-]+): ([^\n#]*)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert rules["run"].split() == [".venv/runs"]
    recipe = re.search(r"^\.venv/runs:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert recipe is not None
    assert "[dev]" not in recipe[1]
    assert all(".ci/patiently" in line or "$(PATIENTLY)" in line or "touch" in line for line in recipe[1].splitlines())


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """A Python that installs nothing, and prints what it would."""
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\n[ "$1" = - ] && exec {sys.executable} "$@"\necho "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return program


def torch_from(python: Path, index: str, cpu_index: str) -> str:
    """The arguments with which pip is called for torch."""
    command = [str(ROOT / ".ci" / "torch"), str(python), index, cpu_index]
    return str(subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout)


@pytest.mark.process
@pytest.mark.server
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere torch has no libraries for graphics cards")
def test_torch_comes_from_the_index_of_cpu_builds_if_that_answers(python: Path) -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), _Answers) as server, socket.create_server(("127.0.0.1", 0)) as silent:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cpu_index = f"http://127.0.0.1:{server.server_address[1]}"
        assert f"--index-url {cpu_index} torch" in torch_from(python, "auto", cpu_index)
        begun_s = time.monotonic()
        assert "does not answer" in torch_from(python, "auto", f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert time.monotonic() - begun_s < 20
        server.shutdown()
    assert "does not answer" in torch_from(python, "auto", cpu_index)
    assert torch_from(python, "", cpu_index) == ""
    assert "--index-url https://mirror.example torch" in torch_from(python, "https://mirror.example", cpu_index)


class _Answers(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.rfile.readline()
        self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n")


@pytest.mark.process
def test_what_takes_long_says_so_and_what_fails_says_all(tmp_path: Path) -> None:
    patiently = str(ROOT / ".ci" / "patiently")
    slow = subprocess.run(
        [patiently, "Waiting", "sh", "-c", "echo a line; sleep 6"], capture_output=True, text=True, timeout=60
    )
    assert (slow.returncode, slow.stderr) == (0, "")
    assert re.fullmatch(r"Waiting\n    5 s  a line\n  done in \d+ s\n", slow.stdout)
    failed = subprocess.run([patiently, "Failing", "sh", "-c", "echo why; exit 3"], capture_output=True, text=True, timeout=60)
    assert (failed.returncode, failed.stderr) == (3, "why\nFailing failed\n")
