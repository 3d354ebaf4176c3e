"""Checks briefs against the fact sheets that they were written from: `python -m evals facts --sheets FOLDER`.

A sheet is a Markdown file `facts*.md` with a line `* **HB-02** ...` for each fact. A brief's footnotes are labelled with
codes of facts; `HB-02a` is a part of HB-02.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path

from coopbot.domain import LANGUAGES, Article, Attribution, Language, When
from coopbot.errors import Misconfigured
from coopbot.ingest.addresses import is_web_address
from coopbot.text import months
from coopbot.text.characters import to_simplified
from coopbot.text.dates import blanked, find_dates
from coopbot.text.measures import flatten
from coopbot.text.publishers import find_publisher
from coopbot.text.quantities import find_quantities
from coopbot.text.sentences import split_sentences
from coopbot.text.tokens import lexical_tokens
from evals.measure.facts import fact_of, labels_at

_FACT = re.compile(r"^\* \*\*([A-Z][A-Z0-9]-(?:\d\d|N))\*\* (.*)$", re.MULTILINE)
# The yearly totals of the first sheet stand in a table; BT-24 is its row for 2024.
_YEARLY = re.compile(r"^\| 20(\d\d) \|(.*)$", re.MULTILINE)
# What the first sheet says of one article, as CN-01.
_ARTICLE_CHECKED = re.compile(r"^## 0\. .*?(?=^---)", re.MULTILINE | re.DOTALL)
# Lists of addresses and remarks for facts of other sheets, and hosts of copies.
_ADDRESS = re.compile(r"^\* ([A-Z][A-Z0-9]-(?:\d\d|N)) - (.*)$", re.MULTILINE)
_COPIES = re.compile(r"Do not link[^:\n]*: ([^;\n]*)")
_HOST = re.compile(r"\b[a-z0-9-]+(?:\.[a-z0-9-]+)+\b")

_GROUPED = re.compile(r"[1-9]\d{0,2}(?:[ ,]\d{3})+")
_NUMBER = re.compile(rf"(?<!\d){_GROUPED.pattern}(?!\d)|\d+(?:[.,]\d+)?")
# A sheet gives the unit of a list once, as in "bcm: 4.1 (2020), 10.4 (2021)".
_FACTOR = (1, 10**3, 10**6, 10**9)
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_ALL_DAY = re.compile(r"round[- ]the[- ]clock|круглосуточн", re.IGNORECASE)
_MONTH = re.compile(rf"\b(?:{months.ENGLISH}|{months.ENGLISH_SHORT})\b", re.IGNORECASE)
_QUARTERS = re.compile(r"\b(?:Q([1-4])|H([12])|(first|second) half)\b")
_SHORT_YEAR = re.compile(r"(?:\b(?:19|20)\d\d[-/]|\((?:19|20)?\d\d-)(\d\d)\b(?!-)")

_FUTURE: Mapping[Language, re.Pattern[str]] = {
    "en": re.compile(r"\b(?:will|shall|won't|(?:is|are) (?:to|due|expected|planned|scheduled|set)\b|plans? to|expects? to)\b"),
    "ru": re.compile(
        r"\b(?:буд(?:ет|ут)|планиру(?:ет|ют)(?:ся)?|намерен[ыао]?|собира(?:ет|ют)ся|предстоит|ожида(?:ет|ют)ся|появ(?:ит|ят)ся"
        r"|откро(?:ет|ют)(?:ся)?|начн(?:ёт|ет|ут)(?:ся)?)\b",
        re.IGNORECASE,
    ),
    "zh": re.compile(r"将(?![近军领])(?!.{0,12}(?:提高|升级|延长|增加|扩大|推迟)到)"),
}
# In a sentence without a plan only what is nothing else.
_PLAINLY_FUTURE: Mapping[Language, re.Pattern[str]] = {
    "en": re.compile(r"\bwill\b(?! not be known)"),
    "ru": re.compile(r"\bбуд(?:ет|ут)\b", re.IGNORECASE),
    "zh": re.compile(r"(?:将于|将在|即将)"),
}

# What is not known is said as of a date at which the sheets end.
_HORIZON = "January February March April May June 2026"

_PHRASE_SHARE = 0.30
_FEWEST_SENTENCES = 10
_FEWEST_WORDS, _MOST_WORDS = 300, 900
_MOST_HEADINGS = 6
# Numbers up to this may be written as words, of which some are counted with a unit and some without.
_AS_WORDS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A sentence, the labels that it carries, and whether it stands in the last section, which says what is not known."""

    text: str
    labels: tuple[str, ...]
    is_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """One language's version of a subject. headings: in order. notes: its footnotes by label."""

    subject: str
    language: Language
    title: str
    statements: tuple[Statement, ...]
    headings: tuple[str, ...] = ()
    notes: Mapping[str, Attribution] = field(default_factory=dict)

    def labels(self) -> frozenset[str]:
        """Those that its sentences carry."""
        return frozenset(label for one in self.statements for label in one.labels)


