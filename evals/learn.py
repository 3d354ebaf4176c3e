"""Learns `src/coopbot/ask/weights.json`: how passages, sentences and answers are judged.

    python evals/learn.py ../shared/datasets/xquad-r

Ranking of passages and sentences is learned from XQuAD-R, its even-numbered articles only, and from the dev half of the golden
questions over `corpus/`; whether a sentence answers also from XQuAD-R with the right passage taken out of the index.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from coopbot.ask.candidates import Candidates, find_candidates
from coopbot.ask.features import Sought, answer_features, passage_features, sentence_features
from coopbot.ask.question import Question, understand
from coopbot.ask.retrieve import WEIGHED
from coopbot.ask.store import VectorStore
from coopbot.ask.weights import Background, Features, LinearModel, Pair
from coopbot.domain import LANGUAGES, Article, Filters, Language
from coopbot.index.build import build
from coopbot.index.folder import open_current
from coopbot.ingest.corpus import Corpus
from coopbot.measure.xquad import Without, Xquad, load_xquad
from coopbot.settings import load_settings
from coopbot.text.notes import PassageNotes
from coopbot.wiring import open_embedder

ROOT = Path(__file__).parents[1]
F64 = npt.NDArray[np.float64]
PAIRS: tuple[Pair, ...] = ("same", "across")

# The golden questions are ours and few, XQuAD-R's many and of another kind: each golden one counts as several.
_GOLDEN_WEIGHT = 20.0

# Chosen on the dev half: where refusing and answering err least.
_THRESHOLD = 0.5

# Chosen on the dev half: first quotes in the question's language gain .02 and those across lose as much of fewer; people would
# rather read their own language where both answer.
_PREFERENCE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A question asked of one language.

    gold_passage: its place among the candidates, or -1; gold_sentence: its number in that passage. answers: accepted strings
    of a golden question.
    """

    question: Question
    store: VectorStore
    candidates: Candidates
    gold_passage: int
    gold_sentence: int
    answers: tuple[str, ...]
    is_golden: bool
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
            sentence = row.gold_sentence[language]
            yield Example(
                question=question,
                store=store,
                candidates=candidates,
                gold_passage=passage,
                gold_sentence=sentence,
                answers=(),
                is_golden=False,
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
                is_golden=True,
                weight=_GOLDEN_WEIGHT,
            )


