"""An overview of a subject without a language model: the lead of the article about it, then its most telling sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coopbot.ask.rank.features import OpenPassage, RankedPassage
from coopbot.ask.rank.retrieve import ScoredSentence, open_passages
from coopbot.ask.store import VectorStore
from coopbot.ask.understand.question import Question
from coopbot.domain import Article
from coopbot.text.figures import find_figures
from coopbot.text.gazetteer import find_names, names_in
from coopbot.text.glossary import find_concepts
from coopbot.text.questions import opens_with_reference
from coopbot.text.subject import tells_of_gaps
from coopbot.text.tokens import lexical_tokens

# How many passages are looked at for those of the article.
_LOOKED_AT = 24
# A sentence too like one that is told already is not told, and shorter ones say little.
_ALIKE, _SHORTEST_CHARS = 0.85, 12
# How much of the subject a title has to have; in another language of what it is about.
_FITTING = 0.6
# What it costs that a title has none of the other words of a subject that it names: "football in Vladivostok".
_UNNAMED = 0.5
# What it costs that a title names the subject only after its colon: "Timber for China: duties, Suifenhe and Manzhouli".
_NAMED_LATE, _COLON = 0.2, re.compile("[:：]")


@dataclass(frozen=True, kw_only=True)
class Told:
    """A sentence of an overview, and the heading that it stands under; "" for the lead."""

    heading: str
    sentence: ScoredSentence


def find_overview(
    subject: Question,
    ranked: Sequence[RankedPassage],
    store: VectorStore,
    articles: Sequence[Article],
    limit: int,
    opening: ScoredSentence | None = None,
) -> list[Told]:
    """What the first of the articles about a subject tells of it, the opening or else the lead first; nothing if there is no
    article. opening: a sentence of that article.
    """
    if not articles:
        return []
    article = articles[0]
    places = [place for place, one in enumerate(ranked) if one.candidates.language == article.language][:_LOOKED_AT]
    opened = [
        one for one in open_passages(subject.text, store, ranked, places, None) if one.passage.article_id == article.article_id
    ]
    opened.sort(key=lambda one: one.passage.start_char)
    lead, first = next(((one, row) for one in opened for row in _open_rows(one)), (None, 0))
    if opening is not None:
        told = [Told(heading="", sentence=opening)]
    elif lead is not None:
        told = [Told(heading="", sentence=_sentence(lead, first))]
    else:
        return []
    best: dict[str, tuple[float, OpenPassage, int]] = {}
    for one in opened:
        heading = one.passage.heading_path[-1] if one.passage.heading_path else ""
        if tells_of_gaps(heading):
            continue
        for row in _open_rows(one):
            if one is lead and row == first:
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


def _open_rows(one: OpenPassage) -> list[int]:
    return [row for row in range(len(one.passage.sentences)) if row not in one.stored.shut]


def fitting_articles(subject: Question, articles: Sequence[Article]) -> list[Article]:
    """The articles about a subject by their titles, the most fitting first, those in the question's language before others."""
    fits = [(_fit(subject, article), place, article) for place, article in enumerate(articles)]
    found = sorted(
        (fit for fit in fits if fit[0] >= _FITTING), key=lambda fit: (fit[2].language != subject.language, -fit[0], fit[1])
    )
    return [article for _, _, article in found]


def _fit(subject: Question, article: Article) -> float:
    """How much of the subject a title names, less a little for what else it names."""
    titled = find_names(article.title)
    words = set(lexical_tokens(subject.text))
    if subject.names:
        if not _names(article.title, subject, words):
            return 0.0
        late = _NAMED_LATE * (not _names(_COLON.split(article.title)[0], subject, words))
        own = {token for id_ in subject.names for name in names_in([id_], subject.language) for token in lexical_tokens(name)}
        words = {word for word in words - own if not any(word.startswith(one[:4]) for one in own)}
        others = 0.05 * len(titled - subject.names) + late
        if article.language != subject.language:
            topics = find_concepts(subject.text)
            return (len(topics & find_concepts(article.title)) / len(topics) if topics else float(not words)) - others
        if not words:
            return 1.0 - others
        return 1.0 - others - _UNNAMED * (1 - _overlap(words, article.title))
    if article.language != subject.language or not words:
        return 0.0
    if subject.language != "en" and {word for word in words if word.isascii()} - set(lexical_tokens(article.title)):
        return 0.0  # a name or a model in Latin letters, such as C919
    return _overlap(words, article.title)


def _names(text: str, subject: Question, words: set[str]) -> bool:
    """Whether a text has all names of a subject, or else all its words, which may name another thing: a zone named after its
    province.
    """
    return subject.names <= find_names(text) or (bool(words) and _overlap(words, text) == 1.0)


def _overlap(words: set[str], title: str) -> float:
    return len(words & set(lexical_tokens(title))) / len(words)


def _worth(one: OpenPassage, row: int) -> float:
    """How telling a sentence is: near the subject and the whole article, with figures, and clear by itself."""
    text = one.passage.quoted(one.passage.sentences[row])
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
