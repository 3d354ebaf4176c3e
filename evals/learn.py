"""Learns `src/coopbot/ask/rank/weights.json`, the weights by which passages, sentences and answers are ranked.

    python -m evals.learn XQUAD

It learns from questions over `corpus/` (`training.jsonl`, `judging.jsonl`, the dev half of `questions.jsonl`), over invented
news and pages of `reader/invented.py` (loose ones over the texts of their story only) and over the even-numbered articles of
XQuAD-R; the latter also with the right passage removed from the index, so that nothing answers; only from those that neither
the reader nor the encoder of questions was trained on. Some questions of XQuAD-R are asked of `corpus/`, where nothing answers
them. `contradictions.py` learns what counts as another account of an answer.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from coopbot.ask.rank.features import OpenPassage, answer_features, passage_features
from coopbot.ask.rank.reader import Reader
from coopbot.ask.rank.retrieve import OPENED, READ_AT_A_TIME, best_sentence, find_all, open_passages, rank_passages
from coopbot.ask.rank.weights import LinearModel, Pair, parse_weights
from coopbot.ask.understand.question import understand
from coopbot.index.model.embedder import Embedder
from coopbot.settings import load_settings
from coopbot.wiring import open_models
from evals.contradictions import learn_contradictions
from evals.learning_sets import (
    Asked,
    Indexes,
    build_indexes,
    corpus_questions,
    invented_questions,
    loose_questions,
    strange_questions,
    xquad_questions,
)
from evals.measure.scores import area_under_roc, calibration_error
from evals.ranking import Choice, Mask, Verdict, learn_judging, learn_ranking, probability

TARGET = Path(__file__).parents[1] / "src" / "coopbot" / "ask" / "rank" / "weights.json"

# Weight of a question of each set. XQuAD-R has each question in nine directions.
_COUNTS = {"corpus": 1.0, "judging": 1.0, "invented": 1.0, "loose": 1.0, "xquad": 0.15, "gone": 0.15, "strange": 0.5}
# The same for judging answers: confidence is to be as true of our corpus as of the invented sets, which have five times as many
# questions and were made to be hard; those of `judging.jsonl` are hard too.
_JUDGED = {**_COUNTS, "corpus": 4.5}
_NEWS = ("corpus", "judging", "invented")
_INVENTED, _LOOSE, _XQUAD, _STRANGE_EVERY = 2_500, 600, 0.3, 15

# Minimum probability of an answer. It follows from counting a wrong answer as two thirds of a right one: less than as much,
# because the nearest passages are shown where there is no answer.
_THRESHOLD = 0.4
# Probability at which reading stops.
_SURE = 0.65
# Bonus for the scores of sentences in the question's own language.
_PREFERENCE = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A question's best passages. right: for each passage, which of its sentences answer."""

    asked: Asked
    passages: list[OpenPassage]
    right: list[Mask]

    def without_reading(self) -> Opened:
        """The same without the reader's scores."""
        return replace(self, passages=[replace(one, read=None) for one in self.passages])

    def first(self, count: int) -> Opened:
        """The first few passages only."""
        return replace(self, passages=self.passages[:count], right=self.right[:count])

    def choice(self) -> Choice:
        """The choice among all sentences."""
        parts = [(one.ranked.pair, one.features, right) for one, right in zip(self.passages, self.right, strict=True)]
        return Choice(parts=parts, weight=_COUNTS[self.asked.group])

    def verdict(self, sentence: dict[Pair, LinearModel]) -> Verdict:
        """Whether the best sentence answers. In XQuAD-R any sentence of the right passage counts."""
        scores = [sentence[one.ranked.pair].score(one.features) for one in self.passages]
        place, row = best_sentence(self.passages, scores, _PREFERENCE)
        right = self.right[place].any() if self.asked.group == "xquad" else self.right[place][row]
        return Verdict(
            pair=self.passages[place].ranked.pair,
            features=answer_features(self.asked.text, self.passages, scores, (place, row)),
            right=bool(right),
            weight=_JUDGED[self.asked.group],
        )


