"""Measures how well near duplicates are distinguished from different stories; the tables are in docs/experiments.md.

    python -m evals.near_duplicates

Copies are made from the articles of `corpus/`, the same in every run. The overlap of a copy with its article is compared with
that of different articles, and of look-alikes: the same words with other figures, and a new story with the background of an old
one.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from statistics import median

from coopbot.domain import LANGUAGES, Article, Language
from coopbot.ingest.corpus.near import SHARED_OF_SHORTER, SHARED_OF_UNION, Shared, band_keys, compare, figures_differ
from coopbot.ingest.corpus.store import Corpus
from coopbot.text.characters import TO_SIMPLIFIED
from coopbot.text.dates import find_dates
from coopbot.text.quantities import find_quantities
from coopbot.text.sentences import split_sentences

ROOT = Path(__file__).parents[1]
OF_UNION = (0.1, 0.2, 0.3, 0.4, 0.5, 0.55, 0.6, 0.7, 0.8)
OF_SHORTER = (0.6, 0.7, 0.75, 0.8, 0.85, 0.9)

Edit = Callable[[Article, random.Random], str]

_BYLINES: dict[Language, str] = {
    "en": "BEIJING, May 12 (Xinhua) -- By staff correspondent Li Wei.",
    "ru": "ХАРБИН, 12 мая. /ТАСС/. Корреспондент Иван Петров.",
    "zh": "新华社北京5月12日电（记者李伟）",
}
_BOILERPLATE: dict[Language, str] = {
    "en": "Follow us on social media for more news. Reprinting is allowed only with a link to the source.",
    "ru": "Подписывайтесь на наш канал, чтобы первыми узнавать новости. Перепечатка допускается только со ссылкой на источник.",
    "zh": "更多精彩内容请关注本报微信公众号。未经授权不得转载，转载请注明来源，违者必究。",
}
# Not those in names, such as ASN24.
_NUMBER = re.compile(r"(?<![A-Za-zА-я\d])\d+(?:[.,]\d+)*(?![A-Za-zА-я\d])")
_YEAR = re.compile(r"(?:19|20)\d\d")
_WORD = re.compile(r"[^\W\d_]{3,}")
_HAN_PAIR = re.compile(r"[\u4e00-\u9fff]{2}")
_MONTHS: dict[Language, Sequence[str]] = {
    "en": re.findall(r"\w+", "January February March April June July August September October November December"),
    "ru": re.findall(r"\w+", "января февраля марта апреля мая июня июля августа сентября октября ноября декабря"),
    "zh": [],
}
_TO_TRADITIONAL = {ord(simple): chr(traditional) for traditional, simple in reversed(list(TO_SIMPLIFIED.items()))}


def paragraphs(article: Article) -> list[str]:
    return article.text.split("\n\n")


def without_first_paragraph(article: Article, _: random.Random) -> str:
    return "\n\n".join(paragraphs(article)[1:])


def other_order(article: Article, rng: random.Random) -> str:
    blocks = paragraphs(article)
    rng.shuffle(blocks)
    return "\n\n".join(blocks)


def without_sentences(share: float) -> Edit:
    def edit(article: Article, rng: random.Random) -> str:
        return _drop(article.text, share, rng)

    return edit


def with_byline(article: Article, _: random.Random) -> str:
    return f"{_BYLINES[article.language]} {article.text}"


def with_boilerplate(article: Article, _: random.Random) -> str:
    return f"{article.text}\n\n{_BOILERPLATE[article.language]}"


def other_words(share: float) -> Edit:
    def edit(article: Article, rng: random.Random) -> str:
        return _replace_words(article, share, rng)

    return edit


def without_headings(article: Article, _: random.Random) -> str:
    return "\n\n".join(block for block in paragraphs(article) if not block.startswith("#"))


def traditional(article: Article, _: random.Random) -> str:
    return article.text.translate(_TO_TRADITIONAL)


def numbers_in_another_format(article: Article, _: random.Random) -> str:
    pairs = {
        "en": ((r"(\d),(\d{3})", r"\1\2"), (" percent", "%"), (" per cent", "%"), (" billion", "bn"), (" million", "mn")),
        "ru": ((r"(\d) (\d{3})", r"\1\2"), (" %", "%"), (" млн", " миллионов"), (" млрд", " миллиардов"), (" т ", " тонн ")),
        "zh": (("公里", "千米"), (r"(\d{2})(\d)(\d)万", r"\1\2\3万")),
    }[article.language]
    text = article.text
    for pattern, replacement in pairs:
        text = re.sub(pattern, replacement, text)
    return text


def edited_by_a_newsroom(article: Article, rng: random.Random) -> str:
    """Several edits at once."""
    text = _drop("\n\n".join(paragraphs(article)), 0.1, rng)
    text = _replace_words(article, 0.03, rng, text)
    return f"{_BYLINES[article.language]} {text}\n\n{_BOILERPLATE[article.language]}"


EDITS: dict[str, Edit] = {
    "first paragraph dropped": without_first_paragraph,
    "paragraphs in another order": other_order,
    "5 % of sentences dropped": without_sentences(0.05),
    "10 % of sentences dropped": without_sentences(0.10),
    "20 % of sentences dropped": without_sentences(0.20),
    "30 % of sentences dropped": without_sentences(0.30),
    "headings dropped": without_headings,
    "agency byline added": with_byline,
    "boilerplate added": with_boilerplate,
    "5 % of words replaced": other_words(0.05),
    "10 % of words replaced": other_words(0.10),
    "20 % of words replaced": other_words(0.20),
    "numbers written otherwise": numbers_in_another_format,
    "traditional characters": traditional,
    "byline, boilerplate, 10 % dropped, 3 % replaced": edited_by_a_newsroom,
}


def _drop(text: str, share: float, rng: random.Random) -> str:
    spans = split_sentences(text)
    gone = set(rng.sample(range(len(spans)), max(1, round(share * len(spans)))))
    kept, position = [], 0
    for number, span in enumerate(spans):
        if number in gone:
            kept.append(text[position : span.start_char])
            position = span.end_char
    return "".join([*kept, text[position:]])


def _replace_words(article: Article, share: float, rng: random.Random, text: str | None = None) -> str:
    """Replace a share of the words outside figures by other words of the article."""
    text = article.text if text is None else text
    pattern = _HAN_PAIR if article.language == "zh" else _WORD
    spans = [(found.start_char, found.end_char) for found in find_quantities(text)]
    spans += [(found.start_char, found.end_char) for found in find_dates(text)]
    held = {char for span in spans for char in range(*span)}
    words = [match for match in pattern.finditer(text) if held.isdisjoint(range(*match.span())) and "第" not in match[0]]
    vocabulary = sorted({match[0] for match in words})
    pieces, position = [], 0
    for match in words:
        if rng.random() < share:
            pieces += [text[position : match.start()], rng.choice(vocabulary)]
            position = match.end()
    return "".join([*pieces, text[position:]])


def _other_number(number: str, rng: random.Random) -> str:
    """Another number of the same form."""
    digits = list(number)
    places = [place for place, char in enumerate(digits) if char.isdigit()]
    place = rng.choice(places)
    lowest = 1 if place == 0 and len(places) > 1 else 0
    digits[place] = rng.choice([digit for digit in "0123456789"[lowest:] if digit != digits[place]])
    return "".join(digits)


def other_figures(article: Article, rng: random.Random) -> str:
    """The same words, all figures but years changed."""
    return _NUMBER.sub(lambda match: match[0] if _YEAR.fullmatch(match[0]) else _other_number(match[0], rng), article.text)


def a_year_later(article: Article, _: random.Random) -> str:
    return _YEAR.sub(lambda match: str(int(match[0]) + 1), article.text)


def a_month_later(article: Article, _: random.Random) -> str:
    months = _MONTHS[article.language]
    if article.language == "zh":
        return re.sub(r"(\d{1,2})月", lambda match: f"{int(match[1]) % 12 + 1}月", article.text)
    pattern = re.compile("|".join(months))
    return pattern.sub(lambda match: months[(months.index(match[0]) + 1) % len(months)], article.text)


def one_figure(article: Article, rng: random.Random) -> Iterator[str]:
    """The text with one figure changed, for each figure."""
    for match in _NUMBER.finditer(article.text):
        yield f"{article.text[: match.start()]}{_other_number(match[0], rng)}{article.text[match.end() :]}"


def new_over_old(new: Article, old: Article, share: float) -> str:
    """A new story that ends with a share of an old one, as background."""
    old_sentences, new_sentences = _sentences(old.text), _sentences(new.text)
    kept = round(share * len(old_sentences))
    return "\n\n".join([*new_sentences[: len(old_sentences) - kept], *old_sentences[-kept:]])


def _sentences(text: str) -> list[str]:
    return [text[span.start_char : span.end_char] for span in split_sentences(text)]


FOLLOW_UPS: dict[str, Edit] = {
    "all figures changed": other_figures,
    "a year later": a_year_later,
    "a month later": a_month_later,
}
BACKGROUND = (0.3, 0.5, 0.6, 0.7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Two texts compared. same: whether they are one story. found: whether they share a band."""

    kind: str
    language: Language
    same: bool
    shared: Shared
    figures_differ: bool
    found: bool


