"""What a corpus covers, by subject, language and year, as a page for its readers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from coopbot.domain import LANGUAGES, Article, Language
from coopbot.text.glossary import find_concepts
from coopbot.text.sentences import split_sentences
from evals.measure.board import fill, table

_FILE = Path(__file__).with_name("subjects.json")
# Subjects by the concepts of the glossary that belong to them.
SUBJECTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {name: frozenset(concepts.split()) for name, concepts in json.loads(_FILE.read_text(encoding="utf-8")).items()}
)
OTHER = "Other"

# Minimum share of an article's sentences on a subject, unless its title is on it.
_SHARE = 0.3

T = TypeVar("T")

_NAMES: Mapping[Language, str] = MappingProxyType({"en": "English", "zh": "Chinese", "ru": "Russian"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Counts of articles. An article counts under each of its subjects. A year is that of publication; None is undated."""

    articles: int
    by_language: Mapping[tuple[str, Language], int]
    by_year: Mapping[tuple[str, int | None], int]
    years: Mapping[tuple[int | None, Language], int]

    @property
    def subjects(self) -> list[str]:
        """The subjects that have articles, largest first; OTHER, for articles on none of them, is last."""
        totals = Counter[str]()
        for (subject, _), count in self.by_language.items():
            totals[subject] += count
        return sorted(totals, key=lambda subject: (subject == OTHER, -totals[subject], subject))

    @property
    def publication_years(self) -> list[int | None]:
        """In order, articles without a date last."""
        return sorted({year for year, _ in self.years}, key=lambda year: (year is None, year or 0))


def subjects_of(article: Article) -> list[str]:
    """The subjects of its title and of a good part of its sentences."""
    sentences = [find_concepts(one.of(article.text)) for one in split_sentences(article.text)]
    title = find_concepts(article.title)
    found = [
        name
        for name, concepts in SUBJECTS.items()
        if concepts & title or sum(bool(concepts & said) for said in sentences) >= _SHARE * max(1, len(sentences))
    ]
    return found or [OTHER]


def count(articles: Iterable[Article]) -> Coverage:
    """Count articles by subject, language and year of publication."""
    total = 0
    by_language, by_year = Counter[tuple[str, Language]](), Counter[tuple[str, int | None]]()
    years = Counter[tuple[int | None, Language]]()
    for article in articles:
        total += 1
        year = article.published.year if article.published else None
        years[year, article.language] += 1
        for subject in subjects_of(article):
            by_language[subject, article.language] += 1
            by_year[subject, year] += 1
    return Coverage(articles=total, by_language=by_language, by_year=by_year, years=years)


def page(found: Coverage) -> str:
    """The page in Markdown."""
    subjects = [(subject, *_by_language(found.by_language, subject), _years_of(subject, found)) for subject in found.subjects]
    years = [(_year(year), *_by_language(found.years, year)) for year in found.publication_years]
    names = [_NAMES[one] for one in LANGUAGES]
    return fill(
        "corpus",
        articles=found.articles,
        subjects=table(("subject", *names, "published"), subjects),
        years=table(("year", *names), years),
    )


def as_lines(found: Coverage) -> str:
    """The same in lines for a terminal."""
    lines = [
        f"{subject}: " + ", ".join(map("{} {}".format, _by_language(found.by_language, subject), LANGUAGES))
        for subject in found.subjects
    ]
    return "\n".join([f"{found.articles} articles", *lines])


def _years_of(subject: str, found: Coverage) -> str:
    years = sorted(year for name, year in found.by_year if name == subject and year is not None)
    return "" if not years else str(years[0]) if years[0] == years[-1] else f"{years[0]}–{years[-1]}"


def _by_language(counts: Mapping[tuple[T, Language], int], of: T) -> list[int]:
    return [counts.get((of, language), 0) for language in LANGUAGES]


def _year(year: int | None) -> str:
    return "undated" if year is None else str(year)
