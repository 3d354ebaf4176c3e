"""What is known of a passage, a sentence and an answer as numbers by name. Functions of candidates; no weights here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from coopbot.ask.candidates import Candidates
from coopbot.ask.expected import Expected
from coopbot.ask.weights import Background, Features
from coopbot.index.embedder import F32
from coopbot.text.notes import PassageNotes, SentenceNotes

# A sentence meets a question token as well as its passage does if it comes this near.
_AS_WELL = 0.02

# A sentence this near to the best one (cosine, their language's centre taken off) speaks of the same: it is no rival.
_ALIKE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What a question looks for beside its vectors. idf: its words by rarity in one language. names: ids of the gazetteer."""

    wanted: Expected
    names: frozenset[str]
    idf: Mapping[str, float]

    def fit(self, note: SentenceNotes) -> float:
        """Whether a sentence holds the kind of figure asked for: 1 it does or none is asked for, 0.5 another kind, 0 none."""
        if self.wanted.kind == "number":
            given = {float(value) for value, _ in self.wanted.numbers}
            units = {unit for value, unit in note.amounts if value not in given}
            if not units:
                return 0.0
            return 1.0 if not self.wanted.units or units & self.wanted.units else 0.5
        if self.wanted.kind == "date":
            telling = any(year and (month or year not in self.wanted.years) for year, month in note.dates)
            return 1.0 if telling else 0.5 if note.dates else 0.0
        return 1.0

    def years_met(self, note: SentenceNotes) -> float:
        """1 if a sentence names every year of the question, if any; 0.5 if it has no year itself; 0 if it has others."""
        years = {year for year, _ in note.dates if year}
        if self.wanted.years <= years:
            return 1.0
        return 0.0 if years else 0.5

    def named(self, names: frozenset[str]) -> float:
        """The share of the question's names that are among these; 1 if it has none."""
        return len(self.names & names) / len(self.names) if self.names else 1.0


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


def sentence_features(
    candidates: Candidates,
    passage_scores: F32,
    token_weights: F32,
    sought: Sought,
    notes: Sequence[PassageNotes],
) -> Features:
    """(sentences,) each. `token_weights` are those of all candidates, of which these are the best few."""
    own = [note for passage in notes for note in passage.sentences]
    names = [passage.context_names | note.names for passage in notes for note in passage.sentences]
    met = candidates.met
    rows = np.arange(met.shape[1])
    first = candidates.starts[:-1][candidates.passage_of]
    previous = np.where(rows == first, rows, rows - 1)
    weighted = token_weights @ met
    return {
        "passage": passage_scores[candidates.passage_of],
        "cosine": candidates.sentence_cosine,
        "late": met.mean(axis=0),
        "late_weighted": weighted,
        "late_worst": _worst_quarter(met),
        "share_met": token_weights @ (met >= candidates.passage_met[:, candidates.passage_of] - _AS_WELL),
        "previous_adds": token_weights @ np.maximum(met, met[:, previous]) - weighted,
        "lead_adds": token_weights @ np.maximum(met, met[:, first]) - weighted,
        "is_first": (rows == first).astype(np.float32),
        "lexical": np.array([covered(note.words, sought.idf) for note in own], dtype=np.float32),
        "fits": np.array([sought.fit(note) for note in own], dtype=np.float32),
        "years": np.array([sought.years_met(note) for note in own], dtype=np.float32),
        "named": np.array([sought.named(named) for named in names], dtype=np.float32),
        "names_here": np.array([sought.named(note.names) for note in own], dtype=np.float32),
        "length": np.log1p(candidates.token_counts).astype(np.float32),
    }


def answer_features(
    candidates: Candidates,
    kept: Candidates,
    ranked: F32,
    sentence_scores: F32,
    sought: Sought,
    notes: Sequence[PassageNotes],
    background: Background,
) -> Features:
    """(1,) each: what tells an answer from a near miss. Where there are too few rivals, the background stands in for them.

    kept: the passages whose sentences were scored. ranked: passage scores of all candidates, falling. The passage judged is
    that of the best sentence.
    """
    top = int(sentence_scores.argmax())
    passage = int(kept.passage_of[top])
    met = kept.passage_met[:, passage]
    own = notes[passage]
    best = own.sentences[top - int(kept.starts[passage])]
    alike = kept.sentence_vectors @ kept.sentence_vectors[top] > _ALIKE
    rivals = sentence_scores[(kept.passage_of != passage) & ~alike]
    values = {
        "gap_third": ranked[0] - (ranked[2] if len(ranked) > 2 else background.passage),
        "gap_tenth": ranked[0] - (ranked[9] if len(ranked) > 9 else background.passage),
        "passage_late": met.mean(),
        "dense": kept.dense[passage],
        "sentence_gap": sentence_scores[top] - (rivals.max() if len(rivals) else background.sentence),
        "sentence_cosine": kept.sentence_cosine.max(),
        "covered": covered([word for note in own.sentences for word in note.words], sought.idf),
        "fits": sought.fit(best),
        "years": sought.years_met(best),
        "named": sought.named(own.context_names | best.names),
        "names_here": sought.named(best.names),
        "regret": candidates.token_weights @ (candidates.passage_met.max(axis=1) - met),
        "length": np.log1p(len(met)),
    }
    return {name: np.array([value], dtype=np.float32) for name, value in values.items()}


def covered(words: Sequence[str], idf: Mapping[str, float]) -> float:
    """The share of a question's words, weighed by rarity, that are among these; 0 if the question has none."""
    total = sum(idf.values())
    if not total:
        return 0.0
    present = set(words)
    return sum(weight for word, weight in idf.items() if word in present) / total


def _worst_quarter(met: F32) -> F32:
    """(columns,): the mean of the lowest quarter of the rows, at least one."""
    count = max(1, len(met) // 4)
    worst: F32 = np.partition(met, count - 1, axis=0)[:count].mean(axis=0)
    return worst
