"""Learns `src/coopbot/ask/weights.json`: how passages, sentences and answers are judged.

    python evals/learn.py ../shared/datasets/xquad-r

Ranking of passages and sentences is learned from XQuAD-R, its even-numbered articles only. Whether a sentence answers is learned
from these, with the right passage in the index and taken out of it, and from the dev half of the golden questions over `corpus/`.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from coopbot.ask.candidates import Candidates, find_candidates
from coopbot.ask.features import answer_features, passage_features, sentence_features
from coopbot.ask.question import Question, understand
from coopbot.ask.retrieve import WEIGHED
from coopbot.ask.store import VectorStore
from coopbot.ask.weights import Background, Features, LinearModel, Pair
from coopbot.domain import LANGUAGES, Article, Filters, Language
from coopbot.index.build import build
from coopbot.index.snapshot import open_current
from coopbot.ingest.corpus import Corpus
from coopbot.measure.xquad import Without, Xquad, load_xquad
from coopbot.settings import load_settings
from coopbot.wiring import open_embedder

ROOT = Path(__file__).parents[1]
F64 = npt.NDArray[np.float64]
PAIRS: tuple[Pair, ...] = ("same", "across")

# The golden questions are ours and few, XQuAD-R's many and of another kind: each golden one counts as several.
_GOLDEN_WEIGHT = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A question asked of one language. gold_passage, gold_sentence: rows of `candidates`, or -1. answers: golden strings."""

    question: Question
    store: VectorStore
    candidates: Candidates
    gold_passage: int
    gold_sentence: int
    answers: tuple[str, ...]
    weight: float


