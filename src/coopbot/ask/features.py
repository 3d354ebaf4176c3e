"""What is known of a passage, a sentence and an answer as numbers by name. Functions of candidates; no weights here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from coopbot.ask.asking_words import Kind
from coopbot.ask.candidates import Candidates
from coopbot.ask.coverage import Mask, said_by, share
from coopbot.ask.expected import Expected, fit, given_met, period_met, tells, years_met
from coopbot.ask.question import Question
from coopbot.ask.weights import Features
from coopbot.index.embedder import F32
from coopbot.index.lexical import I64
from coopbot.index.passages import StoredPassage
from coopbot.text.gazetteer import PRESS
from coopbot.text.notes import PassageNotes, SentenceNotes

# A sentence meets a question token as well as its passage does if it comes this near.
_AS_WELL = 0.02

# Sentences of one language this near to each other (cosine, the language's centre taken off) speak of the same: no rivals.
_ALIKE = 0.5

# How many of the best sentences may support or rival the very best.
_HEARD = 12

_KINDS: tuple[Kind, ...] = ("number", "date", "person", "place")

# So far behind the best, in log odds, a sentence is no rival.
_FAR_AHEAD = 10.0


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """A language's candidates, and the sentences of its best few passages.

    order, ranked: all passages and their scores, best first. kept: the best few, with what is stored of them. rarity:
    (sought,), of each word of the question in its own language. absent: the share of its words, by rarity, that no passage of
    this language has.
    """

    question: Question
    candidates: Candidates
    order: I64
    ranked: F32
    kept: Candidates
    stored: Sequence[StoredPassage]
    notes: Sequence[PassageNotes]
    rarity: F32
    absent: float

    @cached_property
    def sentences(self) -> list[SentenceNotes]:
        """Of each row."""
        return [note for passage in self.notes for note in passage.sentences]

    @cached_property
    def texts(self) -> list[str]:
        """Of each row."""
        return [one.passage.quoted(span) for one in self.stored for span in one.passage.sentences]

    def named(self, names: frozenset[str]) -> float:
        """The share of the question's names that are among these; 1 if it has none."""
        sought = self.question.names
        return len(sought & names) / len(sought) if sought else 1.0

    @cached_property
    def said(self) -> Mask:
        """(sought, rows): which sentence says what is sought."""
        return said_by(self.question.sought, self.sentences)

    @cached_property
    def said_around(self) -> Mask:
        """(sought, passages): which passage does."""
        return np.logical_or.reduceat(self.said, self.kept.starts[:-1], axis=1)

    @cached_property
    def features(self) -> Features:
        """(sentences,) each."""
        return _sentence_features(self)


def passage_features(candidates: Candidates) -> Features:
    """(passages,) each."""
    best = candidates.passage_met
    starts = candidates.starts[:-1]
    return {
        "dense": candidates.dense,
        "lexical": candidates.lexical,
        "late": best.mean(axis=0),
        "late_weighted": candidates.token_weights @ best,
        "late_worst": _worst_quarter(best),
        "sentence_late": np.maximum.reduceat(candidates.met.mean(axis=0), starts),
        "sentence_cosine": np.maximum.reduceat(candidates.sentence_cosine, starts),
    }


def _sentence_features(weighed: Weighed) -> Features:
    kept, question, met = weighed.kept, weighed.question, weighed.kept.met
    # Of all candidates, of which these are the best few.
    weights = weighed.candidates.token_weights
    passage_of = kept.passage_of
    passage = weighed.ranked[passage_of]
    rows = np.arange(met.shape[1])
    first = kept.starts[:-1][passage_of]
    previous = np.maximum(rows - 1, first)
    weighted = weights @ met
    content = met[question.content]
    context = [weighed.notes[place].context_names for place in passage_of]
    own = weighed.sentences
    wanted = question.wanted

    def by_row(values: list[float]) -> F32:
        return np.array(values, dtype=np.float32)

    fits = by_row([fit(wanted, note, text) for note, text in zip(own, weighed.texts, strict=True)])
    return {
        "passage": passage,
        "passage_behind": weighed.ranked[0] - passage,
        "dense": kept.dense[passage_of],
        "cosine": kept.sentence_cosine,
        "late": met.mean(axis=0),
        "late_weighted": weighted,
        "late_worst": _worst_quarter(met),
        "content_late": content.mean(axis=0),
        "content_worst": _worst_quarter(content),
        "content_least": content.min(axis=0),
        "share_met": weights @ (met >= kept.passage_met[:, passage_of] - _AS_WELL),
        "previous_adds": weights @ np.maximum(met, met[:, previous]) - weighted,
        "lead_adds": weights @ np.maximum(met, met[:, first]) - weighted,
        "is_first": (rows == first).astype(np.float32),
        "position": (rows - first).astype(np.float32),
        "said": share(weighed.said, weighed.rarity),
        "said_before": share(weighed.said | weighed.said[:, previous], weighed.rarity),
        "said_around": share(weighed.said_around, weighed.rarity)[passage_of],
        **{f"fits_{kind}": fits if wanted.kind == kind else np.ones_like(fits) for kind in _KINDS},
        "years": by_row([met for one in weighed.notes for met in _years_met(wanted, one)]),
        "period": by_row([period_met(wanted, text) for text in weighed.texts]),
        "given": by_row([given_met(wanted, note) for note in own]),
        "named": by_row([weighed.named(names | note.names) for names, note in zip(context, own, strict=True)]),
        "names_here": by_row([weighed.named(note.names) for note in own]),
        "length": np.log1p(kept.token_counts).astype(np.float32),
        # What its language does to a score.
        **{f"is_{lang}": np.full(len(rows), kept.language == lang, dtype=np.float32) for lang in ("zh", "ru")},
    }