def compared(kind: str, article: Article, text: str, *, same: bool) -> Case:
    return Case(
        kind=kind,
        language=article.language,
        same=same,
        shared=compare(article.text, text),
        figures_differ=figures_differ(article.text, text),
        found=not set(band_keys(article.text)).isdisjoint(band_keys(text)),
    )


def copies(article: Article) -> Iterator[Case]:
    for kind, edit in EDITS.items():
        text = edit(article, random.Random(article.article_id + kind))
        if text != article.text:
            yield compared(kind, article, text, same=True)


def follow_ups(article: Article) -> Iterator[Case]:
    for kind, edit in FOLLOW_UPS.items():
        text = edit(article, random.Random(article.article_id + kind))
        if text != article.text:
            yield compared(kind, article, text, same=False)
    for text in one_figure(article, random.Random(article.article_id)):
        yield compared("one figure changed", article, text, same=False)


def others(articles: Sequence[Article]) -> Iterator[Case]:
    for old, new in zip(articles, [*articles[1:], articles[0]], strict=True):
        for share in BACKGROUND:
            kind = f"new story, {share:.0%} of it old background"
            yield compared(kind, old, new_over_old(new, old, share), same=False)
    for one, other in combinations(articles, 2):
        yield compared("two articles of the corpus", one, other.text, same=False)


