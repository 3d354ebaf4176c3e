"""Scored sentences for tests of what is quoted."""

from __future__ import annotations

import numpy as np

from coopbot.ask.rank.retrieve import ScoredSentence
from coopbot.ask.weights import ContradictionWeights, LinearModel
from coopbot.domain import Language, Passage, Span
from coopbot.index.types import F32, StoredPassage


def towards(*cosines: float) -> F32:
    """A unit vector with these cosines to the first axes."""
    rest = np.sqrt(max(0.0, 1 - sum(one * one for one in cosines)))
    return np.array([*cosines, *[0.0] * (3 - len(cosines)), rest], dtype=np.float32)


def sentence(
    text: str,
    log_odds: float,
    vector: F32,
    language: Language = "en",
    *,
    passage: str = "",
    answer: str = "",
    reading: float = 8.0,
) -> ScoredSentence:
    """The only sentence of its passage, which is the only one of its article, unless a passage is named."""
    span = Span(start_char=0, end_char=len(text))
    held = Passage(
        passage_id=passage or text,
        article_id=f"{language}/{text}",
        start_char=0,
        end_char=len(text),
        text=text,
        heading_path=(),
        sentences=(span,),
    )
    at = text.index(answer)
    return ScoredSentence(
        stored=StoredPassage(passage=held, language=language, row=0),
        span=span,
        pair="same" if language == "en" else "across",
        log_odds=log_odds,
        vector=vector,
        answer=Span(start_char=at, end_char=at + len(answer)) if answer else None,
        reading=reading if answer else 0.0,
    )


def contradiction_weights() -> ContradictionWeights:
    """Plain ones, so that tests do not depend on what was learned: two words of reporting within a passage; elsewhere a figure
    that is about as likely, for the same time.
    """
    same_time = {"years": -10.0, "periods": -10.0, "repeats": -10.0}
    return ContradictionWeights(
        rival={
            "sentence": _linear(-1.5, {"reported": 1.0, "contrasts": 1.0}),
            "passage": _linear(-1.5, {"reported": 1.0, "other_reported": 1.0}),
            "elsewhere": _linear(2.0, {"behind": -0.5, "odds": -2.0, **same_time}),
        },
        threshold=0.5,
    )


def _linear(bias: float, weights: dict[str, float]) -> LinearModel:
    values = np.array(list(weights.values()), dtype=np.float32)
    return LinearModel(names=tuple(weights), mean=np.zeros_like(values), scale=np.ones_like(values), weight=values, bias=bias)
