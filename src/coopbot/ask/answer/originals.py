"""Quotes the page that a sentence is cited from instead of the sentence, which is cited beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from coopbot.ask.answer.compose import Chosen
from coopbot.ask.answer.counterparts import figure_of, is_one, say_the_same
from coopbot.ask.rank.retrieve import ScoredSentence
from coopbot.ask.store import VectorStore
from coopbot.domain import Article, Filters
from coopbot.index.filters import sentence_passes
from coopbot.ingest.addresses import page_key

# Passages near a sentence that are looked through for the page that it is cited from.
_LOOKED_THROUGH = 8


def is_original(page: Article, article: Article, sentence: ScoredSentence) -> bool:
    """Whether a sentence of an article is cited from this page."""
    cited = {page_key(source.url) for source in article.sources_of(sentence.span)} - {""}
    if not cited or page.article_id == article.article_id:
        return False
    return not cited.isdisjoint(map(page_key, (page.url, *(one.url for one in page.also_published_by))))


def with_originals(
    chosen: Chosen,
    sentences: Sequence[ScoredSentence],
    store: VectorStore,
    filters: Filters,
    article: Callable[[str], Article],
    limit: int | None,
) -> Chosen:
    """The same, with what is cited from a page that says the same, in the same language, quoted from that page. The sentence
    itself becomes the first of the other versions; so does one of `sentences` that cites a page quoted already. The sides of a
    contradiction stay. limit: of all citations together, if the asker set one.
    """
    kept = (chosen.sentences[0], chosen.contradiction.sentence) if chosen.contradiction else ()
    quoted: list[ScoredSentence] = []
    versions: list[tuple[ScoredSentence, ...]] = []
    beside: list[ScoredSentence] = []
    for one, own in zip(chosen.sentences, chosen.versions, strict=True):
        if one not in kept and any(is_one(one, other) for other in (*quoted, *beside)):
            continue
        ours = article(one.stored.passage.article_id)
        original = None if one in kept else find_original(one, ours, store, filters)
        brief = one if original else None
        if brief is None and ours.url:
            citing = (other for other in sentences if other not in kept and _is_cited_in(one, ours, other, article))
            brief = next(citing, None)
        quoted.append(original or one)
        if brief is not None:
            beside.append(brief)
            own = (brief, *(other for other in own if not is_one(other, brief)))
        versions.append(own)
    if limit is not None:
        room = limit - len(quoted)
        for place, own in enumerate(versions):
            versions[place] = own[: max(0, room)]
            room -= len(versions[place])
    return replace(chosen, sentences=tuple(quoted), versions=tuple(versions))


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


def _is_cited_in(one: ScoredSentence, page: Article, other: ScoredSentence, article: Callable[[str], Article]) -> bool:
    """Whether the other sentence, of the same language, is cited from the page that has this one, and says the same."""
    if one.stored.language != other.stored.language or not say_the_same(other, one, cited=True):
        return False
    return is_original(page, article(other.stored.passage.article_id), other)
