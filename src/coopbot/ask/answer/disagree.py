"""Finds sources that answer a question with different figures. Prefers missing one to reporting a false one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from coopbot.ask.rank.retrieve import ScoredSentence
from coopbot.text.dates import find_dates
from coopbot.text.figures import Figure, PlacedFigure, place_figures
from coopbot.text.periods import find_periods
from coopbot.text.reporting import count_attributions, count_contrasts

# Maximum gap in reader score between the answering figure and a rival: in the same passage (where the two compete in the
# reader), for a date, and in another passage. Measured, like the other limits here, on dev and training questions.
_READING_BEHIND, _DATE_BEHIND, _ELSEWHERE_BEHIND = 16.0, 9.0, 4.0
# Maximum gap in log odds between the answering sentence and a rival: in the same passage, and in another.
_ODDS_BEHIND, _ODDS_BEHIND_ELSEWHERE = 3.0, 1.0
# Minimum number of words of reporting or contrast in a sentence that holds two accounts.
_WORDS_OF_TWO_ACCOUNTS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """An answer that contradicts the best one. sentence: where it is found; the best sentence itself if it holds both.

    answers: the words of the best answer, then those of the other.
    """

    sentence: ScoredSentence
    answers: tuple[str, str]


def find_contradiction(sentences: Sequence[ScoredSentence]) -> Contradiction | None:
    """The first figure or date that contradicts the answer of the first sentence, or None.

    It has the same unit and period and differs by more than rounding. Within one passage, both must be attributed to somebody;
    from another passage, it must be about as likely to answer.
    """
    best = sentences[0]
    own = _answering(best)
    if own is None:
        return None
    for other in sentences:
        for figure in _rivals(best, own, other):
            return Contradiction(sentence=other, answers=(own.of(best.text), figure.of(other.text)))
    return None


def _answering(best: ScoredSentence) -> PlacedFigure | None:
    """The figure within the answer's words that the reader scores highest, or None."""
    found = [figure for figure in place_figures(best.text) if _within_answer(best, figure)]
    return max(found, key=lambda figure: _reading(best, figure), default=None)


def _rivals(best: ScoredSentence, own: PlacedFigure, other: ScoredSentence) -> Iterator[PlacedFigure]:
    """The figures of the sentence `other` that contradict `own`, the answer of the sentence `best`. `other` may be `best`."""
    if other is best:
        limit, may_differ = _READING_BEHIND, _holds_two_accounts(best.text)
    elif other.stored.passage.passage_id == best.stored.passage.passage_id:
        limit, may_differ = _READING_BEHIND, own.figure.unit != "date" and _are_two_accounts(best, other)
    else:
        limit, may_differ = _ELSEWHERE_BEHIND, _answers_as_likely(best, other)
    if own.figure.unit == "date":
        limit = min(limit, _DATE_BEHIND)
    found = place_figures(other.text) if may_differ else []
    # A sentence that repeats the answer does not contradict it with its other figures, unless it holds two accounts.
    if not _holds_two_accounts(other.text) and any(_agrees(one.figure, own.figure) for one in found if other is not best):
        return
    least = _reading(best, own) - limit
    for figure in found:
        if other is best and _within_answer(best, figure):
            continue
        # In another passage only the answer itself counts.
        if other.stored.passage.passage_id != best.stored.passage.passage_id and not _within_answer(other, figure):
            continue
        same_unit = figure.figure.unit == own.figure.unit or (other is best and _may_share_a_unit(figure.figure, own.figure))
        if same_unit and figure.figure.contradicts(own.figure) and _reading(other, figure) >= least:
            yield figure


def _agrees(one: Figure, other: Figure) -> bool:
    return one.unit == other.unit and one.agrees(other)


def _holds_two_accounts(text: str) -> bool:
    return count_attributions(text) > 0 and count_attributions(text) + count_contrasts(text) >= _WORDS_OF_TWO_ACCOUNTS


def _are_two_accounts(best: ScoredSentence, other: ScoredSentence) -> bool:
    if other.log_odds < best.log_odds - _ODDS_BEHIND:
        return False
    attributed = count_attributions(best.text) > 0 and count_attributions(other.text) > 0
    return attributed and find_periods(best.text) == find_periods(other.text)


def _answers_as_likely(best: ScoredSentence, other: ScoredSentence) -> bool:
    """Whether `other` is about as likely to answer, for the same time: their years and parts of a year do not conflict."""
    if other.log_odds < best.log_odds - _ODDS_BEHIND_ELSEWHERE:
        return False
    years, others = _years(best), _years(other)
    return (years == others or not years or not others) and find_periods(best.text) == find_periods(other.text)


def _years(sentence: ScoredSentence) -> frozenset[int]:
    """Years the sentence names outside its answer."""
    answer = sentence.answer_text
    own = {mention.year for mention in find_dates(answer)}
    return frozenset(mention.year for mention in find_dates(sentence.text) if mention.year) - own


def _may_share_a_unit(one: Figure, other: Figure) -> bool:
    """One figure may lack a unit: "40 wagons according to one, 30 according to the other"."""
    return "" in (one.unit, other.unit) and "date" not in (one.unit, other.unit)


def _reading(sentence: ScoredSentence, figure: PlacedFigure) -> float:
    return sentence.read.reading_of(figure.shifted(sentence.span.start_char)) if sentence.read else sentence.reading


def _within_answer(sentence: ScoredSentence, figure: PlacedFigure) -> bool:
    return sentence.answer is not None and figure.shifted(sentence.span.start_char).overlaps(sentence.answer)