def _years_met(wanted: Expected, passage: PassageNotes) -> Iterator[float]:
    told: frozenset[int] = frozenset()
    for note in passage.sentences:
        yield years_met(wanted, note, told)
        told = note.years or told


def answer_features(languages: Sequence[Weighed], scores: Sequence[F32], at: tuple[int, int]) -> Features:
    """(1,) each: what tells an answer from a near miss. scores: of the sentences of each language.

    at: the language and the row of the sentence that is to answer.
    """
    place, row = at
    best, question = languages[place], languages[place].question
    passage = int(best.kept.passage_of[row])
    met = best.kept.passage_met[:, passage]
    all_met = np.max([one.candidates.passage_met.max(axis=1) for one in languages], axis=0)
    support, alternative = _support(languages, scores, at)
    values = {
        "support": support,
        "ahead": alternative,
        "gap_third": _gap(best, 2),
        "gap_tenth": _gap(best, 9),
        "passage_late": met.mean(),
        "dense": best.kept.dense[passage],
        "regret": best.candidates.token_weights @ (all_met - met),
        "worst_regret": (all_met - met)[question.content].max(),
        "absent": max(one.absent for one in languages if one.candidates.pair == best.candidates.pair),
        "length": np.log1p(len(met)),
        "meant_around": _meant(best, passage),
        "elsewhere": _elsewhere(question.names - PRESS, best.sentences[row].names - PRESS),
        **{name: best.features[name][row] for name in _OF_SENTENCE},
    }
    return {name: np.array([value], dtype=np.float32) for name, value in values.items()}


def _meant(weighed: Weighed, passage: int) -> float:
    """The share that a passage says of those words of the question whose meaning is known, by rarity; 0 if none is."""
    known = np.array([bool(one.meanings) for one in weighed.question.sought], dtype=bool)
    return float(share(weighed.said_around[known, passage : passage + 1], weighed.rarity[known])[0])


def _elsewhere(asked: frozenset[str], named: frozenset[str]) -> float:
    """1 if a sentence names something and nothing of what is asked about by name, else 0."""
    return float(bool(asked) and bool(named) and not asked & named)


_OF_SENTENCE = (
    "late_weighted",
    "cosine",
    "content_least",
    "said",
    "said_around",
    "fits_number",
    "fits_date",
    "fits_person",
    "fits_place",
    "years",
    "period",
    "given",
    "named",
)


def _gap(weighed: Weighed, rank: int) -> float:
    """How far the passage at a rank is behind the first; where there are fewer, the last."""
    return float(weighed.ranked[0] - weighed.ranked[min(rank, len(weighed.ranked) - 1)])


def _support(languages: Sequence[Weighed], scores: Sequence[F32], at: tuple[int, int]) -> tuple[float, float]:
    """(log of the share of all odds that the best sentence and those that say the same have, how far the best that says
    something else is behind it).

    Two say the same if they share a figure that the question does not give, or are much alike in one language and one of them
    has no figure.
    """
    place, row = at
    best = languages[place]
    odds = [(float(score), i, j) for i, some in enumerate(scores) for j, score in enumerate(some)]
    top = float(scores[place][row])
    odds = sorted((entry for entry in odds if entry[1:] != at), reverse=True)
    told = tells(best.question.wanted, best.sentences[row])
    vector = best.kept.sentence_vectors[row]
    same, other, ahead = 1.0, 0.0, _FAR_AHEAD
    for score, i, j in odds[:_HEARD]:
        one = languages[i]
        alike = i == place and float(one.kept.sentence_vectors[j] @ vector) > _ALIKE
        share = float(np.exp(min(score - top, 20.0)))
        also_told = tells(one.question.wanted, one.sentences[j])
        if told & also_told or (alike and not (told and also_told)):
            same += share
        else:
            ahead = min(ahead, top - score)
            other += share
    return float(np.log(same / (same + other))), ahead


def _worst_quarter(met: F32) -> F32:
    """(columns,): the mean of the lowest quarter of the rows, at least one."""
    count = max(1, len(met) // 4)
    worst: F32 = np.partition(met, count - 1, axis=0)[:count].mean(axis=0)
    return worst
