"""Sentences that say the same, in another language or on the page that one is cited from: recognised and looked up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from coopbot.ask.rank.judge import SAME
from coopbot.ask.rank.retrieve import ScoredSentence
from coopbot.ask.store import VectorStore
from coopbot.domain import Article, Filters, Language, Span
from coopbot.index.filters import sentence_passes
from coopbot.ingest.addresses import page_key
from coopbot.text.crossing import is_the_other_way_round
from coopbot.text.figures import Figure, all_agree, figures_agree, find_figures, place_figures

# Minimum cosine of two sentences that say the same if their amounts agree, by whether they are in two languages; and if they
# have only dates, which agree. See `SAME` for those without figures. Of 145 sentences of the corpus and the nearest ones in
# another language with the same figures, 123 had the same sources; most of the others name no sources.
_WITH_AMOUNTS: dict[bool, float] = {False: 0.75, True: 0.40}
_WITH_DATES: dict[bool, float] = {False: 0.90, True: 0.50}

# Minimum cosine of a sentence without figures and its counterpart of the same sources.
_OF_THE_SAME_SOURCES = 0.50

# Passages near a sentence that are looked through for one that says the same.
_LOOKED_THROUGH = 8


def is_one(one: ScoredSentence, other: ScoredSentence) -> bool:
    """Whether both are the same sentence."""
    return one.stored.passage.article_id == other.stored.passage.article_id and one.span == other.span


def are_alike(one: ScoredSentence, other: ScoredSentence) -> bool:
    """Whether both say the same whatever figures they have, so near are their vectors."""
    return float(one.vector @ other.vector) >= SAME[one.stored.language != other.stored.language]


def repeats(one: ScoredSentence, other: ScoredSentence) -> bool:
    """Whether a sentence adds nothing to another: it is that one, gives the figures of its answer, or says the same."""
    return (
        is_one(one, other)
        or figures_agree(one.answer_text, other.answer_text)
        or are_alike(one, other)
        or say_the_same(one, other)
    )


def say_the_same(one: ScoredSentence, other: ScoredSentence, *, cited: bool = False) -> bool:
    """Whether `other` says what `one` does, of the same time and people: all its figures or, in another language, those that
    answer.

    cited: one is cited from the page of the other, so that they may be worded as differently as those of two languages.
    """
    if is_the_other_way_round(one.text, other.text):
        return False
    across = cited or one.stored.language != other.stored.language
    cosine = float(one.vector @ other.vector)
    ours, theirs = find_figures(one.text), find_figures(other.text)
    figures = (find_figures(one.answer_text) if across else []) or ours
    if not figures:
        return cosine >= SAME[across]
    least = (_WITH_DATES if all(figure.unit == "date" for figure in figures) else _WITH_AMOUNTS)[across]
    return cosine >= least and all(_is_in(figure, theirs) for figure in figures) and _of_one_time(ours, theirs)


def _is_in(figure: Figure, others: Sequence[Figure]) -> bool:
    """Whether a figure agrees with one of the others. What is counted may be left out, as in "3,000 to masters"."""
    bare = [other for other in others if other.unit != "date" and not (figure.unit and other.unit)]
    return all_agree([figure], others) or any(figure.agrees(other) for other in bare if figure.unit != "date")


def _of_one_time(ours: Sequence[Figure], theirs: Sequence[Figure]) -> bool:
    """Whether both have a date in common, or one of them has none."""
    dates = [[figure for figure in side if figure.unit == "date"] for side in (ours, theirs)]
    return not all(dates) or any(one.agrees(other) for one, other in product(*dates))


def find_counterpart(
    sentence: ScoredSentence, language: Language, store: VectorStore, filters: Filters
) -> ScoredSentence | None:
    """The sentence nearest to this one among those in `language` that pass the filters, if it says the same. It is as likely to
    answer, and its answering words are known only where they are figures.
    """
    if language not in store.languages:
        return None
    near = store.first_stage(language, sentence.vector, (), _LOOKED_THROUGH, filters)
    if not len(near.rows):
        return None
    sentences = store.sentences(language, near.rows)
    best = int(np.argmax(sentences.vectors @ sentence.vector))
    place = int(np.searchsorted(sentences.starts, best, side="right")) - 1
    (stored,) = store.stored(language, [int(near.rows[place])])
    article = store.article(stored.passage.article_id)
    span = stored.passage.sentences[best - int(sentences.starts[place])]
    found = replace(sentence, stored=stored, span=span, pair="same", vector=sentences.vectors[best], answer=None, read=None)
    if article is None or not sentence_passes(article, span, filters):
        return None
    if not say_the_same(sentence, found) and not _is_said_by_the_same(sentence, found, store):
        return None
    return replace(found, answer=figure_of(sentence, found))


def _is_said_by_the_same(sentence: ScoredSentence, found: ScoredSentence, store: VectorStore) -> bool:
    """Whether both are without figures and near, in articles that name the sources of sentences, and have the same ones."""
    if find_figures(sentence.text) or float(sentence.vector @ found.vector) < _OF_THE_SAME_SOURCES:
        return False
    articles = [store.article(one.stored.passage.article_id) for one in (sentence, found)]
    said = [
        article.sources_of(one.span) if article and article.attributions else None
        for article, one in zip(articles, (sentence, found), strict=True)
    ]
    return None not in said and set(said[0] or ()) == set(said[1] or ())


def figure_of(sentence: ScoredSentence, found: ScoredSentence) -> Span | None:
    """Where a sentence, `found`, has the first figure of another one's answer."""
    for placed in place_figures(found.text):
        if figures_agree(placed.of(found.text), sentence.answer_text):
            return placed.shifted(found.span.start_char)
    return None


def is_original(page: Article, article: Article, sentence: ScoredSentence) -> bool:
    """Whether a sentence of an article is cited from this page."""
    cited = {page_key(source.url) for source in article.sources_of(sentence.span)} - {""}
    if not cited or page.article_id == article.article_id:
        return False
    return not cited.isdisjoint(map(page_key, (page.url, *(one.url for one in page.also_published_by))))


def find_original(sentence: ScoredSentence, article: Article, store: VectorStore, filters: Filters) -> ScoredSentence | None:
    """The nearest sentence of the pages that this one is cited from, in its language, if it says the same."""
    if not any(source.url for source in article.sources_of(sentence.span)):
        return None
    language = sentence.stored.language
    near = store.first_stage(language, sentence.vector, (), _LOOKED_THROUGH, filters)
    if not len(near.rows):
        return None
    passages = store.stored(language, [int(row) for row in near.rows])
    pages = ((place, store.article(stored.passage.article_id)) for place, stored in enumerate(passages))
    originals = [(place, page) for place, page in pages if page is not None and is_original(page, article, sentence)]
    if not originals:
        return None
    every = store.sentences(language, near.rows)
    best: ScoredSentence | None = None
    for place, page in originals:
        stored = passages[place]
        start = int(every.starts[place])
        vectors = every.vectors[start : start + len(stored.passage.sentences)]
        at = int(np.argmax(vectors @ sentence.vector))
        span = stored.passage.sentences[at]
        found = replace(sentence, stored=stored, span=span, vector=vectors[at], answer=None, read=None)
        nearer = best is None or float(found.vector @ sentence.vector) > float(best.vector @ sentence.vector)
        if nearer and sentence_passes(page, span, filters) and say_the_same(sentence, found, cited=True):
            best = replace(found, answer=figure_of(sentence, found))
    return best