@dataclass(frozen=True, slots=True)
class Sheets:
    """facts: their text by code. copies: hosts that are never linked."""

    facts: Mapping[str, str]
    copies: frozenset[str]


def read_sheets(folder: Path) -> Sheets:
    """The facts of all sheets in a folder. Raises Misconfigured if there is none."""
    paths = sorted(folder.glob("facts*.md"))
    if not paths:
        raise Misconfigured(f"{folder} has no facts*.md; name the folder of the fact sheets with --sheets")
    text = "\n".join(path.read_text(encoding="utf-8") for path in [*paths, *sorted(folder.glob("addresses*.md"))])
    facts: dict[str, str] = dict(_FACT.findall(text))
    facts |= {f"BT-{year}": f"20{year} {row}" for year, row in _YEARLY.findall(text)}
    facts["CN-01"] = "".join(_ARTICLE_CHECKED.findall(text))
    for code, remark in _ADDRESS.findall(text):
        facts[code] = f"{facts.get(code, '')} {remark}"
    return Sheets(facts, frozenset(host for listed in _COPIES.findall(text) for host in _HOST.findall(listed)))


def problems(briefs: Sequence[Brief], sheets: Sheets, today: date) -> Iterator[str]:
    """What is wrong, one line each, by subject."""
    by_subject: dict[str, dict[Language, Brief]] = defaultdict(dict)
    for brief in briefs:
        by_subject[brief.subject][brief.language] = brief
    for subject, versions in sorted(by_subject.items()):
        for language in LANGUAGES:
            if language in versions:
                found = _problems(versions[language], sheets, today)
                yield from (f"{language}/{subject}: {line}" for line in found)
            else:
                yield f"{language}/{subject}: missing"
        yield from (f"{subject}: {line}" for line in _unlike(versions))


def _problems(brief: Brief, sheets: Sheets, today: date) -> Iterator[str]:
    yield from _shape(brief)
    all_facts = "\n".join(_text_of(label, brief, sheets) for label in sorted(brief.labels()))
    for label in sorted(brief.labels()):
        if fact_of(label) not in sheets.facts:
            yield f"{label} is no fact of the sheets"
    yield from (f"title: {one} is in no fact of it" for one in unknown_figures(brief.title, all_facts))
    for one in brief.statements:
        own = "\n".join(_text_of(label, brief, sheets) for label in one.labels) if one.labels else f"{all_facts} {_HORIZON}"
        for figure in unknown_figures(one.text, own):
            yield f"{figure} is not in {', '.join(one.labels) or 'any of its facts'}: {one.text}"
        if not (one.labels or one.is_last) and (find_quantities(one.text) or find_dates(one.text)):
            yield f"a figure without a footnote: {one.text}"
        yield from _tenses(brief, one, today)
    for label, note in brief.notes.items():
        yield from (f"{label}: {line}" for line in _wrong_in_note(note, sheets))
    yield from _repeated(brief)


def _text_of(label: str, brief: Brief, sheets: Sheets) -> str:
    """A fact as the sheet has it, with the dates of its footnote."""
    fact = sheets.facts.get(fact_of(label), "")
    if (note := brief.notes.get(label)) is None:
        return fact
    dates = (note.as_of, note.valid_until, note.planned_for, *(source.published for source in note.sources))
    return f"{fact} {' '.join(_written(when) for when in dates if when)}"


def _written(when: When) -> str:
    """A date as a text has it, "21 August 2019", and in figures."""
    year, month, day = (*when.parts, None, None)[:3]
    name = months.ENGLISH_NAMES[month - 1] if month else ""
    return f"{when} {day or ''} {name} {year}"


