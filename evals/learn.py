"""Learns `src/coopbot/ask/weights.json`, the weights by which passages, sentences and answers are ranked.

    python -m evals.learn XQUAD

It learns from questions over `corpus/` (`training.jsonl`, `judging.jsonl`, `everyday.jsonl`, the dev halves of
`questions.jsonl` and `siblings.jsonl`), over invented
news and pages of `reader/invented.py` (loose ones over the texts of their story only) and over the even-numbered articles of
XQuAD-R; the latter also with the right passage removed from the index, so that nothing answers; only from those that neither
the reader nor the encoder of questions was trained on. Some questions of XQuAD-R are asked of `corpus/`, where nothing answers
them. `contradictions.py` learns what counts as another account of an answer.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from coopbot.ask.rank.features import OpenPassage, passage_features
from coopbot.ask.rank.reader import ModelReader
from coopbot.ask.rank.retrieve import find_all, open_passages, rank_passages
from coopbot.ask.understand.question import understand
from coopbot.ask.weights import LinearModel, Pair, parse_weights
from coopbot.domain import LANGUAGES
from coopbot.index.model.conversion import Network
from coopbot.index.model.embedder import Embedder
from coopbot.index.model.reader_model import load_reader
from coopbot.index.types import F16, F32, I64
from coopbot.settings import Settings, load_settings
from coopbot.wiring import open_models
from evals.contradictions import learn_contradictions
from evals.judge import FOLDS, Case, learn_judges
from evals.learning_sets import (
    Asked,
    Indexes,
    build_indexes,
    corpus_questions,
    gibberish_questions,
    invented_questions,
    loose_questions,
    strange_questions,
    xquad_questions,
)
from evals.ranking import Choice, learn_ranking

Key = TypeVar("Key", bound=str)

TARGET = Path(__file__).parents[1] / "src" / "coopbot" / "ask" / "weights.json"

_ABOUT = "Made by evals/learn.py. score = bias + sum of weight * (feature - mean) / scale; a feature is [mean, scale, weight]."

# Weight of a question of each set. XQuAD-R has each question in nine directions.
_COUNTS = {
    "corpus": 1.0,
    "judging": 1.0,
    "invented": 1.0,
    "loose": 1.0,
    "everyday": 1.0,
    "siblings": 1.0,
    "xquad": 0.15,
    "gone": 0.15,
    "strange": 0.5,
}
# The same for judging answers: confidence is to be as true of our corpus as of the invented sets, which have five times as many
# questions and were made to be hard; those of `judging.jsonl` are hard too.
_JUDGED = {**_COUNTS, "corpus": 4.5, "everyday": 3.0}
_INVENTED, _LOOSE, _XQUAD, _STRANGE_EVERY, _GIBBERISH = 1_600, 600, 0.05, 20, 20

# An answer in another language is worth this much of one in the question's: so many of the right first quotes are then readable
# at no loss of right ones on dev.
_READABLE = 0.75
# Probability at which reading stops, with the reader and without.
_SURE, _SURE_UNREAD = 0.82, 0.65
# Minimum probabilities at which a sentence is given as the answer, and as one that may answer. Costs, in right answers: 3 for
# one given wrongly; 1 for a wrong one that may answer, .3 for a right one; 2 for "no article answers" above a right one. By
# these alone an answer would be given as such from .87 on, and refused below .37: that would hedge a fifth more, and refuse one
# right answer in ten.
_ANSWERED, _POSSIBLE = 0.81, 0.28
_ANSWERED_UNREAD, _POSSIBLE_UNREAD = 0.6, 0.4
# That of further sentences beside the best one.
_FURTHER = 0.4
# The likeliest passages of all languages, of the question's own, and of each other that are opened to learn from.
_OPENED, _OPENED_OWN, _OPENED_OTHER = 9, 5, 2
# How many of the likeliest sentences of a passage the head learns from.
_STATES = 2


def main() -> None:
    settings = load_settings()
    models = open_models(settings)
    indexes = build_indexes(Path(sys.argv[1]), settings.index_dir / "cache" / "learn", models.embedder)
    print("indexed", flush=True)
    asked = questions(indexes)
    passage = learn_passages(asked, models.embedder)
    print("passages are ranked", flush=True)
    assert models.reader is not None  # its scores are among the features
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        look = partial(look_into, passage=passage, embedder=models.embedder, settings=settings)
        cases = list(pool.map(look, asked, range(len(asked))))
    unread, _ = learn_sentences([without_reading(one) for one in cases], with_reader=False)
    read, meaning = learn_sentences(cases, with_reader=True)
    kept = json.loads(TARGET.read_text(encoding="utf-8"))
    weights = {
        "about": _ABOUT,
        "passage": readable_models(passage),
        "read": read,
        "unread": unread,
        "meaning": meaning,
        "follow_up": kept["follow_up"],  # see follow_ups.py
        "rules": kept["rules"],  # see rules.py
    }
    rival, threshold = learn_contradictions(indexes, parse_weights(deepcopy(weights)), models.embedder, models.reader)
    read["contradiction"] = {"threshold": round(threshold, 4), "rival": readable_models(rival)}
    TARGET.write_text(json.dumps(weights, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {TARGET}")


def questions(indexes: Indexes) -> list[Asked]:
    """All questions to learn from."""
    return [
        *corpus_questions(indexes),
        *invented_questions(indexes, _INVENTED),
        *loose_questions(indexes, _LOOSE),
        *xquad_questions(indexes, _XQUAD),
        *strange_questions(indexes, _STRANGE_EVERY),
        *gibberish_questions(indexes, _GIBBERISH),
    ]


def learn_passages(asked: Iterable[Asked], embedder: Embedder) -> dict[Pair, LinearModel]:
    """Learn to rank passages of all languages together."""
    choices = []
    for one in asked:
        if one.group in ("gone", "strange"):
            continue
        found = find_all(understand(one.text, embedder), one.store, one.filters, late=True)
        parts = [(candidates.pair, passage_features(candidates), one.right_passages(candidates)) for candidates in found]
        choices.append(Choice(parts=parts, weight=_COUNTS[one.group]))
    return learn_ranking(choices)


def look_into(asked: Asked, number: int, *, passage: dict[Pair, LinearModel], embedder: Embedder, settings: Settings) -> Case:
    """Open the best passages as answering does, and some more of the question's own language and of each other."""
    question = understand(asked.text, embedder)
    ranked = rank_passages(find_all(question, asked.store, asked.filters, late=True), passage)
    places = set(range(min(_OPENED, len(ranked))))
    for language in LANGUAGES:
        own = [place for place, one in enumerate(ranked) if one.candidates.language == language]
        places.update(own[: _OPENED_OWN if language == question.language else _OPENED_OTHER])
    reader, network = _keeping_reader(settings)
    opened, states = [], []
    for place in sorted(places):
        opened += open_passages(asked.text, asked.store, ranked, [place], reader)
        states.append(_states(opened[-1], network))
    return Case(
        question=asked.text,
        group=asked.group,
        weight=_JUDGED[asked.group],
        passages=opened,
        right=[np.array(asked.rights(one.passage), dtype=bool) for one in opened],
        unknown=[np.array(asked.unknowns(one.passage), dtype=bool) for one in opened],
        states=states,
        fold=sum(asked.text.encode()) % FOLDS,
    )


