"""Learns `src/coopbot/ask/weights.json`: how passages, sentences and answers are judged.

    python evals/learn.py ../shared/datasets/xquad-r

It learns from questions over `corpus/`, those of `training.jsonl` and the dev half of `questions.jsonl`, and from the
even-numbered articles of XQuAD-R: from these also, with the right passage taken out of the index, when nothing answers, and,
asked about `corpus/`, which questions are about something else altogether.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from ranking import Choice, Mask, Verdict, learn_judging, learn_ranking, probability

from coopbot.ask.candidates import Candidates, find_candidates
from coopbot.ask.features import Weighed, answer_features, passage_features
from coopbot.ask.question import Question, understand
from coopbot.ask.retrieve import best_sentence, rarity_of, weigh
from coopbot.ask.store import VectorStore
from coopbot.ask.weights import PAIRS, LinearModel, Pair
from coopbot.domain import LANGUAGES, Article, Filters, Language
from coopbot.index.build import build
from coopbot.index.embedder import Embedder
from coopbot.index.folder import open_current
from coopbot.ingest.corpus import Corpus
from coopbot.measure.golden import PLAIN, GoldenQuestion, holds, load_questions
from coopbot.measure.scores import calibration_error, recall_at_precision
from coopbot.measure.xquad import Without, Xquad, XquadQuestion, load_xquad
from coopbot.settings import load_settings
from coopbot.wiring import open_embedder

EVALS = Path(__file__).parent

# What counts beside a question over our corpus, searched in all languages: the same in one language, and a question of XQuAD-R
# in one. Chosen by cross-validation; see docs/experiments.md.
_ONE_LANGUAGE = 0.5
_XQUAD = 0.1
# The same for whether the best sentence of one language answers.
_XQUAD_ALONE = 0.5
# A question that is about something else, beside one about our corpus. Every third of XQuAD-R's is asked.
_STRANGE = 0.3
_STRANGE_EVERY = 3

# Where all languages are searched, the others' features say nothing more.
_TOGETHER = (
    "ahead",
    "gap_third",
    "length",
    "meant_around",
    "elsewhere",
    "fits_number",
    "fits_date",
    "fits_person",
    "fits_place",
    "years",
)

_FOLDS = 6

# The probability from which on a sentence is said to answer, and what the question's own language has before others.
_THRESHOLD = 0.45
_PREFERENCE = 0.3
_THRESHOLDS = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A question, and what each language searched has for it. answers: accepted strings. row: set
    instead where it is of XQuAD-R.
    """

    question: Question
    store: VectorStore
    found: list[Candidates]
    answers: tuple[str, ...] = ()
    row: XquadQuestion | None = None

    def right_passages(self, candidates: Candidates) -> Mask:
        """Which candidates answer it."""
        if self.row:
            return np.asarray(candidates.rows == self.row.gold)
        stored = self.store.stored(candidates.language, candidates.rows.tolist())
        return np.array([holds(one.passage.text, self.answers) for one in stored], dtype=bool)

    def right_sentences(self, weighed: Weighed) -> Mask:
        """Which sentences answer it."""
        if not self.row:
            return np.array([holds(text, self.answers) for text in weighed.texts], dtype=bool)
        right = np.zeros(len(weighed.texts), dtype=bool)
        for place in np.flatnonzero(weighed.kept.rows == self.row.gold):
            right[weighed.kept.starts[place] + self.row.gold_sentence[weighed.kept.language]] = True
        return right


