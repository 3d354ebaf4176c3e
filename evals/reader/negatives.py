"""Hard negatives: passages that our own retrieval finds for a question and that do not answer it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from coopbot.index.model.embedder import Embedder, centred
from coopbot.index.types import F32
from coopbot.text.language import detect_language
from evals.reader.examples import Example, Text

# Nearest texts per question that are considered.
_NEAREST = 12
# Negatives are drawn from this many of them.
_HARDEST = 6
_BATCH = 512


def with_negatives(
    examples: Sequence[Example], embedder: Embedder, rng: random.Random, *, share: float, most: int
) -> list[Example]:
    """Add to about a `share` of the questions up to `most` of the nearest other texts that hold none of their answers.

    The texts come from the examples themselves, none from the question's own paragraph.
    """
    pool = list({text.text: example for example in examples for text in example.texts}.items())
    vectors = _embedded([text for text, _ in pool], embedder)
    chosen = [i for i in range(len(examples)) if rng.random() < share]
    added: dict[int, tuple[Text, ...]] = {}
    for start in range(0, len(chosen), _BATCH):
        rows = chosen[start : start + _BATCH]
        questions = _embedded([examples[i].question for i in rows], embedder)
        nearest = np.argsort(-(questions @ vectors.T), axis=1)[:, :_NEAREST]
        for i, places in zip(rows, nearest, strict=True):
            added[i] = _negatives(examples[i], [pool[place] for place in places.tolist()], rng, most)
    return [replace(one, texts=one.texts + added.get(i, ())) for i, one in enumerate(examples)]


def with_nearest_texts(examples: Sequence[Example], embedder: Embedder, *, most: int) -> list[Example]:
    """Each example with at most `most` of its own texts that do not answer: those nearest to the question."""
    texts = list({text.text for example in examples for text in example.texts})
    places = {text: place for place, text in enumerate(texts)}
    vectors = _embedded(texts, embedder)
    kept = []
    for start in range(0, len(examples), _BATCH):
        batch = examples[start : start + _BATCH]
        for one, question in zip(batch, _embedded([example.question for example in batch], embedder), strict=True):
            wrong = sorted(
                (text for text in one.texts if not text.answers), key=lambda text: -float(vectors[places[text.text]] @ question)
            )
            kept.append(replace(one, texts=(*(text for text in one.texts if text.answers), *wrong[:most])))
    return kept


def _negatives(example: Example, found: Sequence[tuple[str, Example]], rng: random.Random, most: int) -> tuple[Text, ...]:
    answers = {text.text[start:end].lower() for text in example.texts for start, end in text.answers}
    own = _story(example.paragraph)
    wrong = [
        text
        for text, other in found
        if _story(other.paragraph) != own and not any(answer in text.lower() for answer in answers)
    ]
    return tuple(Text(text=text) for text in rng.sample(wrong[:_HARDEST], k=min(rng.randint(1, most), len(wrong[:_HARDEST]))))


def _story(paragraph: str) -> str:
    """The paragraph without its language, as XQuAD has each in three."""
    source, _, place = paragraph.partition("/")
    return f"{source.split('-')[0]}/{place}"


def _embedded(texts: Sequence[str], embedder: Embedder) -> F32:
    """Vectors of texts. Questions are embedded as passages too, because that runs in batches."""
    pooled = embedder.embed_passages(texts).pooled
    centres = np.stack([embedder.centre(detect_language(text)).passage for text in texts])
    return centred(pooled, centres)
