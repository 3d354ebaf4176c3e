"""Which articles have what a question accepts, fast over all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from coopbot.domain import LANGUAGES, Article, Language
from coopbot.ingest.corpus.store import Corpus
from coopbot.text.sentences import split_sentences
from evals.measure.facts import Accepted, Quoted, articles_stating, fact_of, quoted, sentences_by_fact
from evals.measure.golden import AskedQuestion, load_questions

ROOT = Path(__file__).parents[2]
EVALS = ROOT / "evals"
CORPUS = ROOT / "corpus"

_CODE = re.compile(r"[A-Z][A-Z0-9]-(?:\d\d|N)\b")


@cache
def articles(folder: Path = CORPUS) -> Mapping[str, Article]:
    found = list(Corpus(folder))
    read = {article.article_id: article for article in found if isinstance(article, Article)}
    assert len(read) == len(found)
    return read


@cache
def sentences(folder: Path = CORPUS) -> tuple[tuple[str, Quoted], ...]:
    return tuple(
        (article_id, quoted(article, span))
        for article_id, article in articles(folder).items()
        for span in split_sentences(article.text)
    )


@cache
def by_fact(folder: Path = CORPUS) -> Mapping[str, Sequence[tuple[str, Quoted]]]:
    return sentences_by_fact(articles(folder).values())


@cache
def _flat(folder: Path) -> Mapping[str, str]:
    return {article_id: _even(article.text) for article_id, article in articles(folder).items()}


def _even(text: str) -> str:
    return " ".join(text.split()).casefold()


def holding(accepted: Iterable[Accepted], folder: Path = CORPUS) -> set[str]:
    """The ids of all articles that have something of what is accepted."""
    found: set[str] = set()
    for one in accepted:
        if one.facts:
            found |= set(articles_stating([one], by_fact(folder)))
        elif one.open_in:
            found |= {article_id for article_id, quote in sentences(folder) if one.spans_in(quote)}
        else:
            words = [_even(word) for word in one.words]
            found |= {article_id for article_id, text in _flat(folder).items() if any(word in text for word in words)}
    return found


def sentences_holding(accepted: Accepted, folder: Path = CORPUS) -> list[Quoted]:
    """The sentences that are right."""
    if accepted.facts:
        own = [quote for code in accepted.facts for _, quote in by_fact(folder).get(fact_of(code), ())]
        return [quote for quote in own if accepted.spans_in(quote)]
    return [quote for _, quote in sentences(folder) if accepted.spans_in(quote)]


def unstated(question: AskedQuestion) -> set[Language]:
    """The languages that no article states its answer in."""
    if not question.answers:
        return set()
    found = {article_id.partition("/")[0] for article_id in holding(question.answers)}
    return {language for language in LANGUAGES if language not in found}


def asked_twice(questions: Iterable[AskedQuestion]) -> list[tuple[str, str]]:
    """Pairs of questions that accept something in common: a figure or word of a fact, or strings of which one has the other."""
    asked = [
        (key, question.id)
        for question in questions
        for accepted in (*question.answers, *(one for side in question.conflict for one in side))
        for key in accepted.identities()
    ]
    return [
        (one, other)
        for key, one in asked
        for longer, other in asked
        if one != other and (key == longer or (key in longer and not _CODE.match(key)))
    ]


def topic_splits() -> Mapping[str, str]:
    """The half that each topic of the golden questions is in."""
    return {question.topic: question.split for question in load_questions(EVALS / "questions.jsonl")}


def subjects() -> set[str]:
    """The sections of the fact sheets that the articles rest on."""
    old = {fact[:2] for article in articles().values() for source in article.sources for fact in source.facts}
    return old | {code[:2] for code in by_fact()}
