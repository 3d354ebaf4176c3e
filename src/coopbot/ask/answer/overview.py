"""An overview of a subject without a language model: the lead of the article about it, then its most telling sentences."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from coopbot.ask.rank.features import OpenPassage
from coopbot.ask.rank.retrieve import ScoredSentence
from coopbot.ask.understand.question import Question
from coopbot.domain import Article
from coopbot.text.characters import HAN
from coopbot.text.figures import find_figures
from coopbot.text.gazetteer import find_names, name_spans, names_of
from coopbot.text.glossary import concept_mentions, find_concepts
from coopbot.text.questions import opens_with_reference
from coopbot.text.subject import tells_of_gaps
from coopbot.text.tokens import lexical_tokens

# A sentence too like one that is told already is not told, and shorter ones say little.
_ALIKE, _SHORTEST_CHARS = 0.85, 12
# How much of the subject a title has to have; in another language of what it is about.
_FITTING = 0.6
# What it costs that a title has none of the other words of a subject that it names: "football in Vladivostok".
_UNNAMED = 0.5
# What it costs that a title names the subject after its colon, "Timber for China: duties, Suifenhe and Manzhouli", or, at most,
# late.
_AFTER_COLON, _NAMED_LATE, _COLON = 0.2, 0.2, re.compile("[:：]")
_WIDER = 0.1
_HAN = re.compile(f"[{HAN}]")
_TRADE = frozenset({"trade", "export", "import"})
# Of how many of the passages found for a subject the articles are counted, and what that counts beside a title. An article has
# to have so many of the subject's words; where its title does not fit, also so much of the passages: the "recycling fee" in the
# words of a driver.
_FOUND, _BY_PASSAGES, _WORDS, _SHARE = 12, 1.5, 0.8, 0.6


@dataclass(frozen=True, kw_only=True)
class Told:
    """A sentence of an overview, and the heading that it stands under; "" for the lead."""

    heading: str
    sentence: ScoredSentence


def find_overview(
    subject: Question,
    opened: Sequence[OpenPassage],
    limit: int,
    opening: ScoredSentence | None = None,
    likely: Sequence[ScoredSentence] = (),
) -> list[Told]:
    """What the passages of an article about a subject tell of it, the opening or else the lead first.

    opening, likely: sentences of that article; the likeliest that names the subject is told first where the lead does not.
    """
    opened = sorted(opened, key=lambda one: one.passage.start_char)
    rows = [(one, row) for one in opened for row in _open_rows(one)]
    if opening is None and not rows:
        return []
    # An article that names the subject late, as one about a bridge with a checkpoint in its title, may open with something
    # wider, and is about the subject only where it names it.
    late = bool(rows) and _late(subject, rows[0][0].title) > _WIDER
    if late and not _is_named(subject, _text(*rows[0])):
        named = [place for place in rows if _is_named(subject, _text(*place))]
        opening = opening or next((one for one in likely if _is_named(subject, one.text)), None)
        rows = sorted(named, key=lambda place: -_worth(*place)) or rows
    told = [Told(heading="", sentence=opening or _sentence(*rows[0]))]
    best: dict[str, tuple[float, OpenPassage, int]] = {}
    for one, row in rows:
        heading = one.passage.heading_path[-1] if one.passage.heading_path else ""
        if tells_of_gaps(heading) or one.passage.sentences[row] == told[0].sentence.span:
            continue
        worth = _worth(one, row)
        if heading not in best or worth > best[heading][0]:
            best[heading] = (worth, one, row)
    for heading, (_, one, row) in sorted(best.items(), key=lambda entry: -entry[1][0]):
        if len(told) >= limit:
            break
        if all(float(one.vectors[row] @ other.sentence.vector) < _ALIKE for other in told):
            told.append(Told(heading=heading, sentence=_sentence(one, row)))
    return [told[0], *sorted(told[1:], key=lambda one: one.sentence.span.start_char)]


def _is_named(subject: Question, text: str) -> bool:
    """Whether a text names something of the subject, or has a word of it."""
    return bool(subject.names & find_names(text)) or not _other_words(subject).isdisjoint(lexical_tokens(text))


def _text(one: OpenPassage, row: int) -> str:
    return one.passage.quoted(one.passage.sentences[row])


def _open_rows(one: OpenPassage) -> list[int]:
    return [row for row in range(len(one.passage.sentences)) if row not in one.stored.shut]


def fitting_articles(subject: Question, found: Sequence[Article]) -> list[Article]:
    """The articles about a subject, the most fitting first, those in the question's language before others. found: the article
    of each passage that was found for it, the best first.
    """
    shares = _shares(found)
    fits: list[tuple[float, Article]] = []
    for article in {one.article_id: one for one in found}.values():
        fit, share = _fit(subject, article), shares[article.article_id]
        by_text = article.language == subject.language and share >= _SHARE
        if (fit >= _FITTING or by_text) and _has_words(subject, article):
            by_passages = 0.0 if subject.names else _BY_PASSAGES * share  # a name says by itself what it is about
            fits.append((fit - _late(subject, article.title) + by_passages, article))
    return [one for _, one in sorted(fits, key=lambda entry: (entry[1].language != subject.language, -entry[0]))]


def _has_words(subject: Question, article: Article) -> bool:
    """Whether an article in the question's language has most words of a subject, or others for the same; trade is told of as
    exports or imports.
    """
    words = _other_words(subject)
    if article.language != subject.language or not words:
        return True
    text = f"{article.title} {article.text}"
    here, concepts = set(lexical_tokens(text)), find_concepts(text)
    concepts |= _TRADE if concepts & _TRADE else frozenset()
    meant = {token for tokens, ids in concept_mentions(subject.text) if not concepts.isdisjoint(ids) for token in tokens}
    known = {word for word in words if word in here or word in meant}
    characters = {char for word in known if _HAN.match(word) for char in word}
    known |= {word for word in words if characters.issuperset(word)}  # pairs across the end of a Chinese word
    return len(known) >= _WORDS * len(words)


def _shares(found: Sequence[Article]) -> Mapping[str, float]:
    """How much of the best passages of its language is of each article, by id: the first counts twice as much as the second."""
    shares: defaultdict[str, float] = defaultdict(float)
    for language in {one.language for one in found}:
        own = [one.article_id for one in found if one.language == language][:_FOUND]
        for place, article_id in enumerate(own, start=1):
            shares[article_id] += 1 / place / sum(1 / other for other in range(1, len(own) + 1))
    return shares


def _fit(subject: Question, article: Article) -> float:
    """How much of the subject a title names, less a little for what else it names."""
    titled = find_names(article.title)
    if subject.names:
        if not _names(article.title, subject):
            return 0.0
        words, others = _other_words(subject), 0.05 * len(titled - subject.names)
        if article.language != subject.language:
            topics = find_concepts(subject.text)
            return (len(topics & find_concepts(article.title)) / len(topics) if topics else float(not words)) - others
        if not words:
            return 1.0 - others
        return 1.0 - others - _UNNAMED * (1 - _overlap(words, article.title))
    words = set(lexical_tokens(subject.text))
    if article.language != subject.language or not words:
        return 0.0
    if subject.language != "en" and {word for word in words if word.isascii()} - set(lexical_tokens(article.title)):
        return 0.0  # a name or a model in Latin letters, such as C919
    return _overlap(words, article.title)


def _late(subject: Question, title: str) -> float:
    """What it costs that a title names the subject late."""
    starts = [span.start_char for span, ids in name_spans(title) if subject.names & set(ids)]
    if not subject.names:
        words = [word.casefold() for word in subject.text.split()]
        starts = [at for word in words if (at := title.casefold().find(word)) >= 0]
    start = min(starts, default=0)
    return _AFTER_COLON * bool(_COLON.search(title, 0, start)) + _NAMED_LATE * start / max(1, len(title))


def _other_words(subject: Question) -> set[str]:
    """The words of a subject that are of no name in it."""
    names = [name for id_ in subject.names for name in names_of(id_, subject.language)]
    own = {token for name in names for token in lexical_tokens(name)}
    return {word for word in set(lexical_tokens(subject.text)) - own if not any(word.startswith(one[:4]) for one in own)}


def _names(text: str, subject: Question) -> bool:
    """Whether a text has all names of a subject, or else all its words, which may name another thing: a zone named after its
    province.
    """
    words = set(lexical_tokens(subject.text))
    return subject.names <= find_names(text) or (bool(words) and _overlap(words, text) == 1.0)


def _overlap(words: set[str], title: str) -> float:
    return len(words & set(lexical_tokens(title))) / len(words)


def _worth(one: OpenPassage, row: int) -> float:
    """How telling a sentence is: near the subject and the whole article, with figures, and clear by itself."""
    text = _text(one, row)
    centre = one.vectors.mean(axis=0)
    central = float(one.vectors[row] @ centre) / max(1e-6, float(np.linalg.norm(centre)))
    figures = 0.05 * min(3, len(find_figures(text)))
    unclear = 0.2 * opens_with_reference(text) + 0.3 * (len(text) < _SHORTEST_CHARS)
    return float(one.features["cosine"][row]) + 0.5 * central + figures - unclear


def _sentence(one: OpenPassage, row: int) -> ScoredSentence:
    return ScoredSentence(
        stored=one.stored,
        span=one.passage.sentences[row],
        pair=one.ranked.pair,
        log_odds=float(one.ranked.score),
        vector=one.vectors[row],
    )