def main() -> None:
    settings = load_settings()
    models = open_models(settings)
    indexes = build_indexes(Path(sys.argv[1]), settings.index_dir / "cache" / "learn", models.embedder)
    print("indexed", flush=True)
    asked = questions(indexes)
    passage = learn_passages(asked, models.embedder)
    print("passages are ranked", flush=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        opened = list(pool.map(lambda one: look_into(one, passage, models.embedder, models.reader), asked))
    assert models.reader is not None  # its scores are among the features
    unread = learn_sentences([one.without_reading() for one in opened], "without a reader")
    read = learn_sentences(opened, "with the reader")
    about = (
        "Made by evals/learn.py. score = bias + sum of weight * (feature - mean) / scale; a feature is [mean, scale, weight]."
    )
    weights = {
        "about": about,
        "sure": _SURE,
        "preference": _PREFERENCE,
        "passage": _readable(passage),
        "read": read,
        "unread": unread,
    }
    rival, threshold = learn_contradictions(indexes, parse_weights(weights), models.embedder, models.reader)
    read["contradiction"] = {"threshold": round(threshold, 4), "rival": _readable(rival)}
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


def look_into(asked: Asked, passage: dict[Pair, LinearModel], embedder: Embedder, reader: Reader | None) -> Opened:
    """Open the best passages as answering does."""
    question = understand(asked.text, embedder)
    ranked = rank_passages(find_all(question, asked.store, asked.filters, late=True), passage)
    places = range(min(OPENED, len(ranked)))
    opened = open_passages(asked.text, asked.store, ranked, places, reader)
    return Opened(asked=asked, passages=opened, right=[np.array(asked.rights(one.passage), dtype=bool) for one in opened])


def learn_sentences(opened: Sequence[Opened], name: str) -> dict[str, object]:
    """Learn to rank sentences and to judge answers; prints cross-validated results."""
    folds = [_fold(one.asked.text) for one in opened]
    verdicts: list[tuple[int, Opened, Verdict]] = []
    for fold in sorted(set(folds)):
        model = learn_ranking([one.choice() for one, own in zip(opened, folds, strict=True) if own != fold])
        for one in (one for one, own in zip(opened, folds, strict=True) if own == fold):
            # Answering judges its best sentence after each batch of passages read.
            for count in range(READ_AT_A_TIME, len(one.passages) + 1, READ_AT_A_TIME):
                verdicts.append((fold, one.first(count), one.first(count).verdict(model)))
    _print_cross_validated(verdicts, name)
    return {
        "threshold": _THRESHOLD,
        "sentence": _readable(learn_ranking([one.choice() for one in opened])),
        "answered": _readable(learn_judging([verdict for _, _, verdict in verdicts])),
    }


def _fold(text: str) -> int:
    return sum(text.encode()) % 5


def _print_cross_validated(verdicts: Sequence[tuple[int, Opened, Verdict]], name: str) -> None:
    whole = [row for row in verdicts if len(row[1].passages) == OPENED]
    confidence = np.zeros(len(whole))
    for fold in {fold for fold, *_ in whole}:
        models = learn_judging([verdict for own, _, verdict in verdicts if own != fold])
        for place, (own, _, verdict) in enumerate(whole):
            if own == fold:
                confidence[place] = probability(models, verdict)
    right = np.array([verdict.right for *_, verdict in whole])
    answerable = np.array([any(mask.any() for mask in one.right) for _, one, _ in whole])
    news = np.array([one.asked.group in _NEWS for _, one, _ in whole])
    print(f"{name}, cross-validated:")
    for group in sorted({one.asked.group for _, one, _ in whole}):
        own = np.array([one.asked.group == group for _, one, _ in whole])
        there, given = own & answerable, confidence >= _THRESHOLD
        print(
            f"  {group:9s} {own.sum():5d} best sentence right {right[there].mean() if there.any() else 0:.3f}"
            f" and answered {(right & given)[there].mean() if there.any() else 0:.3f}"
            f" no answer refused {(~given)[own & ~answerable].mean() if (own & ~answerable).any() else 0:.3f}"
        )
    for count in range(READ_AT_A_TIME, OPENED + 1, READ_AT_A_TIME):
        first = [row[2].right for row in verdicts if len(row[1].passages) == count and row[1].asked.group in _NEWS]
        print(f"  of the first {count} passages: best sentence right {sum(first) / answerable[news].sum():.3f}")
    print(f"  area {area_under_roc(confidence, answerable):.3f} calibration error {calibration_error(confidence, right):.3f}")


def _readable(models: Mapping[str, LinearModel]) -> dict[str, object]:
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
