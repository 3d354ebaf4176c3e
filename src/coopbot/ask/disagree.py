"""Sources that answer one question with different figures. Better to miss one than to call a dispute what is none."""

from __future__ import annotations

from collections.abc import Sequence

from coopbot.ask.retrieve import ScoredSentence
from coopbot.text.dates import find_dates
from coopbot.text.figures import differ
from coopbot.text.periods import find_periods

# A sentence of another passage disagrees only if it answers hardly less likely than the best one: by the reader's score of its
# words, and by the log odds of the sentence. Measured on dev questions.
_READING_BEHIND = 4.0
_ODDS_BEHIND = 3.0


def differing(sentences: Sequence[ScoredSentence]) -> ScoredSentence | None:
    """The best sentence whose answer contradicts that of the first one, if there is one.

    Both must give a figure or a date of one unit, of one time, that differs beyond its rounding.
    """
    best, *others = sentences
    if best.answer is None:
        return None
    for other in others:
        if other.reading < best.reading - _READING_BEHIND or other.log_odds < best.log_odds - _ODDS_BEHIND:
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
