"""Sources that answer one question with different figures. Better to miss one than to call a dispute what is none."""

from __future__ import annotations

from collections.abc import Sequence

from coopbot.ask.retrieve import ScoredSentence
from coopbot.text.dates import find_dates
from coopbot.text.figures import differ
from coopbot.text.periods import find_periods

# A sentence of another passage disagrees only if the reader holds its words for an answer too (start and end together, against
# "does not answer"), and hardly less than the best one's.
_LEAST_READING = 2.0
_MOST_BEHIND = 4.0


def differing(sentences: Sequence[ScoredSentence]) -> ScoredSentence | None:
    """The best sentence whose answer contradicts that of the first one, if there is one.

    Both must give a figure or a date of one unit, of one time, that differs beyond its rounding.
    """
    best, *others = sentences
    if best.answer is None or best.reading < _LEAST_READING:
        return None
    for other in others:
        if other.reading < max(_LEAST_READING, best.reading - _MOST_BEHIND):
            continue
        if other.stored.passage.passage_id == best.stored.passage.passage_id:
            continue
        if differ(best.answer_text, other.answer_text) and _of_one_time(best, other):
            return other
    return None


def _of_one_time(one: ScoredSentence, other: ScoredSentence) -> bool:
    """Whether neither sentence gives a year, or a part of one, that the other does not."""
    years, others = _years(one), _years(other)
    return (years == others or not years or not others) and find_periods(one.text) == find_periods(other.text)


def _years(sentence: ScoredSentence) -> frozenset[int]:
    """Those the sentence names beside its answer."""
    answer = sentence.answer_text
    own = {mention.year for mention in find_dates(answer)}
    return frozenset(mention.year for mention in find_dates(sentence.text) if mention.year) - own