class _Keeping:
    """A network that keeps the states of its last call. Not to be shared between threads."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.states = np.zeros((0, 0, 0), dtype=np.float32)
        self.tokens = 0

    def __call__(self, *inputs: I64) -> tuple[F32, ...]:
        outputs = self._network(*inputs)
        self.states, self.tokens = outputs[1], int(inputs[1][0].sum())
        return outputs


_OF_THREAD = threading.local()


def _keeping_reader(settings: Settings) -> tuple[ModelReader, _Keeping]:
    """A reader of this thread's own."""
    if not hasattr(_OF_THREAD, "reader"):
        model = load_reader(settings.cache_dir, threads=1)
        network = _Keeping(model.network)
        _OF_THREAD.reader = ModelReader(replace(model, network=network)), network
    found: tuple[ModelReader, _Keeping] = _OF_THREAD.reader
    return found


def _states(opened: OpenPassage, network: _Keeping) -> dict[int, F16]:
    """See `Case`. The text's tokens stand at the end of the last call's input, before one closing token and the padding."""
    read, states = opened.read, network.states
    if read is None or len(states) != 1:  # read in several pieces
        return {}
    found = {}
    lead = network.tokens - 1 - len(read.tokens)
    for row in np.argsort(-read.starts)[:_STATES]:
        answer, sentence = (
            np.flatnonzero((read.tokens[:, 0] < span.end_char) & (read.tokens[:, 1] > span.start_char))
            for span in (read.answers[row], opened.passage.sentences[row])
        )
        if len(answer) and len(sentence):
            text = states[0, lead : lead + len(read.tokens)]
            rows = [
                states[0, 0],
                states[0, 1:lead].mean(axis=0),
                text[answer[0]],
                text[answer[-1]],
                text[sentence].mean(axis=0),
            ]
            found[int(row)] = np.stack(rows).astype(np.float16)
    return found


def without_reading(case: Case) -> Case:
    """The same without the reader's scores."""
    return replace(case, passages=[replace(one, read=None) for one in case.passages], states=[])


def learn_sentences(cases: Sequence[Case], *, with_reader: bool) -> tuple[dict[str, Any], dict[str, object]]:
    """(the section of sentences, the head on the reader's states). Prints cross-validated areas."""
    print("with the reader" if with_reader else "without a reader", flush=True)
    sentence = learn_ranking([_choice(one) for one in cases])
    answered, same, meaning = learn_judges(cases, sentence, with_reader=with_reader)
    return {
        "sure": _SURE if with_reader else _SURE_UNREAD,
        "answered": _ANSWERED if with_reader else _ANSWERED_UNREAD,
        "possible": _POSSIBLE if with_reader else _POSSIBLE_UNREAD,
        "further": _FURTHER,
        "sentence": readable_models(sentence),
        "judge": {
            "readable": _READABLE,
            "answered": readable_models(answered),
            "same": readable_models({"same": same})["same"] if same else None,
        },
    }, meaning


def _choice(case: Case) -> Choice:
    """The choice among all sentences."""
    parts = [(one.ranked.pair, one.features, right) for one, right in zip(case.passages, case.right, strict=True)]
    return Choice(parts=parts, weight=_COUNTS[case.group])


def readable_models(models: Mapping[Key, LinearModel]) -> dict[str, object]:
    """Models as weights.json has them."""
    return {
        name: {
            "bias": round(model.bias, 4),
            "features": {
                feature: [round(float(value), 4) for value in row]
                for feature, *row in zip(model.names, model.mean, model.scale, model.weight, strict=True)
            },
        }
        for name, model in models.items()
    }


if __name__ == "__main__":
    main()