def print_kinds(cases: Sequence[Case]) -> None:
    print(
        "| | cases | of both: least | median | most | of the shorter: least | median | most | found | other figures | joined |"
    )
    print("|---" * 11 + "|")
    for kind in dict.fromkeys(case.kind for case in cases):
        of_kind = [case for case in cases if case.kind == kind]
        row = [kind, str(len(of_kind))]
        for values in ([case.shared.of_union for case in of_kind], [case.shared.of_shorter for case in of_kind]):
            row += [f"{value:.2f}" for value in (min(values), median(values), max(values))]
        row += [str(sum(case.found for case in of_kind)), str(sum(case.figures_differ for case in of_kind))]
        row += [str(sum(is_joined(case, SHARED_OF_UNION, SHARED_OF_SHORTER) for case in of_kind))]
        print(f"| {' | '.join(row)} |")


def is_joined(case: Case, of_union: float, of_shorter: float, *, figures: bool = True) -> bool:
    alike = case.shared.of_union >= of_union and case.shared.of_shorter >= of_shorter
    return case.found and alike and not (figures and case.figures_differ)


def print_thresholds(cases: Sequence[Case]) -> None:
    print("| of both | of the shorter | joined wrongly | precision | recall | en | zh | ru | precision without figures |")
    print("|---" * 9 + "|")
    thresholds = [(least, 0.0) for least in OF_UNION] + [(SHARED_OF_UNION, least) for least in OF_SHORTER]
    for of_union, of_shorter in thresholds:
        joined = [case for case in cases if is_joined(case, of_union, of_shorter)]
        row = [f"{of_union:g}", f"{of_shorter:g}", str(sum(not case.same for case in joined)), f"{_share(joined):.3f}"]
        row += [
            f"{_recall(joined, cases, languages):.3f}" for languages in (LANGUAGES, *((language,) for language in LANGUAGES))
        ]
        row += [f"{_share([case for case in cases if is_joined(case, of_union, of_shorter, figures=False)]):.3f}"]
        print(f"| {' | '.join(row)} |")


def _share(cases: Sequence[Case]) -> float:
    return sum(case.same for case in cases) / len(cases)


def _recall(joined: Sequence[Case], cases: Sequence[Case], languages: Sequence[Language]) -> float:
    right, all_right = (sum(case.same and case.language in languages for case in some) for some in (joined, cases))
    return right / all_right


def main() -> None:
    corpus = [found for found in Corpus(ROOT / "corpus") if isinstance(found, Article)]
    cases = [case for article in corpus for case in (*copies(article), *follow_ups(article))]
    for language in LANGUAGES:
        cases += others([article for article in corpus if article.language == language])
    print_kinds([case for case in cases if case.same])
    print_kinds([case for case in cases if not case.same])
    print_thresholds(cases)
    print(f"current thresholds: {SHARED_OF_UNION} and {SHARED_OF_SHORTER}")


if __name__ == "__main__":
    main()
