"""Which articles hold a string that a question accepts, compared as `evals.measure.golden.holds` does, but fast over all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from coopbot.domain import Article
from coopbot.ingest.corpus.store import Corpus
from coopbot.text.sentences import split_sentences
from evals.measure.golden import load_questions

ROOT = Path(__file__).parents[2]
EVALS = ROOT / "evals"
CORPUS = ROOT / "corpus"


def flat(text: str) -> str:
    return " ".join(text.split()).casefold()


@cache
def articles(folder: Path = CORPUS) -> Mapping[str, Article]:
    found = list(Corpus(folder))
    read = {article.article_id: article for article in found if isinstance(article, Article)}
    assert len(read) == len(found)
    return read


@cache
def texts(folder: Path = CORPUS) -> Mapping[str, str]:
    return {article_id: flat(article.text) for article_id, article in articles(folder).items()}


@cache
def sentences(folder: Path = CORPUS) -> tuple[str, ...]:
    return tuple(
        flat(article.text[span.start_char : span.end_char])
        for article in articles(folder).values()
        for span in split_sentences(article.text)
    )


def holding(strings: Iterable[str], folder: Path = CORPUS) -> set[str]:
    """The ids of all articles that hold one of the strings."""
    wanted = [flat(string) for string in strings]
    return {article_id for article_id, text in texts(folder).items() if any(string in text for string in wanted)}


def sentences_holding(string: str, folder: Path = CORPUS) -> list[str]:
    """The sentences that hold a string."""
    wanted = flat(string)
    return [sentence for sentence in sentences(folder) if wanted in sentence]


def topic_splits() -> Mapping[str, str]:
    """The half that each topic of the golden questions is in."""
    return {question.topic: question.split for question in load_questions(EVALS / "questions.jsonl")}


def subjects() -> set[str]:
    """The sections of the fact sheets that the articles rest on."""
    return {fact[:2] for article in articles().values() for source in article.sources for fact in source.facts}