def main() -> None:
    folder = Path(sys.argv[1])
    embedder = open_embedder(load_settings())
    with tempfile.TemporaryDirectory() as scratch:
        xquad = load_xquad(folder, Path(scratch) / "xquad", embedder)
        articles = [found for found in Corpus(ROOT / "corpus") if isinstance(found, Article)]
        build(articles, embedder, Path(scratch) / "corpus", model="", precision="")
        corpus = open_current(Path(scratch) / "corpus", embedder.fingerprint)
        asked = {
            (n, lang): understand(q.text[lang], embedder)
            for n, q in enumerate(xquad.questions)
            for lang in LANGUAGES
            if not q.is_odd
        }
        present = list(_xquad_examples(xquad, asked, gone=False))
        gone = list(_xquad_examples(xquad, asked, gone=True))
        golden = [(row, understand(row["question"], embedder)) for row in _golden_rows()]
        ours = list(_golden_examples(corpus, golden))
        weights = learn(present, gone, ours)
    target = ROOT / "src" / "coopbot" / "ask" / "weights.json"
    target.write_text(json.dumps(weights, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {target}")


def _xquad_examples(xquad: Xquad, asked: dict[tuple[int, Language], Question], *, gone: bool) -> Iterator[Example]:
    for (number, _), question in asked.items():
        row = xquad.questions[number]
        for language in LANGUAGES:
            store: VectorStore = Without(xquad.snapshot, row.gold) if gone else xquad.snapshot
            candidates = find_candidates(question, store, language, Filters(), late=True)
            assert candidates is not None
            rows = candidates.rows.tolist()
            passage = rows.index(row.gold) if row.gold in rows else -1
            sentence = int(candidates.starts[passage]) + row.gold_sentence[language] if passage >= 0 else -1
            yield Example(
                question=question,
                store=store,
                candidates=candidates,
                gold_passage=passage,
                gold_sentence=sentence,
                answers=(),
                weight=1.0,
            )


def _golden_rows() -> list[dict[str, object]]:
    lines = (ROOT / "evals" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    rows: list[dict[str, object]] = [json.loads(line) for line in lines]
    return [row for row in rows if row["split"] == "dev" and row["kind"] != "follow-up"]


def _golden_examples(store: VectorStore, golden: Iterable[tuple[dict[str, object], Question]]) -> Iterator[Example]:
    for row, question in golden:
        answers = row["answers"]
        assert isinstance(answers, list)
        for language in LANGUAGES:
            candidates = find_candidates(question, store, language, Filters(), late=True)
            assert candidates is not None
            yield Example(
                question=question,
                store=store,
                candidates=candidates,
                gold_passage=-1,
                gold_sentence=-1,
                answers=tuple(str(answer).lower() for answer in answers),
                weight=_GOLDEN_WEIGHT,
            )


def learn(present: Sequence[Example], gone: Sequence[Example], ours: Sequence[Example]) -> dict[str, object]:
    """Three stages, each on the scores of the one before."""
    passage, sentence, answered, background = {}, {}, {}, {}
    for pair in PAIRS:
        here = [e for e in present if e.candidates.pair == pair]
        passage[pair] = _ranker([(passage_features(e.candidates), e.gold_passage) for e in here if e.gold_passage >= 0])
        tables = [(_sentences(e, passage[pair]), e) for e in here]
        sentence[pair] = _ranker(
            [(features, _kept_row(e, passage[pair])) for features, e in tables if _kept_row(e, passage[pair]) >= 0]
        )
        background[pair] = _background(here, passage[pair], sentence[pair])
        rest = [e for e in [*gone, *ours] if e.candidates.pair == pair]
        judged = [_judged(e, passage[pair], sentence[pair], background[pair]) for e in [*here, *rest]]
        answered[pair] = _judge(judged, [e.weight for e in [*here, *rest]])
    return {
        "about": "Made by evals/learn.py. A score is bias + sum of weight * (feature - mean) / scale; features are [mean, scale, weight].",
        "threshold": 0.5,
        "background": {
            pair: {"passage": round(b.passage, 3), "sentence": round(b.sentence, 3)} for pair, b in background.items()
        },
        "passage": {pair: _readable(model) for pair, model in passage.items()},
        "sentence": {pair: _readable(model) for pair, model in sentence.items()},
        "answered": {pair: _readable(model) for pair, model in answered.items()},
    }


def _order(example: Example, model: LinearModel) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    scores = model.score(passage_features(example.candidates))
    return np.argsort(-scores, kind="stable"), scores


def _sentences(example: Example, model: LinearModel) -> Features:
    order, scores = _order(example, model)
    kept = example.candidates.take(order[:WEIGHED])
    stored = example.store.stored(kept.language, kept.rows.tolist())
    notes = [note for passage_ in stored for note in passage_.sentence_notes()]
    idf = example.store.idf(kept.language, example.question.terms_for(kept.language))
    return sentence_features(kept, scores[order[:WEIGHED]], example.candidates.token_weights, idf, notes)


def _kept_row(example: Example, model: LinearModel) -> int:
    """The gold sentence's row among the kept passages' sentences, or -1."""
    order, _ = _order(example, model)
    kept = order[:WEIGHED].tolist()
    if example.gold_passage not in kept:
        return -1
    sizes = np.diff(example.candidates.starts)
    before = sum(int(sizes[p]) for p in kept[: kept.index(example.gold_passage)])
    return before + example.gold_sentence - int(example.candidates.starts[example.gold_passage])


def _judged(example: Example, passage: LinearModel, sentence: LinearModel, background: Background) -> tuple[Features, bool]:
    """(answer features, whether the best sentence answers: is of the right passage, or holds an accepted string)."""
    order, scores = _order(example, passage)
    kept = example.candidates.take(order[:WEIGHED])
    stored = example.store.stored(kept.language, kept.rows.tolist())
    notes = [note for passage_ in stored for note in passage_.sentence_notes()]
    idf = example.store.idf(kept.language, example.question.terms_for(kept.language))
    features = sentence_features(kept, scores[order[:WEIGHED]], example.candidates.token_weights, idf, notes)
    sentence_scores = sentence.score(features)
    top = int(sentence_scores.argmax())
    number = int(kept.passage_of[top])
    right = int(order[number]) == example.gold_passage
    if example.answers:
        found = stored[number].passage
        span = found.sentences[top - int(kept.starts[number])]
        quote = found.text[span.start_char - found.start_char : span.end_char - found.start_char].lower()
        right = any(answer in quote for answer in example.answers)
    return answer_features(example.candidates, kept, scores[order], sentence_scores, idf, notes, background), right


def _background(examples: Sequence[Example], passage: LinearModel, sentence: LinearModel) -> Background:
    """The median score of the tenth passage, and of the best sentence of another passage than the best one's."""
    tenth = [np.sort(_order(e, passage)[1])[::-1][9] for e in examples]
    rivals = []
    for example in examples:
        order, _ = _order(example, passage)
        kept = example.candidates.take(order[:WEIGHED])
        scores = sentence.score(_sentences(example, passage))
        rivals.append(scores[kept.passage_of != kept.passage_of[scores.argmax()]].max())
    return Background(passage=float(np.median(tenth)), sentence=float(np.median(rivals)))


def _ranker(examples: Sequence[tuple[Features, int]], penalty: float = 1e-3) -> LinearModel:
    """Softmax over each question's rows, the gold one to win."""
    names = tuple(examples[0][0])
    width = max(len(features[names[0]]) for features, _ in examples)
    table = np.zeros((len(examples), width, len(names)))
    real = np.zeros((len(examples), width), dtype=bool)
    gold = np.zeros_like(real)
    for i, (features, row) in enumerate(examples):
        values = np.stack([features[name] for name in names], axis=1)
        table[i, : len(values)] = values - values.mean(axis=0)
        real[i, : len(values)] = True
        gold[i, row] = True
    scale = table[real].std(axis=0) + 1e-9
    table /= scale

    def loss(weight: F64) -> tuple[float, F64]:
        scores = np.where(real, table @ weight, -1e9)
        top = scores.max(axis=1, keepdims=True)
        odds = np.exp(scores - top) * real
        share = odds / odds.sum(axis=1, keepdims=True)
        value = -(scores[gold] - top[:, 0] - np.log(odds.sum(axis=1))).mean() + penalty * (weight**2).sum()
        slope = -(table[gold] - np.einsum("qc,qcf->qf", share, table)).mean(axis=0) + 2 * penalty * weight
        return float(value), slope

    weight = minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B").x
    return _model(names, np.zeros(len(names)), scale, weight, 0.0)


def _judge(judged: Sequence[tuple[Features, bool]], sample_weights: Sequence[float]) -> LinearModel:
    names = tuple(judged[0][0])
    table = np.array([[float(features[name][0]) for name in names] for features, _ in judged])
    mean, scale = table.mean(axis=0), table.std(axis=0) + 1e-9
    model = LogisticRegression(C=0.3, max_iter=3000)
    model.fit((table - mean) / scale, [right for _, right in judged], sample_weight=sample_weights)
    return _model(names, mean, scale, model.coef_[0], float(model.intercept_[0]))


def _model(names: tuple[str, ...], mean: F64, scale: F64, weight: F64, bias: float) -> LinearModel:
    as_f32 = [np.asarray(values, dtype=np.float32) for values in (mean, scale, weight)]
    return LinearModel(names=names, mean=as_f32[0], scale=as_f32[1], weight=as_f32[2], bias=bias)


def _readable(model: LinearModel) -> dict[str, object]:
    rows = zip(model.names, model.mean, model.scale, model.weight, strict=True)
    features = {name: [round(float(m), 4), round(float(s), 4), round(float(w), 4)] for name, m, s, w in rows}
    return {"bias": round(model.bias, 4), "features": features}


if __name__ == "__main__":
    main()