def learn(present: Sequence[Example], gone: Sequence[Example], ours: Sequence[Example]) -> dict[str, object]:
    """Three stages, each on the scores of the one before."""
    passage, sentence, answered, background = {}, {}, {}, {}
    for pair in PAIRS:
        here = [e for e in present if e.candidates.pair == pair]
        golden = [e for e in ours if e.candidates.pair == pair]
        absent = [e for e in gone if e.candidates.pair == pair]
        passage[pair] = _ranker([(passage_features(e.candidates), _gold_passages(e), e.weight) for e in [*here, *golden]])
        seen = {id(e): _see(e, passage[pair]) for e in [*here, *golden, *absent]}
        shown = [(seen[id(e)].features, seen[id(e)].gold, e.weight) for e in [*here, *golden]]
        sentence[pair] = _ranker(shown)
        background[pair] = _background([seen[id(e)] for e in here], sentence[pair])
        judged = [_judged(e, seen[id(e)], sentence[pair], background[pair]) for e in [*here, *absent, *golden]]
        answered[pair] = _judge(judged, [e.weight for e in [*here, *absent, *golden]])
    about = (
        "Made by evals/learn.py. score = bias + sum of weight * (feature - mean) / scale; a feature is [mean, scale, weight]."
    )
    return {
        "about": about,
        "threshold": _THRESHOLD,
        "preference": _PREFERENCE,
        "background": {pair: {k: round(v, 3) for k, v in asdict(b).items()} for pair, b in background.items()},
        "passage": {pair: _readable(model) for pair, model in passage.items()},
        "sentence": {pair: _readable(model) for pair, model in sentence.items()},
        "answered": {pair: _readable(model) for pair, model in answered.items()},
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An example with its best passages chosen. ranked: passage scores, falling. gold: rows of `features` that are right."""

    kept: Candidates
    order: npt.NDArray[np.int64]
    ranked: npt.NDArray[np.float32]
    notes: list[PassageNotes]
    sought: Sought
    features: Features
    gold: list[int]


def _see(example: Example, passage: LinearModel) -> Seen:
    scores = passage.score(passage_features(example.candidates))
    order = np.argsort(-scores, kind="stable")
    kept = example.candidates.take(order[:WEIGHED])
    stored = example.store.stored(kept.language, kept.rows.tolist())
    notes = [found.read_notes() for found in stored]
    idf = example.store.idf(kept.language, example.question.terms_for(kept.language))
    sought = Sought(wanted=example.question.wanted, names=example.question.names, idf=idf)
    features = sentence_features(kept, scores[order[:WEIGHED]], example.candidates.token_weights, sought, notes)
    gold: list[int] = []
    for place, found in enumerate(stored):
        first = int(kept.starts[place])
        for number, span in enumerate(found.passage.sentences):
            if example.answers:
                at = found.passage.start_char
                quote = found.passage.text[span.start_char - at : span.end_char - at].lower()
                right = any(answer in quote for answer in example.answers)
            else:
                right = int(order[place]) == example.gold_passage and number == example.gold_sentence
            if right:
                gold.append(first + number)
    return Seen(kept=kept, order=order, ranked=scores[order], notes=notes, sought=sought, features=features, gold=gold)


def _gold_passages(example: Example) -> list[int]:
    if not example.answers:
        return [example.gold_passage] if example.gold_passage >= 0 else []
    stored = example.store.stored(example.candidates.language, example.candidates.rows.tolist())
    return [
        place for place, found in enumerate(stored) if any(answer in found.passage.text.lower() for answer in example.answers)
    ]


def _judged(example: Example, seen: Seen, sentence: LinearModel, background: Background) -> tuple[Features, bool]:
    """(answer features, whether the best sentence answers: is of the right passage, or holds an accepted string)."""
    scores = sentence.score(seen.features)
    top = int(scores.argmax())
    right = top in seen.gold if example.is_golden else int(seen.order[seen.kept.passage_of[top]]) == example.gold_passage
    features = answer_features(example.candidates, seen.kept, seen.ranked, scores, seen.sought, seen.notes, background)
    return features, right


def _background(seen: Sequence[Seen], sentence: LinearModel) -> Background:
    """The median score of the tenth passage, and of the best sentence of another passage than the best one's."""
    rivals = []
    for one in seen:
        scores = sentence.score(one.features)
        rivals.append(scores[one.kept.passage_of != one.kept.passage_of[scores.argmax()]].max())
    return Background(passage=float(np.median([one.ranked[9] for one in seen])), sentence=float(np.median(rivals)))


def _ranker(examples: Iterable[tuple[Features, list[int], float]], penalty: float = 1e-3) -> LinearModel:
    """Softmax over each question's rows, the right ones together to win; questions without a right one teach nothing."""
    teaching = [example for example in examples if example[1]]
    names = tuple(teaching[0][0])
    width = max(len(features[names[0]]) for features, _, _ in teaching)
    table = np.zeros((len(teaching), width, len(names)))
    real = np.zeros((len(teaching), width), dtype=bool)
    gold = np.zeros_like(real)
    for i, (features, rows, _) in enumerate(teaching):
        values = np.stack([features[name] for name in names], axis=1)
        table[i, : len(values)] = values - values.mean(axis=0)
        real[i, : len(values)] = True
        gold[i, rows] = True
    scale = table[real].std(axis=0) + 1e-9
    table /= scale
    counts = np.array([weight for _, _, weight in teaching])
    counts /= counts.sum()

    def loss(weight: F64) -> tuple[float, F64]:
        scores = np.where(real, table @ weight, -1e9)
        odds = np.exp(scores - scores.max(axis=1, keepdims=True)) * real
        share = odds / odds.sum(axis=1, keepdims=True)
        right = (odds * gold) / np.maximum((odds * gold).sum(axis=1, keepdims=True), 1e-300)
        value = -(counts * np.log(np.maximum((share * gold).sum(axis=1), 1e-300))).sum() + penalty * (weight**2).sum()
        slope = -np.einsum("q,qcf->f", counts, table * (right - share)[:, :, None]) + 2 * penalty * weight
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
