"""Questions that the rules of a larger place answer: "do I need a visa for Vladivostok?" is asked of Russia, where it lies.

A learned model tells from a question's vector whether it asks for a rule that holds in the whole country. Other facts of a
larger place say nothing about a place in it, and those of another place never do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from coopbot.ask.understand.question import Question
from coopbot.ask.weights import RuleWeights
from coopbot.text.gazetteer import find_names, name_spans, names_in, places_around


@dataclass(frozen=True, slots=True, kw_only=True)
class Wider:
    """A question asked of a larger place. place: as it was asked about, and `around`, the larger one: gazetteer ids. holds: the
    probability that an answer about the larger place is one about the place.
    """

    text: str
    place: str
    around: str
    holds: float

    def speaks_of_another(self, texts: Sequence[str]) -> bool:
        """Whether texts name a place within the larger one that is neither the place nor around it."""
        own = (self.place, *places_around(self.place))
        named = {name for text in texts for name in find_names(text)}
        return any(self.around in places_around(name) for name in named.difference(own))


def wider(question: Question, weights: RuleWeights) -> Wider | None:
    """The question asked of the country of the one place that it names; None if it asks for no rule, or with another embedding
    model than the weights are for.
    """
    if len(question.vector) != len(weights.vector):
        return None
    holds = 1 / (1 + math.exp(-float(question.vector @ weights.vector + weights.bias)))
    if holds < weights.least:
        return None
    named = [(span, ids) for span, ids in name_spans(question.text) if span.end_char > span.start_char]
    placed = [(span, ids[0]) for span, ids in named if len(ids) == 1 and places_around(ids[0])]
    if len({id_ for _, id_ in placed}) != 1:
        return None
    span, place = placed[0]
    country = places_around(place)[-1]
    (name,) = names_in((country,), question.language)
    text = question.text[: span.start_char] + name + question.text[span.end_char :]
    return Wider(text=text, place=place, around=country, holds=holds)
