"""Learns which figures are other accounts of an answer, for `learn.py`.

From the conflicts among the questions over our corpus that may be learned from, and from the invented stories whose sources
disagree.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from coopbot.ask.answer.disagree import Rival, answering_figure, find_rivals
from coopbot.ask.rank.reader import Reader
from coopbot.ask.rank.retrieve import ScoredSentence, find_evidence
from coopbot.ask.store import VectorStore
from coopbot.ask.understand.question import understand
from coopbot.ask.weights import WHERES, LinearModel, Weights, Where
from coopbot.domain import Filters, Span
from coopbot.index.model.embedder import Embedder
from evals.learning_sets import EVALS, Indexes, invented_disagreements, only
from evals.measure.facts import Accepted, Quoted, quoted
from evals.measure.golden import load_questions
from evals.ranking import Verdict, learn_judge
from evals.reader.invented import Spans

# The share of answered questions without a conflict for which one may be reported, cross-validated.
_FALSE = 0.03
_FOLDS = 5

Accounts = Callable[[ScoredSentence, Span], frozenset[int]]
"""From a sentence and a figure's place in it to the numbers of the accounts that state the figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disputable:
    """A question that sources may answer differently. is_corpus: whether it is over our corpus. story: what is not split
    between folds.
    """

    is_corpus: bool
    story: str
    text: str
    store: VectorStore
    filters: Filters
    is_conflict: bool
    accounts: Accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A question that was answered. verdicts: whether each rival of its answer is another account."""

    asked: Disputable
    verdicts: list[tuple[Where, Verdict]]


def learn_contradictions(
    indexes: Indexes, weights: Weights, embedder: Embedder, reader: Reader
) -> tuple[dict[Where, LinearModel], float]:
    """(the models, the threshold). Prints cross-validated results."""
    asked = [*_over_corpus(indexes.corpus), *_over_invented(indexes.invented)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        answered = [found for found in pool.map(lambda one: _answered(one, weights, embedder, reader), asked) if found]
    likelihoods = np.zeros(len(answered))
    hits = np.zeros(len(answered), dtype=bool)
    for fold in range(_FOLDS):
        models = _learn([one for one in answered if _fold(one) != fold])
        for place, one in enumerate(answered):
            if _fold(one) == fold:
                likelihoods[place], hits[place] = _likeliest(models, one)
    corpus = np.array([one.asked.is_corpus for one in answered])
    conflict = np.array([one.asked.is_conflict for one in answered])
    threshold = float(np.quantile(likelihoods[corpus & ~conflict], 1 - _FALSE))
    print("contradictions, cross-validated:")
    for name, own in (("corpus", corpus), ("invented", ~corpus)):
        print(
            f"  {name:9s} {(own & conflict).sum():4d} found {(hits & (likelihoods >= threshold))[own & conflict].mean():.3f}"
            f" false {(likelihoods >= threshold)[own & ~conflict].mean():.3f} of {(own & ~conflict).sum()}"
        )
    return _learn(answered), threshold


def _over_corpus(store: VectorStore) -> Iterator[Disputable]:
    for one in load_questions(EVALS / "training.jsonl") + load_questions(EVALS / "questions.jsonl"):
        if one.split == "dev" and not one.after and one.kind != "small-talk":
            yield Disputable(
                is_corpus=True,
                story=one.topic,
                text=one.question,
                store=store,
                filters=Filters(),
                is_conflict=bool(one.conflict),
                accounts=_stating(one.conflict, store),
            )


def _over_invented(store: VectorStore) -> Iterator[Disputable]:
    """Each asked of its own story: the other thousands are of like things, with figures that contradict nothing."""
    for story, question, accounts in invented_disagreements():
        yield Disputable(
            is_corpus=False,
            story=story,
            text=question,
            store=store,
            filters=only(story),
            is_conflict=len(accounts) > 1,
            accounts=_holding(accounts),
        )


def _answered(asked: Disputable, weights: Weights, embedder: Embedder, reader: Reader) -> Answered | None:
    found = find_evidence(understand(asked.text, embedder), asked.store, weights, asked.filters, reader=reader)
    if found.confidence < weights.read.answered:
        return None
    best = found.sentences[0]
    own = answering_figure(best)
    rivals = list(find_rivals(found.sentences, own)) if own else []
    stated = asked.accounts(best, own) if own else frozenset()
    verdicts = [
        (one.where, _verdict(one, bool(stated and asked.accounts(one.sentence, one.figure) - stated))) for one in rivals
    ]
    return Answered(asked=asked, verdicts=verdicts)


def _verdict(rival: Rival, right: bool) -> Verdict:
    return Verdict(pair="same", features=rival.features, right=right, weight=1.0)


def _learn(answered: Sequence[Answered]) -> dict[Where, LinearModel]:
    by_where = {where: [v for one in answered for own, v in one.verdicts if own == where] for where in WHERES}
    return {where: learn_judge(verdicts, tuple(verdicts[0].features)) for where, verdicts in by_where.items()}


def _likeliest(models: dict[Where, LinearModel], one: Answered) -> tuple[float, bool]:
    """(the probability of the likeliest rival, whether it is another account)."""
    scored = [(float(models[where].score(verdict.features)[0]), verdict.right) for where, verdict in one.verdicts]
    log_odds, right = max(scored, default=(-np.inf, False))
    return float(1 / (1 + np.exp(-log_odds))), right


def _fold(one: Answered) -> int:
    return sum(one.asked.story.encode()) % _FOLDS


def _stating(conflict: Sequence[Sequence[Accepted]], store: VectorStore) -> Accounts:
    def accounts(sentence: ScoredSentence, figure: Span) -> frozenset[int]:
        article = store.article(sentence.stored.passage.article_id)
        quote = quoted(article, sentence.span) if article else Quoted(sentence.text)
        return frozenset(
            number
            for number, side in enumerate(conflict)
            if any(figure.overlaps(span) for one in side for span in one.spans_in(quote))
        )

    return accounts


def _holding(accounts: Sequence[dict[str, Spans]]) -> Accounts:
    """accounts: for each, its spans by article."""

    def stating(sentence: ScoredSentence, figure: Span) -> frozenset[int]:
        place = figure.shifted(sentence.span.start_char)
        own = [account.get(sentence.stored.passage.article_id, ()) for account in accounts]
        return frozenset(
            number for number, spans in enumerate(own) if any(place.overlaps(Span(start_char=a, end_char=b)) for a, b in spans)
        )

    return stating
