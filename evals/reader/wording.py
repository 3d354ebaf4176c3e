"""What the wording of a question gives away: whoever invents near misses asks in other words than for what is there."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict

from coopbot.domain import LANGUAGES
from coopbot.text.language import detect_language
from evals.reader.examples import Example

F64 = npt.NDArray[np.float64]

_FOLDS = 4


def with_even_odds(examples: Sequence[Example], rng: random.Random, share: float) -> list[Example]:
    """Some examples lose the texts that answer, so that as many as `share` of those in any wording have an answer.

    Without it, the reader learns that questions such as "who heads" or "how many" have none, and "why" has one.
    """
    likely = answered_by_wording(examples)
    kept = []
    for one, likelihood in zip(examples, likely.tolist(), strict=True):
        wrong = tuple(text for text in one.texts if not text.answers)
        loses = len(wrong) < len(one.texts) and rng.random() > share / likelihood
        kept.append(replace(one, texts=wrong) if loses and wrong else one)
    return kept


def answered_by_wording(examples: Sequence[Example]) -> F64:
    """(examples,): how likely each has an answer, by the letters of its question alone; learned from the other stories."""
    likely = np.zeros(len(examples))
    languages = [detect_language(one.question) for one in examples]
    for language in LANGUAGES:
        rows = [row for row, own in enumerate(languages) if own == language]
        likely[rows] = _likelihoods([examples[row] for row in rows])
    return likely


def _likelihoods(examples: Sequence[Example]) -> F64:
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), min_df=3)
    table = letters.fit_transform([one.question for one in examples])
    answered = [any(text.answers for text in one.texts) for one in examples]
    model = LogisticRegression(C=3.0, max_iter=300)
    groups = [one.paragraph for one in examples]
    found: F64 = cross_val_predict(model, table, answered, groups=groups, cv=GroupKFold(_FOLDS), method="predict_proba")[:, 1]
    return found
