"""What the golden questions got, summed up as named figures such as `test.answer.same.first`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeVar

import numpy as np

from coopbot.domain import LANGUAGES
from evals.measure.golden import KINDS, PLAIN, SPLITS, AskedQuestion, Grade, Judged, Kind, Reply, Split
from evals.measure.scores import (
    Bin,
    Estimate,
    area_under_roc,
    calibration_error,
    estimate,
    mean,
    ndcg_at,
    recall_at,
    recall_at_precision,
    reciprocal_rank,
    reliability,
    risk_coverage_area,
)

Figures = dict[str, Estimate]
R = TypeVar("R", bound=Reply[AskedQuestion])

Verdict = Literal["right", "wrong", "no answer"]

COSTS: Mapping[Grade, Mapping[Verdict, float]] = {
    "answered": {"right": 0.0, "wrong": 3.0, "no answer": 3.0},
    "possible": {"right": 0.3, "wrong": 1.0, "no answer": 1.0},
    "no_evidence": {"right": 2.0, "wrong": 1.0, "no answer": 0.0},
}
"""What an answer costs the asker, by its grade and by whether its first quote is right or the question has no answer.

A wrong answer that is called likely costs most, then "no evidence" above a right sentence.
"""

# The precision of "no evidence" at which its recall is reported, whatever threshold gives it.
PRECISION = 0.90

_RANKINGS: Mapping[str, Callable[[Sequence[str], Collection[str]], float]] = {
    **{f"recall_{k}": partial(recall_at, k) for k in (1, 5, 10)},
    "mrr": reciprocal_rank,
    "ndcg_10": partial(ndcg_at, 10),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenScores:
    """figures: by name, of both splits. missed: ids of dev questions. counts: questions asked."""

    figures: Mapping[str, Estimate]
    reliability: Mapping[Split, tuple[Bin, ...]]
    missed: Mapping[Kind, tuple[str, ...]]
    counts: Mapping[Split, Mapping[Kind, int]]


def summed_up(judged: Sequence[Judged]) -> GoldenScores:
    """All figures of both splits."""
    by_split = {split: [one for one in judged if one.question.split == split] for split in SPLITS}
    figures = {
        f"{split}.{name}": figure
        for split in SPLITS
        for part in (_retrieval, _answers, grade_figures, _refusals, _confidence, _disagreements, citation_figures, _small_talk)
        for name, figure in part(by_split[split]).items()
    }
    missed = {
        kind: tuple(sorted(one.question.id for one in by_split["dev"] if one.question.kind == kind and not one.right))
        for kind in KINDS
    }
    return GoldenScores(
        figures=figures,
        reliability={split: reliability(*np.array(_trust(by_split[split])).reshape(2, -1)) for split in SPLITS},
        missed=missed,
        counts={split: {kind: sum(one.question.kind == kind for one in by_split[split]) for kind in KINDS} for split in SPLITS},
    )


def _retrieval(judged: Sequence[Judged]) -> Figures:
    """By direction: a question's language, and that of the articles listed and searched."""
    figures: Figures = {}
    for asked in LANGUAGES:
        for language in LANGUAGES:
            group = [one for one in judged if one.question.language == asked and language in one.ranked]
            for name, measure in _RANKINGS.items():
                values = [measure(one.ranked[language], one.question.articles_in(language)) for one in group]
                figures[f"retrieval.{asked}-{language}.{name}"] = _estimate(group, mean, values)
    return figures


def _answers(judged: Sequence[Judged]) -> Figures:
    plain = [one for one in judged if one.question.kind in PLAIN]
    figures = answer_figures(plain)
    figures |= _answer_figures("answer.follow_up", [one for one in plain if one.question.kind == "follow-up"])
    return figures | kind_figures(plain, [kind for kind in KINDS if kind in PLAIN])


def kind_figures(answerable: Sequence[Reply[AskedQuestion]], kinds: Iterable[str]) -> Figures:
    """How many questions of each kind got their answer in the first quote."""
    return {
        f"kind.{kind}.first": share([one for one in answerable if one.question.kind == kind], lambda one: one.found)
        for kind in kinds
    }


def answer_figures(answerable: Sequence[Reply[AskedQuestion]]) -> Figures:
    """Of questions that have an answer: how many got it, by where it stands and by language."""
    groups = {
        "all": list(answerable),
        "same": [one for one in answerable if one.question.pair == "same"],
        "across": [one for one in answerable if one.question.pair == "across"],
        **_by_language(answerable),
    }
    return {key: figure for name, group in groups.items() for key, figure in _answer_figures(f"answer.{name}", group).items()}


def _answer_figures(name: str, group: Sequence[Reply[AskedQuestion]]) -> Figures:
    """offered: whatever the outcome. refused and wrong: the two ways to miss the first quote."""
    return {
        f"{name}.first": share(group, lambda one: one.found),
        f"{name}.any": share(group, lambda one: one.shown and one.any),
        f"{name}.first_when_answered": share([one for one in group if one.shown], lambda one: one.first),
        f"{name}.offered": share(group, lambda one: one.first),
        f"{name}.refused": share(group, lambda one: not one.shown),
        f"{name}.wrong": share(group, lambda one: one.shown and not one.first),
    }