def _shape(brief: Brief) -> Iterator[str]:
    text = " ".join(one.text for one in brief.statements)
    if brief.language == "en" and not _FEWEST_WORDS <= (words := len(text.split())) <= _MOST_WORDS:
        yield f"{words} words"
    if len(brief.headings) > _MOST_HEADINGS:
        yield f"{len(brief.headings)} headings"
    if brief.language == "zh" and to_simplified(text) != text:
        odd = sorted({old for old, new in zip(text, to_simplified(text), strict=True) if old != new})
        yield f"traditional characters: {' '.join(odd)}"


def _tenses(brief: Brief, statement: Statement, today: date) -> Iterator[str]:
    notes = [note for label in statement.labels if (note := brief.notes.get(label))]
    ends = [when for note in notes for when in (note.planned_for, note.valid_until) if when]
    passed = any(when.last < today for when in ends)
    pattern = _FUTURE if passed else _PLAINLY_FUTURE
    if (passed or not ends) and (found := pattern[brief.language].search(_unquoted(statement.text))):
        yield f"future tense ({found[0]}) {'after the date has passed' if passed else 'without a plan'}: {statement.text}"


def _unquoted(text: str) -> str:
    return re.sub(r'"[^"]*"|“[^”]*”|«[^»]*»', "", text)


def _wrong_in_note(note: Attribution, sheets: Sheets) -> Iterator[str]:
    if not note.sources:
        yield "no source"
    for source in note.sources:
        if not source.publisher:
            yield "a source without a publisher"
        for name in filter(None, (source.publisher, source.via)):
            if find_publisher(name) is None:
                yield f"{name} is not in the table of publishers"
        if source.url and (not is_web_address(source.url) or re.search(r"\s|\.\.\.", source.url)):
            yield f"no address: {source.url}"
        elif any(f".{host}/" in f"{source.url}/".replace("//", "/.") for host in sheets.copies):
            yield f"a copy is linked: {source.url}"


def _repeated(brief: Brief) -> Iterator[str]:
    """Phrases of two words, or of five Han characters, that too many sentences have."""
    if len(brief.statements) < _FEWEST_SENTENCES:
        return
    counts = Counter(phrase for one in brief.statements for phrase in _phrases(one.text, brief.language))
    for phrase, count in counts.most_common(3):
        if count / len(brief.statements) >= _PHRASE_SHARE:
            yield f'"{phrase}" is in {count} of {len(brief.statements)} sentences'


def _phrases(text: str, language: Language) -> frozenset[str]:
    dates = find_dates(text)
    rest = blanked(blanked(flatten(text), dates), sorted(find_quantities(text, dates), key=lambda one: one.start_char))
    if language == "zh":
        runs = re.findall(r"[\u4e00-\u9fff]{5,}", rest)
        return frozenset(run[place : place + 5] for run in runs for place in range(len(run) - 4))
    found = []
    for piece in re.split(r"[\0,.;:()«»\"]", rest):
        words = [word for word in lexical_tokens(piece) if len(word) > 1]
        found += [" ".join(pair) for pair in pairwise(words)]
    return frozenset(found)


def _unlike(versions: Mapping[Language, Brief]) -> Iterator[str]:
    """How the versions of a subject differ."""
    for one, other in combinations(versions, 2):
        first, second = versions[one], versions[other]
        if odd := sorted(first.labels() ^ second.labels()):
            yield f"{one} and {other} differ in {', '.join(odd)}"
        if len(first.headings) != len(second.headings):
            yield f"{one} has {len(first.headings)} headings, {other} {len(second.headings)}"
        shared = first.labels() & second.labels()
        for label in sorted(shared):
            if _aged(first.notes.get(label)) != _aged(second.notes.get(label)):
                yield f"{label}: {one} and {other} have different notes"
    for label in sorted({label for brief in versions.values() for label in brief.labels()}):
        said = {
            language: " ".join(one.text for one in brief.statements if label in one.labels)
            for language, brief in versions.items()
            if label in brief.labels()
        }
        for language, text in said.items():
            missing = [unknown_figures(other, text, least=_AS_WORDS) for name, other in said.items() if name != language]
            if missing and all(missing):
                yield f"{label}: {language} lacks {', '.join(missing[0])}"


def _aged(note: Attribution | None) -> object:
    """A footnote's sources and ages, wherever it stands."""
    return note and (note.sources, note.as_of, note.valid_until, note.planned_for)


