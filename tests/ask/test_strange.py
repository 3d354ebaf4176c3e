"""Questions that have nothing to do with the corpus, asked of it with the real model."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from coopbot.ask.answer.answerer import Answerer
from coopbot.ask.rank.reader import ModelReader
from coopbot.domain import LANGUAGES
from coopbot.index.disk.folder import open_current
from coopbot.index.model.encoder import Encoder

ROOT = Path(__file__).parents[2]
# Of 60. The model's arithmetic differs slightly between processors.
_MOST_ANSWERED = 4


def test_the_sources_do_not_say(embedder: Encoder, reader: ModelReader, corpus_index: Path) -> None:
    store = open_current(corpus_index, embedder.fingerprint)
    answerer = Answerer(embedder, lambda: store, reader)
    asked = [json.loads(line) for line in (ROOT / "evals" / "strange.jsonl").read_text(encoding="utf-8").splitlines()]
    assert Counter(one["language"] for one in asked) == dict.fromkeys(LANGUAGES, 20)
    answered = [one["question"] for one in asked if answerer.ask(one["question"]).outcome == "answered"]
    assert len(answered) <= _MOST_ANSWERED, answered
