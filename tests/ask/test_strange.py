"""Questions that have nothing to do with the corpus, asked of it with the real model."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from coopbot.ask.answer.answerer import Answerer
from coopbot.domain import LANGUAGES

ROOT = Path(__file__).parents[2]
# Of 60. The model's arithmetic differs slightly between processors.
_MOST_ANSWERED = 4


def test_the_sources_do_not_say(corpus_answerer: Answerer) -> None:
    asked = [json.loads(line) for line in (ROOT / "evals" / "strange.jsonl").read_text(encoding="utf-8").splitlines()]
    assert Counter(one["language"] for one in asked) == dict.fromkeys(LANGUAGES, 20)
    answered = [one["question"] for one in asked if corpus_answerer.ask(one["question"]).outcome == "answered"]
    assert len(answered) <= _MOST_ANSWERED, answered