def unknown_figures(text: str, facts: str, least: int = 0) -> list[str]:
    """The figures above `least` and the dates of a text that the facts do not have."""
    rest = blanked(flatten(text), find_dates(text))
    return [*unknown_numbers(rest, known_numbers(facts), flatten(text), least), *_unknown_dates(text, facts)]


def values(number: str) -> set[Decimal]:
    """What a number as written may mean: "1,283" is a thousand and more in one language, a fraction in another."""
    found = {Decimal(number.replace(",", "."))} if number.count(",") <= 1 and " " not in number else set()
    return found | ({Decimal(re.sub("[ ,]", "", number))} if _GROUPED.fullmatch(number) else set())


@cache
def known_numbers(text: str) -> frozenset[Decimal]:
    """Numbers as they stand, and amounts in plain units."""
    text = flatten(text)
    bare = {value for match in _NUMBER.finditer(text) for value in values(match[0])}
    bare |= {Decimal(number) for number, word in enumerate(_WORDS) if re.search(rf"\b{word}(?:fold)?\b", text, re.IGNORECASE)}
    bare |= {Decimal(24)} if _ALL_DAY.search(text) else set()
    return frozenset(bare | {quantity.value for quantity in find_quantities(text)})


def unknown_numbers(text: str, known: frozenset[Decimal], shown: str = "", least: int = 0) -> list[str]:
    """Numbers above `least` that are neither as they stand nor as amounts among those known, as they stand in `shown`."""
    text, shown = flatten(text), shown or flatten(text)
    amounts = find_quantities(text)
    unknown = []
    for match in _NUMBER.finditer(text):
        meant = [amount.value for amount in amounts if amount.start_char <= match.start() < amount.end_char]
        scaled = {value / factor for value in meant for factor in _FACTOR}
        if not (values(match[0]) | scaled) & known and max(values(match[0]) | scaled) > least:
            unknown.append(_around(shown, match))
    return unknown


def _around(text: str, match: re.Match[str]) -> str:
    return f'"{text[max(0, match.start() - 12) : match.end() + 12].strip()}"'


def _unknown_dates(text: str, facts: str) -> Iterator[str]:
    """Dates with a year, month or day that the facts do not have."""
    known = _known_dates(facts)
    for mention in find_dates(text):
        parts = (("year", mention.year), ("month", mention.month), ("day", mention.day))
        wrong = [name for name, value in parts if value and value not in known[name]]
        # "More than in 2024" of what has risen in 2025.
        if wrong == ["year"] and mention.month is None and (mention.year or 0) + 1 in known["year"]:
            continue
        if wrong:
            yield f'"{mention.of(text)}" ({", ".join(wrong)})'


@cache
def _known_dates(facts: str) -> Mapping[str, frozenset[int]]:
    flat = flatten(facts)
    numbers = {int(number) for number in re.findall(r"(?<![\d.])\d{1,4}(?![\d])", flat)}
    found = {month for mention in find_dates(facts) if (month := mention.month)}
    found |= {months.month_number(name) for name in _MONTH.findall(flat)}
    for quarter, half, word in _QUARTERS.findall(flat):
        last = 3 * int(quarter or 0) or 6 * int(half or 0) or {"first": 6, "second": 12}[word]
        found |= {last, last - (2 if quarter else 5)}
    found |= {1} if found else set()  # "to 26 November" begins in January
    years = {number for number in numbers if number > 1000}
    years |= {2000 + int(number) for number in _SHORT_YEAR.findall(flat)}
    days = {number for number in numbers if number <= 31}
    return {"year": frozenset(years), "month": frozenset(found), "day": frozenset(days)}


def briefs_of(articles: Iterable[Article]) -> list[Brief]:
    """The articles that have footnotes, as briefs."""
    return [_brief_of(article) for article in articles if article.attributions]


def _brief_of(article: Article) -> Brief:
    spans = split_sentences(article.text)
    headings = [span for span in spans if span.of(article.text).startswith("#")]
    last = headings[-1].start_char if headings else len(article.text)
    statements = [
        Statement(text=span.of(article.text), labels=tuple(sorted(labels_at(article, span))), is_last=span.start_char > last)
        for span in spans
        if span not in headings
    ]
    return Brief(
        subject=article.article_id.partition("/")[2],
        language=article.language,
        title=article.title,
        statements=tuple(statements),
        headings=tuple(span.of(article.text).lstrip("# ") for span in headings),
        notes={one.label: one for one in article.attributions},
    )
