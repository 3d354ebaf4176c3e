"""The training examples of each stage."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from corpus_questions import corpus_examples
from examples import (
    Example,
    as_follow_up,
    by_paragraph,
    joined,
    kept_titles,
    made_up,
    squad_like,
    with_made_up_head,
    xquad_even,
)
from negatives import with_negatives

from coopbot.index.model.embedder import Embedder

HERE = Path(__file__).parent


def general_examples(qa: Path, xquad: Path, embedder: Embedder, rng: random.Random) -> list[Example]:
    """Published reading comprehension: XQuAD-R's even articles in nine directions, SQuAD 2.0, CMRC 2018, DRCD."""
    left_out = kept_titles(xquad)
    sets = [
        (list(xquad_even(xquad)), 0.5),
        (list(squad_like(qa / "squad2-dev-half.json", "squad", left_out)), 0.15),
        (list(squad_like(qa / "cmrc2018-dev.json", "cmrc")), 0.5),
        (sample([*squad_like(qa / "drcd-dev.json", "drcd"), *squad_like(qa / "drcd-test.json", "drcd-test")], 4500, rng), 0.4),
    ]
    mined = [one for examples, share in sets for one in with_negatives(examples, embedder, rng, share=share, most=1)]
    return [with_made_up_head(one, rng) for one in mined]


def domain_examples(qa: Path, xquad: Path, embedder: Embedder, rng: random.Random) -> list[Example]:
    """Invented news and questions over our corpus, mixed with some examples of `general`."""
    return _mixed(qa, xquad, embedder, rng, share=0.45, most=1)


def compare_examples(qa: Path, xquad: Path, embedder: Embedder, rng: random.Random) -> list[Example]:
    """The same, but nearly every question has several retrieved passages that do not answer it."""
    return _mixed(qa, xquad, embedder, rng, share=0.95, most=4)


def longer_examples(qa: Path, xquad: Path, embedder: Embedder, rng: random.Random) -> list[Example]:
    """The same in longer texts, with all of XQuAD-R's even articles."""
    mixed = _mixed(qa, xquad, embedder, rng, share=0.95, most=4, from_xquad=5_000)
    return [joined(one, rng) if one.source.startswith("made-up") else one for one in mixed]


EXAMPLES = {
    "general": general_examples,
    "domain": domain_examples,
    "compare": compare_examples,
    "longer": longer_examples,
}


def _mixed(
    qa: Path, xquad: Path, embedder: Embedder, rng: random.Random, *, share: float, most: int, from_xquad: int = 2_500
) -> list[Example]:
    invented = [as_follow_up(one, rng) for one in by_paragraph(list(made_up(HERE / "made-up.jsonl")), rng)]
    ours = with_negatives(invented, embedder, rng, share=share, most=most)
    left_out = kept_titles(xquad)
    sets = [
        sample(list(xquad_even(xquad)), from_xquad, rng),
        sample([*squad_like(qa / "squad2-dev-half.json", "squad", left_out)], 1500, rng),
        sample([*squad_like(qa / "cmrc2018-dev.json", "cmrc"), *squad_like(qa / "drcd-dev.json", "drcd")], 1000, rng),
    ]
    general = [one for some in sets for one in with_negatives(some, embedder, rng, share=share / 1.5, most=max(1, most // 2))]
    return [*ours, *corpus_examples(embedder, rng), *(with_made_up_head(one, rng) for one in general)]


def sample(examples: Sequence[Example], count: int, rng: random.Random) -> list[Example]:
    """A random sample of `count` examples, or all if there are fewer."""
    return rng.sample(list(examples), min(count, len(examples)))
