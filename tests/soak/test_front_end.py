"""A chat front end as people install it, `llm`, before a running service."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.security.processes import running
from tests.soak.environments import environment

pytestmark = pytest.mark.soak

MODELS = """\
- model_id: coopbot
  model_name: coopbot
  api_base: "http://127.0.0.1:{port}/v1"
"""


def test_llm_asks_and_follows_up(tmp_path: Path) -> None:
    folder = tmp_path / "llm"
    folder.mkdir()
    program = environment("front-end", ["llm==0.36"]) / "llm"
    environ = {**os.environ, "LLM_USER_PATH": os.fspath(folder), "OPENAI_API_KEY": "none"}

    def asked(*arguments: str) -> str:
        command = [os.fspath(program), *arguments]
        return subprocess.run(command, env=environ, check=True, capture_output=True, text=True, timeout=300).stdout

    with running(tmp_path) as service:
        (folder / "extra-openai-models.yaml").write_text(MODELS.format(port=service.port), encoding="utf-8")
        answer = asked("-m", "coopbot", "When did the railway bridge open to freight?")
        assert "The railway bridge opened to freight in" in answer
        assert "[\\[1\\]](" in answer
        followed = asked("-c", "and in 2022?")
        assert "railway bridge" in followed
        assert "railway bridge" in asked("-m", "coopbot", "--no-stream", "When did the railway bridge open to freight?")
