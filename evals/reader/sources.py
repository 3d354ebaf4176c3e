"""The training examples of each stage."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from coopbot.ask.store import VectorStore
from coopbot.index.model.embedder import Embedder
from coopbot.settings import load_settings
from evals.reader.corpus_questions import corpus_examples
from evals.reader.examples import (
    Example,
    as_follow_up,
    balanced,
    by_paragraph,
    joined,
    kept_titles,
    made_up,
    sometimes_unanswered,
    squad_like,
    with_fewer_texts,
    with_made_up_head,
    xquad_even,
)
from evals.reader.invented import load_stories
from evals.reader.negatives import with_nearest_texts, with_negatives
from evals.reader.opened import StoryQuestion, invented_store, opened_examples, questions_of, strange_examples
from evals.reader.parallel import parallel_examples
from evals.reader.wording import with_even_odds


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


def paired_examples(qa: Path, xquad: Path, embedder: Embedder, rng: random.Random) -> list[Example]:
    """Mostly stories of several texts, of which one answers what the others do not, so that the kind of a question does not
    reveal whether it has an answer; and every question over our corpus twice.
    """
    invented = list(made_up(load_stories()))
    several = [with_fewer_texts(one, rng, 3) for one in invented if len(one.texts) > 1]
    single = sample([one for one in invented if len(one.texts) == 1], 1_000, rng)
    ours = with_negatives([*sample(several, 7_500, rng), *single], embedder, rng, share=0.9, most=2)
    corpus = [*corpus_examples(embedder, rng), *corpus_examples(embedder, rng)]
    general = _general(qa, xquad, embedder, rng, share=0.6, most=2, counts=(1_500, 500, 500))
    return [*(joined(sometimes_unanswered(one, rng), rng) for one in ours), *corpus, *general]


def subject_examples(qa: Path, xquad: Path, embedder: Embedder, rng: random.Random) -> list[Example]:
    """Mostly subjects of which texts in three languages each tell a part: what is asked for may stand in another language,
    beside a near miss in the question's own.
    """
    subjects, pages, pairs, singles = _by_source()
    some = [
        *(with_fewer_texts(one, rng, 3) for one in sample(balanced(pages, rng), 700, rng)),
        *sample(pairs, 2_000, rng),
        *sample(balanced(singles, rng), 600, rng),
    ]
    ours = [
        *with_negatives(subjects, embedder, rng, share=0.5, most=2),
        *with_negatives(some, embedder, rng, share=0.9, most=2),
    ]
    corpus = corpus_examples(embedder, rng)
    general = _general(qa, xquad, embedder, rng, share=0.6, most=2, counts=(1_500, 400, 500))
    return [*(joined(sometimes_unanswered(one, rng), rng) for one in ours), *corpus, *general]


def disputed_examples(qa: Path, xquad: Path, embedder: Embedder, rng: random.Random) -> list[Example]:
    """Stories whose sources disagree, of which every version is to be found, mixed with examples of `subjects`."""
    stories = load_stories()
    disputed = list(made_up(story for story in stories if story.source == "made-up-disagreement"))
    subjects, pages, pairs, _ = _by_source()
    some = [*sample(subjects, 1_000, rng), *sample(balanced(pages, rng), 200, rng), *sample(pairs, 400, rng)]
    ours = [*disputed, *(sometimes_unanswered(with_fewer_texts(one, rng, 3), rng) for one in some)]
    general = _general(qa, xquad, embedder, rng, share=0.6, most=2, counts=(300, 100, 100))
    return [*(joined(one, rng) for one in ours), *sample(corpus_examples(embedder, rng), 250, rng), *general]


def sibling_examples(qa: Path, xquad: Path, embedder: Embedder, rng: random.Random) -> list[Example]:
    """Mostly things of one kind, of which each text tells the same about another, so that the reader learns to look at whose
    figure it is; mixed with examples of the stages before.
    """
    stories = load_stories()
    siblings = list(made_up(story for story in stories if story.source == "made-up-sibling"))
    disputed = list(made_up(story for story in stories if story.source == "made-up-disagreement"))
    subjects, pages, pairs, _ = _by_source()
    some = [*sample(subjects, 1_500, rng), *sample(balanced(pages, rng), 400, rng), *sample(pairs, 600, rng)]
    ours = [
        *with_nearest_texts(siblings, embedder, most=3),
        *(with_fewer_texts(one, rng, 3) for one in some),
    ]
    mixed = with_even_odds(with_negatives(ours, embedder, rng, share=0.3, most=1), rng, share=0.55)
    corpus = corpus_examples(embedder, rng)
    general = _general(qa, xquad, embedder, rng, share=0.6, most=2, counts=(1_500, 400, 400))
    return [*(joined(one, rng) for one in [*mixed, *sample(disputed, 500, rng)]), *corpus, *general]


def series_examples(qa: Path, xquad: Path, embedder: Embedder, rng: random.Random) -> list[Example]:
    """Mostly one thing at several times and pages as they are, with passages as answering cuts and ranks them; mixed with
    examples of the stages before, cut likewise, and with every question over our corpus.
    """
    store = _stories(embedder)
    asked = questions_of("made-up-series")
    for source, count in (("sibling", 3_000), ("subject", 1_000), ("page", 600), ("disagreement", 500)):
        asked += rng.sample(questions_of(f"made-up-{source}"), count)
    ours = with_negatives(opened_examples(asked, store, embedder, wrong=3), embedder, rng, share=0.3, most=1)
    general = _general(qa, xquad, embedder, rng, share=0.6, most=2, counts=(1_500, 400, 400))
    return [*with_even_odds([*ours, *corpus_examples(embedder, rng)], rng, share=0.55), *general]


def trio_examples(qa: Path, xquad: Path, embedder: Embedder, rng: random.Random) -> list[Example]:
    """Mostly three pages on one matter in three languages, with passages as answering cuts and ranks them; mixed with
    examples of the stages before, and with more of XQuAD-R.
    """
    store = _stories(embedder)
    asked = questions_of("made-up-trio")
    for source, count in (("series", 3_000), ("sibling", 2_000), ("subject", 1_500), ("page", 500), ("disagreement", 600)):
        asked += rng.sample(questions_of(f"made-up-{source}"), count)
    ours = with_negatives(opened_examples(asked, store, embedder, wrong=3), embedder, rng, share=0.3, most=1)
    general = _general(qa, xquad, embedder, rng, share=0.6, most=2, counts=(3_000, 500, 700))
    return [*with_even_odds([*ours, *corpus_examples(embedder, rng)], rng, share=0.55), *general]


def opened_anywhere_examples(qa: Path, xquad: Path, embedder: Embedder, rng: random.Random) -> list[Example]:
    """All kinds of invented stories of several paragraphs, each question with passages of all stories that answering opens."""
    store = _stories(embedder)
    ours = opened_examples(_some_of_each(5_000, rng), store, embedder, wrong=2, foreign=2)
    general = _general(qa, xquad, embedder, rng, share=0.6, most=2, counts=(1_500, 200, 300))
    return [*with_even_odds([*ours, *corpus_examples(embedder, rng)], rng, share=0.55), *general]


def loose_examples(qa: Path, xquad: Path, embedder: Embedder, rng: random.Random) -> list[Example]:
    """Mostly loose questions, with passages of their story; mixed with examples of `opened`."""
    store = _stories(embedder)
    loose = [*questions_of("made-up-series", loose=True), *questions_of("made-up-trio", loose=True)]
    ours = [
        *opened_examples(loose, store, embedder, wrong=3),
        *opened_examples(_some_of_each(1_500, rng), store, embedder, wrong=2, foreign=2),
    ]
    general = _general(qa, xquad, embedder, rng, share=0.6, most=2, counts=(1_200, 150, 250))
    return [*with_even_odds([*ours, *corpus_examples(embedder, rng)], rng, share=0.55), *general]


def mixed_examples(qa: Path, xquad: Path, embedder: Embedder, rng: random.Random) -> list[Example]:
    """Two loose questions for each precise one, more of XQuAD-R, and some questions about something else altogether."""
    return _loose_and_precise(qa, xquad, embedder, rng, from_xquad=3_000)


def across_examples(qa: Path, xquad: Path, embedder: Embedder, rng: random.Random) -> list[Example]:
    """The same with still more of XQuAD-R, most of whose answers are in another language than the question."""
    return _loose_and_precise(qa, xquad, embedder, rng, from_xquad=5_000)


def parallel_mixed_examples(qa: Path, xquad: Path, embedder: Embedder, rng: random.Random) -> list[Example]:
    """The same with sentences of translated news."""
    translated = [sometimes_unanswered(one, rng) for _ in range(4) for one in parallel_examples(qa, rng)]
    few = with_negatives(translated, embedder, rng, share=0.3, most=1)
    return [*across_examples(qa, xquad, embedder, rng), *(with_made_up_head(one, rng) for one in few)]


def basic_examples(qa: Path, xquad: Path, embedder: Embedder, rng: random.Random) -> list[Example]:
    """Mostly what people ask first, such as when a thing opened, of texts that say when it was agreed or begun; mixed with
    examples of the stages before.
    """
    store = _stories(embedder)
    basics = [*questions_of("made-up-basics"), *questions_of("made-up-basics", loose=True)]
    sources = ("series", "trio", "sibling", "subject")
    loose = [one for source in sources for one in rng.sample(questions_of(f"made-up-{source}", loose=True), 200)]
    ours = [
        *opened_examples(basics, store, embedder, wrong=3, foreign=2),
        *opened_examples(loose, store, embedder, wrong=3),
        *opened_examples(_some_of_each(600, rng), store, embedder, wrong=2, foreign=2),
    ]
    corpus = sample(corpus_examples(embedder, rng), 500, rng)
    general = _general(qa, xquad, embedder, rng, share=0.6, most=2, counts=(1_600, 150, 250))
    return [*with_even_odds([*ours, *corpus], rng, share=0.55), *general]


def _loose_and_precise(qa: Path, xquad: Path, embedder: Embedder, rng: random.Random, *, from_xquad: int) -> list[Example]:
    store = _stories(embedder)
    shares = {"series": 500, "trio": 400, "sibling": 1_600, "subject": 700}
    loose = [rng.sample(questions_of(f"made-up-{source}", loose=True), count) for source, count in shares.items()]
    ours = [
        *opened_examples([one for some in loose for one in some], store, embedder, wrong=3),
        *opened_examples(_some_of_each(1_500, rng), store, embedder, wrong=2, foreign=2),
    ]
    general = _general(qa, xquad, embedder, rng, share=0.6, most=2, counts=(from_xquad, 300, 500))
    # None of XQuAD-R, of which `learn.py` asks such questions.
    elsewhere = [one.question for one in general if not one.source.startswith("xquad")]
    strange = strange_examples(rng.sample(elsewhere, 300), store, embedder, wrong=4)
    return [*with_even_odds([*ours, *corpus_examples(embedder, rng)], rng, share=0.55), *general, *strange]


def _stories(embedder: Embedder) -> VectorStore:
    return invented_store(load_settings().index_dir / "cache" / "learn" / "invented", embedder)


def _some_of_each(count: int, rng: random.Random) -> list[StoryQuestion]:
    """About so many questions about stories of several paragraphs, all kinds of which are among them."""
    shares = {"trio": 0.2, "series": 0.28, "sibling": 0.23, "subject": 0.17, "page": 0.06, "disagreement": 0.06}
    several = [rng.sample(questions_of(f"made-up-{source}"), int(share * count)) for source, share in shares.items()]
    return [one for some in several for one in some]


def _by_source() -> tuple[list[Example], list[Example], list[Example], list[Example]]:
    """The questions about invented subjects, pages, news of two texts, and news of one text."""
    stories = load_stories()
    subjects = [story for story in stories if story.source == "made-up-subject"]
    pages = [story for story in stories if story.source == "made-up-page"]
    news = [story for story in stories if story.source in ("made-up-en", "made-up-ru", "made-up-zh")]
    pairs, singles = [[story for story in news if story.is_several == several] for several in (True, False)]
    return list(made_up(subjects)), list(made_up(pages)), list(made_up(pairs)), list(made_up(singles))


EXAMPLES = {
    "general": general_examples,
    "domain": domain_examples,
    "compare": compare_examples,
    "longer": longer_examples,
    "paired": paired_examples,
    "subjects": subject_examples,
    "disputed": disputed_examples,
    "siblings": sibling_examples,
    "series": series_examples,
    "trios": trio_examples,
    "opened": opened_anywhere_examples,
    "loose": loose_examples,
    "mixed": mixed_examples,
    "across": across_examples,
    "parallel": parallel_mixed_examples,
    "basics": basic_examples,
}


def _mixed(
    qa: Path, xquad: Path, embedder: Embedder, rng: random.Random, *, share: float, most: int, from_xquad: int = 2_500
) -> list[Example]:
    invented = [as_follow_up(one, rng) for one in by_paragraph(list(made_up(load_stories())), rng)]
    ours = with_negatives(invented, embedder, rng, share=share, most=most)
    counts = (from_xquad, 1_500, 1_000)
    general = _general(qa, xquad, embedder, rng, share=share / 1.5, most=max(1, most // 2), counts=counts)
    return [*ours, *corpus_examples(embedder, rng), *general]


def _general(
    qa: Path, xquad: Path, embedder: Embedder, rng: random.Random, *, share: float, most: int, counts: tuple[int, int, int]
) -> list[Example]:
    """Some examples of `general`. counts: from XQuAD-R, from SQuAD 2.0, and from CMRC and DRCD."""
    sets = [
        list(xquad_even(xquad)),
        [*squad_like(qa / "squad2-dev-half.json", "squad", kept_titles(xquad))],
        [*squad_like(qa / "cmrc2018-dev.json", "cmrc"), *squad_like(qa / "drcd-dev.json", "drcd")],
    ]
    some = [sample(examples, count, rng) for examples, count in zip(sets, counts, strict=True)]
    return [with_made_up_head(one, rng) for own in some for one in with_negatives(own, embedder, rng, share=share, most=most)]


def sample(examples: Sequence[Example], count: int, rng: random.Random) -> list[Example]:
    """A random sample of `count` examples, or all if there are fewer."""
    return rng.sample(list(examples), min(count, len(examples)))