def grade_figures(replies: Sequence[Reply[AskedQuestion]]) -> Figures:
    """What people meet: how often each grade of answer is right and given, in whose language right quotes are, and the cost.

    Without small talk, conflicts, which take two quotes, and false premises that may be refused or corrected.
    """
    met = [
        one
        for one in replies
        if one.question.kind not in ("small-talk", "conflict")
        and (one.question.kind != "false-premise" or not one.question.answers)
    ]
    figures: Figures = {}
    for grade in COSTS:
        is_it = partial(_has_grade, grade)
        figures[f"grade.{grade}.right"] = share([one for one in met if is_it(one)], lambda one: _verdict(one) == "right")
        figures[f"grade.{grade}.with_answer"] = share([one for one in met if one.question.answers], is_it)
        figures[f"grade.{grade}.without_answer"] = share([one for one in met if not one.question.answers], is_it)
    own = [one for one in met if one.found and one.question.pair == "same"]
    figures["met.own_language"] = share(own, lambda one: one.own_language)
    figures["met.cost"] = _estimate(met, mean, [COSTS[one.grade][_verdict(one)] for one in met])
    return figures


def _has_grade(grade: Grade, reply: Reply[AskedQuestion]) -> bool:
    return reply.grade == grade


def _verdict(reply: Reply[AskedQuestion]) -> Verdict:
    if reply.question.answers:
        return "right" if reply.first else "wrong"
    # To quote an article that says that it does not know is as right as to refuse.
    return "right" if reply.admits and reply.shown else "no answer"


def _refusals(judged: Sequence[Judged]) -> Figures:
    """A false premise that an article corrects may be refused or corrected, so it counts apart and not here."""
    corrected = [one for one in judged if one.question.kind == "false-premise" and one.question.answers]
    rest = [one for one in _questions(judged) if one.question.kind != "false-premise" or not one.question.answers]
    return {"false_premise.right": share(corrected, lambda one: one.right), **refusal_figures(rest)}


def refusal_figures(replies: Sequence[Reply[AskedQuestion]]) -> Figures:
    """How well questions without an answer are declined, in all and by language.

    Where an article says that it does not know, quoting that is as right as refusing. Its confidence is then nothing to go by:
    such questions do not count for `recall_at_90` and `area`, which are about confidence.
    """
    figures: Figures = {}
    for name, group in {"all": list(replies), **_by_language(replies)}.items():
        swept = [one for one in group if not one.question.says_unknown]
        confidence, answerable = [one.confidence for one in swept], [bool(one.question.answers) for one in swept]
        declined = [one for one in group if one.declined]
        unanswerable = [one for one in group if not one.question.answers]
        figures[f"no_evidence.{name}.precision"] = share(declined, lambda one: not one.question.answers)
        figures[f"no_evidence.{name}.recall"] = share(unanswerable, lambda one: one.declined)
        sweep = partial(recall_at_precision, PRECISION)
        figures[f"no_evidence.{name}.recall_at_90"] = _estimate(swept, sweep, confidence, [not one for one in answerable])
        figures[f"no_evidence.{name}.area"] = _estimate(swept, area_under_roc, confidence, answerable)
    return figures


def _confidence(judged: Sequence[Judged]) -> Figures:
    asked = _questions(judged)
    confidence, right = _trust(judged)
    return {
        "confidence.risk_coverage_area": _estimate(asked, risk_coverage_area, confidence, [1 - one for one in right]),
        "confidence.calibration_error": _estimate(asked, calibration_error, confidence, right),
    }


def _trust(judged: Iterable[Judged]) -> tuple[list[float], list[float]]:
    """Each question's confidence and whether its first quote is right, be it given as an answer or only offered."""
    pairs = [(one.confidence, float(one.first)) for one in _questions(judged)]
    return [confidence for confidence, _ in pairs], [right for _, right in pairs]


def _questions(judged: Iterable[Judged]) -> list[Judged]:
    """All but small talk, which no article could answer."""
    return [one for one in judged if one.question.kind != "small-talk"]


def _small_talk(judged: Sequence[Judged]) -> Figures:
    return {"small_talk.right": share([one for one in judged if one.question.kind == "small-talk"], lambda one: one.right)}


def _disagreements(judged: Sequence[Judged]) -> Figures:
    return {
        "disagreement.found": share([one for one in judged if one.question.kind == "conflict"], lambda one: one.right),
        "disagreement.false": share([one for one in judged if one.question.kind in PLAIN], lambda one: one.disputed),
    }


def _by_language(replies: Sequence[Reply[AskedQuestion]]) -> dict[str, list[Reply[AskedQuestion]]]:
    return {language: [one for one in replies if one.question.language == language] for language in LANGUAGES}


def citation_figures(replies: Sequence[Reply[AskedQuestion]]) -> Figures:
    """How many quotes stand in their article where the citation says."""
    exact = [number < one.exact for one in replies for number in range(one.citations)]
    return {"citation.exact": estimate(mean, exact)}


def share(replies: Sequence[R], holds: Callable[[R], bool]) -> Estimate:
    """Of how many something holds."""
    return _estimate(replies, mean, [holds(one) for one in replies])


def _estimate(replies: Sequence[Reply[AskedQuestion]], statistic: Callable[..., float], *columns: Sequence[float]) -> Estimate:
    """A statistic of columns with one number for each reply. Its interval draws facts: several questions ask for the same."""
    return estimate(statistic, *columns, groups=[one.question.fact or one.question.id for one in replies])
