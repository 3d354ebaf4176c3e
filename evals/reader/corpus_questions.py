"""Questions over our own corpus, with the passages that retrieval finds for them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from coopbot.ask.rank.reader import head_of
from coopbot.domain import LANGUAGES, Article, Passage
from coopbot.index.chunk import chunk
from coopbot.index.model.embedder import Embedder, centred
from coopbot.index.types import F32
from coopbot.ingest.corpus.store import Corpus
from coopbot.text.language import detect_language
from evals.measure.facts import Accepted, quoted
from evals.measure.golden import GoldenQuestion, load_questions, located
from evals.reader.examples import Example, Text, headed, is_held_out_topic

EVALS = Path(__file__).parent.parent

# Nearest passages per language, and how many of those that answer and that do not are taken.
_NEAREST = 4
_RIGHT, _WRONG = 2, 2


def corpus_examples(embedder: Embedder, rng: random.Random) -> list[Example]:
    """Examples from `training.jsonl` and golden dev, without follow-ups and held-out topics."""
    asked = load_questions(EVALS / "training.jsonl") + load_questions(EVALS / "questions.jsonl")
    articles = {one.article_id: one for one in Corpus(EVALS.parent / "corpus") if isinstance(one, Article)}
    kept = [one for one in asked if one.split == "dev" and not one.after and not is_held_out_topic(one.topic)]
    questions = located(kept, articles)
    passages = [(article, passage) for article in articles.values() for passage in chunk(article, embedder.count_tokens)]
    vectors = _vectors(passages, embedder)
    return [_example(question, passages, vectors, embedder, rng) for question in questions]


def _example(
    question: GoldenQuestion, passages: Sequence[tuple[Article, Passage]], vectors: F32, embedder: Embedder, rng: random.Random
) -> Example:
    vector = embedder.embed_question(question.question).pooled[0]
    scores = vectors @ centred(vector, embedder.centre(detect_language(question.question)).question)
    right: list[Text] = []
    wrong: list[Text] = []
    for language in LANGUAGES:
        rows = [row for row, (article, _) in enumerate(passages) if article.language == language]
        for row in sorted(rows, key=lambda row: -float(scores[row]))[:_NEAREST]:
            article, passage = passages[row]
            spans = find_answers(question.answers, passage, article)
            text = headed(Text(text=passage.text, answers=spans), head_of(article.title, article.published))
            if spans:
                right.append(text)
            elif article.article_id not in question.articles:
                wrong.append(text)
    texts = [*rng.sample(right, min(_RIGHT, len(right))), *rng.sample(wrong, min(_WRONG, len(wrong)))]
    return Example(source="corpus", question=question.question, texts=tuple(texts), paragraph=f"corpus/{question.topic}")


def find_answers(answers: Sequence[Accepted], passage: Passage, article: Article) -> tuple[tuple[int, int], ...]:
    """The spans in the text of a passage that make its sentences right."""
    places = ((one.start_char - passage.start_char, quoted(article, one)) for one in passage.sentences)
    return tuple(
        (start + span.start_char, start + span.end_char)
        for start, quote in places
        for accepted in answers
        for span in accepted.spans_in(quote)
    )


def _vectors(passages: Sequence[tuple[Article, Passage]], embedder: Embedder) -> F32:
    pooled = embedder.embed_passages([passage.text for _, passage in passages]).pooled
    centres = np.stack([embedder.centre(article.language).passage for article, _ in passages])
    return centred(pooled, centres)