def main() -> None:
    embedder = open_embedder(load_settings())
    with tempfile.TemporaryDirectory() as scratch:
        xquad = load_xquad(Path(sys.argv[1]), Path(scratch) / "xquad", embedder)
        build(
            [found for found in Corpus(EVALS.parent / "corpus") if isinstance(found, Article)],
            embedder,
            Path(scratch) / "corpus",
            model="",
            precision="",
        )
        corpus = open_current(Path(scratch) / "corpus", embedder.fingerprint)
        questions = golden_questions()
        ours = [_example(question.question, question.answers, corpus, embedder) for question in questions]
        present, gone = zip(*_xquad_examples(xquad, embedder), strict=True)
        strange = [_example(text, (), corpus, embedder) for text in _strange_questions(xquad)]
        weights = learn(questions, ours, present, gone, strange)
    target = EVALS.parent / "src" / "coopbot" / "ask" / "weights.json"
    target.write_text(json.dumps(weights, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {target}")


def golden_questions() -> list[GoldenQuestion]:
    """Those to learn from; a follow-up is not a question by itself, and small talk is none."""
    questions = load_questions(EVALS / "training.jsonl") + load_questions(EVALS / "questions.jsonl")
    return [
        question for question in questions if question.split == "dev" and not question.after and question.kind != "small-talk"
    ]


def _example(text: str, answers: tuple[str, ...], store: VectorStore, embedder: Embedder) -> Example:
    asked = understand(text, embedder)
    found = [_candidates(asked, store, language) for language in LANGUAGES]
    return Example(question=asked, store=store, found=found, answers=answers)


def _strange_questions(xquad: Xquad) -> list[str]:
    """Questions that have nothing to do with our corpus."""
    even = [row for row in xquad.questions if not row.is_odd]
    return [row.text[language] for row in even[::_STRANGE_EVERY] for language in LANGUAGES]


def _xquad_examples(xquad: Xquad, embedder: Embedder) -> Iterator[tuple[Example, Example]]:
    """Each even question of each language asked of each language, with its passage there and without."""
    for row in xquad.questions:
        for asked in () if row.is_odd else LANGUAGES:
            question = understand(row.text[asked], embedder)
            stores: tuple[VectorStore, VectorStore] = xquad.snapshot, Without(xquad.snapshot, row.gold)
            for language in LANGUAGES:
                here, gone = (
                    Example(question=question, store=store, found=[_candidates(question, store, language)], row=row)
                    for store in stores
                )
                yield here, gone


def _candidates(question: Question, store: VectorStore, language: Language) -> Candidates:
    candidates = find_candidates(question, store, language, Filters(), late=True)
    assert candidates is not None  # both corpora have passages in each language
    return candidates


def learn(
    questions: Sequence[GoldenQuestion],
    ours: Sequence[Example],
    present: Sequence[Example],
    gone: Sequence[Example],
    strange: Sequence[Example],
) -> dict[str, object]:
    """Three stages, each on the scores of the one before. ours: of the questions, in their order."""
    passage = learn_ranking(
        [
            Choice(parts=[(one.pair, passage_features(one), example.right_passages(one))], weight=weight)
            for examples, weight in ((ours, 1.0), (present, 2 * _XQUAD))
            for example in examples
            for one in example.found
        ]
    )
    golden, here, missing = ([Looked.into(example, passage) for example in some] for some in (ours, present, gone))
    taught = [one.choice(_XQUAD) for one in here]
    own = [[looked.choice(1.0), *(one.choice(_ONE_LANGUAGE) for one in looked.apart())] for looked in golden]
    sentence = learn_ranking([*taught, *chain(*own)])
    # What is judged are sentences that were chosen as new questions' will be, by a model which has not seen the topic.
    folds = by_topic([question.topic for question in questions])
    verdicts: dict[int, Verdict] = {}
    apart: list[Verdict] = []
    for fold in sorted(set(folds)):
        model = learn_ranking([*taught, *chain(*(own[i] for i in range(len(own)) if folds[i] != fold))])
        for i in (i for i in range(len(own)) if folds[i] == fold):
            verdicts[i] = golden[i].verdict(model, 1.0)
            apart += [one.verdict(model, 1.0) for one in golden[i].apart()]
    ordered = [verdicts[i] for i in range(len(golden))]
    apart += [one.verdict(sentence, _XQUAD_ALONE) for one in [*here, *missing]]
    looked = [Looked.into(example, passage) for example in strange]
    foreign = [one.verdict(sentence, _STRANGE) for one in looked]
    foreign_apart = [one.verdict(sentence, 1.0) for several in looked for one in several.apart()]
    topical = {"alone": learn_topical(apart, foreign_apart), "together": learn_topical(ordered, foreign)}
    answered = {"alone": learn_judging(apart), "together": learn_judging(ordered, _TOGETHER)}
    print(cross_validated(questions, folds, ordered, foreign))
    about = (
        "Made by evals/learn.py. score = bias + sum of weight * (feature - mean) / scale; a feature is [mean, scale, weight]."
    )
    return {
        "about": about,
        "threshold": _THRESHOLD,
        "preference": _PREFERENCE,
        "passage": _readable(passage),
        "sentence": _readable(sentence),
        "topical": {scope: _readable(models) for scope, models in topical.items()},
        "answered": {scope: _readable(models) for scope, models in answered.items()},
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """An example with the sentences of its best passages, and which are right, by language."""

    weighed: list[Weighed]
    right: list[Mask]
    is_xquad: bool

    @classmethod
    def into(cls, example: Example, passage: dict[Pair, LinearModel]) -> Looked:
        """Rank its passages and look into the best."""
        rarity = rarity_of(example.question, example.store, example.found)
        weighed = [weigh(example.question, example.store, one, passage[one.pair], rarity) for one in example.found]
        right = [example.right_sentences(one) for one in weighed]
        return cls(weighed=weighed, right=right, is_xquad=example.row is not None)

    def apart(self) -> list[Looked]:
        """Each language as if it were searched alone."""
        return [replace(self, weighed=[one], right=[right]) for one, right in zip(self.weighed, self.right, strict=True)]

    def choice(self, weight: float) -> Choice:
        """Among all sentences."""
        parts = [(one.kept.pair, one.features, right) for one, right in zip(self.weighed, self.right, strict=True)]
        return Choice(parts=parts, weight=weight)

    def verdict(self, sentence: dict[Pair, LinearModel], weight: float) -> Verdict:
        """On the best sentence. One of XQuAD-R is right if its passage is: its other sentences may answer too."""
        scores = [sentence[one.kept.pair].score(one.features) for one in self.weighed]
        place, row = best_sentence(self.weighed, scores, _PREFERENCE)
        one, right = self.weighed[place], self.right[place]
        passage_of = one.kept.passage_of
        is_right = right[passage_of == passage_of[row]].any() if self.is_xquad else right[row]
        features = answer_features(self.weighed, scores, (place, row))
        return Verdict(pair=one.kept.pair, features=features, right=bool(is_right), weight=weight)


def by_topic(topics: Sequence[str]) -> list[int]:
    """Which fold each question is in: whole topics, the largest first into the smallest fold."""
    counts = Counter(topics)
    sizes, of = [0] * _FOLDS, {}
    for topic in sorted(counts, key=lambda topic: (-counts[topic], topic)):
        of[topic] = sizes.index(min(sizes))
        sizes[of[topic]] += counts[topic]
    return [of[topic] for topic in topics]


def learn_topical(ours: Sequence[Verdict], foreign: Sequence[Verdict]) -> dict[Pair, LinearModel]:
    """Whether a question is about what the corpus is about, answered there or not."""
    return learn_judging([*(replace(verdict, right=True) for verdict in ours), *foreign])


def cross_validated(
    questions: Sequence[GoldenQuestion], folds: Sequence[int], verdicts: Sequence[Verdict], foreign: Sequence[Verdict]
) -> str:
    """How questions of topics not learned from fare; by the measures of `coopbot eval`."""
    confidence = np.zeros(len(verdicts))
    for fold in set(folds):
        others = [one for one, of in zip(verdicts, folds, strict=True) if of != fold]
        models, topical = learn_judging(others, _TOGETHER), learn_topical(others, foreign)
        held = [i for i, of in enumerate(folds) if of == fold]
        confidence[held] = [probability(models, verdicts[i]) * probability(topical, verdicts[i]) for i in held]
    right = np.array([verdict.right for verdict in verdicts])
    unanswerable = np.array([not question.answers for question in questions])
    # As in `coopbot eval`, false premises that an article corrects count apart.
    counted = np.array([question.kind != "false-premise" or not question.answers for question in questions])
    plain = {
        pair: np.array([question.kind in PLAIN and question.pair == pair for question in questions], dtype=bool)
        for pair in PAIRS
    }
    at_90 = recall_at_precision(0.9, confidence[counted], unanswerable[counted].astype(np.float64))
    lines = [
        f"Of {len(questions)} questions, on topics not learned from:",
        *(f"best sentence right, {pair}: {right[plain[pair]].mean():.3f}" for pair in PAIRS),
        f"calibration error {calibration_error(confidence, right):.3f}, recall of no at precision .90 {at_90:.3f}",
        "threshold  right and answered: same  across  right but refused  no: precision  recall",
    ]
    for threshold in _THRESHOLDS:
        answered = confidence >= threshold
        figures = (
            *((right & answered)[plain[pair]].mean() for pair in PAIRS),
            (right & ~answered).sum() / right.sum(),
            unanswerable[~answered & counted].mean(),
            (~answered)[unanswerable].mean(),
        )
        lines.append(f"{threshold:.2f}  " + "  ".join(f"{figure:.3f}" for figure in figures))
    return "\n".join(lines)


def _readable(models: dict[Pair, LinearModel]) -> dict[Pair, object]:
    return {
        pair: {
            "bias": round(model.bias, 4),
            "features": {
                name: [round(float(value), 4) for value in row]
                for name, *row in zip(model.names, model.mean, model.scale, model.weight, strict=True)
            },
        }
        for pair, model in models.items()
    }


if __name__ == "__main__":
    main()
