"""Questions to learn from, each with the index it is asked of and its right sentences; see `learn.py`."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from coopbot.ask.rank.candidates import Candidates
from coopbot.ask.store import VectorStore
from coopbot.domain import LANGUAGES, Article, Filters, Passage
from coopbot.index.model.embedder import Embedder
from coopbot.ingest.corpus.store import Corpus
from evals.measure.facts import Accepted, Quoted, is_right, quoted_sentences
from evals.measure.golden import AskedQuestion, load_questions
from evals.measure.siblings import load_siblings
from evals.ranking import Mask
from evals.reader.examples import HELD_OUT_XQUAD, is_held_out, is_held_out_topic
from evals.reader.invented import InventedQuestion, Spans, Story, load_stories
from evals.reader.opened import article_ids, indexed, invented_store
from evals.xquad.dataset import WithoutParagraph, Xquad, XquadQuestion, load_xquad

EVALS = Path(__file__).parent
SEED = 11
# What gibberish is made of; the characters in the middle are Chinese.
_LETTERS = (
    "abcdefghijklmnopqrstuvwxyz0123456789",
    "".join(map(chr, range(0x4E00, 0x4F00))),
    "".join(map(chr, range(0x430, 0x450))),
)

Rights = Callable[[Passage], list[bool]]
"""From a passage to whether each of its sentences answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question asked of a store. group: the set it is from. unknowns: the sentences that say that what it asks for is not
    known, which are neither right nor wrong.
    """

    group: str
    text: str
    store: VectorStore
    rights: Rights
    unknowns: Rights = lambda passage: [False] * len(passage.sentences)
    filters: Filters = field(default_factory=Filters)

    def right_passages(self, candidates: Candidates) -> Mask:
        """(passages,): whether each candidate has a sentence that answers."""
        stored = self.store.stored(candidates.language, candidates.rows.tolist())
        return np.array([any(self.rights(one.passage)) for one in stored], dtype=bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexes:
    """The indexes of our corpus, XQuAD-R, and the invented news that the reader is trained on."""

    corpus: VectorStore
    xquad: Xquad
    invented: VectorStore


def build_indexes(xquad: Path, folder: Path, embedder: Embedder) -> Indexes:
    """Build all three in `folder`, or reuse those that are there."""
    articles = [found for found in Corpus(EVALS.parent / "corpus") if isinstance(found, Article)]
    return Indexes(
        corpus=indexed(articles, folder / "corpus", embedder),
        xquad=load_xquad(xquad, folder / "xquad", embedder),
        invented=invented_store(folder / "invented", embedder),
    )


def corpus_questions(indexes: Indexes) -> Iterator[Asked]:
    """Over our corpus, without follow-ups and small talk: all of `judging.jsonl` and `everyday.jsonl`, of `siblings.jsonl` the
    dev half; of `training.jsonl` and golden dev, from which the reader and the encoder of questions learn too, those on
    held-out topics.
    """
    sentences = labelled(indexes.corpus)
    learned_from = load_questions(EVALS / "training.jsonl") + load_questions(EVALS / "questions.jsonl")
    siblings = load_siblings(EVALS / "siblings.jsonl")
    sets: dict[str, Sequence[AskedQuestion]] = {
        "corpus": [one for one in learned_from if one.split == "dev" and is_held_out_topic(one.topic)],
        "judging": load_questions(EVALS / "judging.jsonl"),
        "everyday": load_questions(EVALS / "everyday.jsonl"),
        "siblings": [one for one in siblings if one.split == "dev" and not one.pages],
    }
    for group, asked in sets.items():
        for one in asked:
            if not one.after and one.kind != "small-talk":
                yield Asked(
                    group=group,
                    text=one.question,
                    store=indexes.corpus,
                    rights=holding(one.answers, sentences),
                    unknowns=holding(one.says_unknown, sentences),
                )


def invented_questions(indexes: Indexes, count: int) -> Iterator[Asked]:
    """Over all invented texts together: so many of the held-out questions.

    Only of stories of several paragraphs: in the others, the wording of a question suggests whether it has an answer.
    """
    rows = [(row, asked) for row in _held_out_stories() for asked in row[1].questions if not asked.is_loose]
    for row, asked in random.Random(SEED).sample(rows, count):
        yield _of_story(indexes, row, asked, "invented", Filters())


def loose_questions(indexes: Indexes, count: int) -> Iterator[Asked]:
    """So many of the held-out loose questions, each over the texts of its story only."""
    rows = [(row, asked) for row in _held_out_stories() for asked in row[1].questions if asked.is_loose]
    for row, asked in random.Random(SEED).sample(rows, count):
        yield _of_story(indexes, row, asked, "loose", only(row[1].group))


def _held_out_stories() -> list[tuple[int, Story]]:
    return [(number, story) for number, story in enumerate(load_stories()) if story.is_several and is_held_out(story.group)]


def _of_story(indexes: Indexes, row: tuple[int, Story], asked: InventedQuestion, group: str, filters: Filters) -> Asked:
    rights = holding_in(dict(zip(article_ids(*row), asked.answers, strict=True)))
    return Asked(group=group, text=asked.question, store=indexes.invented, rights=rights, filters=filters)


def invented_disagreements() -> Iterator[tuple[str, str, list[dict[str, Spans]]]]:
    """(story, question, the spans of each account by article) of the stories held out from the reader's training. A question
    whose sources agree has one account.
    """
    for number, story in enumerate(load_stories()):
        if story.source == "made-up-disagreement" and is_held_out(story.group):
            for asked in story.questions:
                accounts = asked.accounts or (asked.answers,)
                yield story.group, asked.question, [dict(zip(article_ids(number, story), own, strict=True)) for own in accounts]


def only(story: str) -> Filters:
    """Only the texts of one invented story."""
    return Filters(publishers=(story,))


def xquad_questions(indexes: Indexes, share: float) -> Iterator[Asked]:
    """A share of those over held-out articles of XQuAD-R, in nine directions, each with its passage indexed and without."""
    rng = random.Random(SEED)
    for row in indexes.xquad.questions:
        if row.article not in HELD_OUT_XQUAD or rng.random() > share:
            continue
        for question in LANGUAGES:
            for language in LANGUAGES:
                for store, group in (
                    (indexes.xquad.snapshot, "xquad"),
                    (WithoutParagraph(indexes.xquad.snapshot, row.gold), "gone"),
                ):
                    yield Asked(
                        group=group,
                        text=row.text[question],
                        store=store,
                        rights=gold(row),
                        filters=Filters(languages=(language,)),
                    )


def strange_questions(indexes: Indexes, every: int) -> Iterator[Asked]:
    """Every so many questions of XQuAD-R, asked of our corpus, which does not answer them."""
    for row in [row for row in indexes.xquad.questions if not row.is_odd][::every]:
        for language in LANGUAGES:
            yield Asked(
                group="strange", text=row.text[language], store=indexes.corpus, rights=holding((), labelled(indexes.corpus))
            )


def gibberish_questions(indexes: Indexes, count: int) -> Iterator[Asked]:
    """So many of each language: letters at random, a few to a word, asked of our corpus."""
    rng = random.Random(SEED)
    for letters in _LETTERS:
        for _ in range(count):
            words = ("".join(rng.choices(letters, k=rng.randint(1, 8))) for _ in range(rng.randint(1, 4)))
            text = " ".join(words) + rng.choice(("", "?", "!!"))
            yield Asked(group="strange", text=text, store=indexes.corpus, rights=holding((), labelled(indexes.corpus)))


def labelled(store: VectorStore) -> Callable[[Passage], list[Quoted]]:
    """From a passage to its sentences with the labels of their footnotes."""
    found: dict[str, list[Quoted]] = {}

    def sentences(passage: Passage) -> list[Quoted]:
        if passage.passage_id not in found:
            found[passage.passage_id] = quoted_sentences(passage, store.article(passage.article_id))
        return found[passage.passage_id]

    return sentences


def holding(answers: Sequence[Accepted], sentences: Callable[[Passage], list[Quoted]]) -> Rights:
    """Sentences that are right. sentences: from `labelled`."""
    return lambda passage: [is_right(one, answers) for one in sentences(passage)]


def holding_in(answers: dict[str, Spans]) -> Rights:
    """Sentences in which an answer starts. answers: spans in the text, by article."""

    def rights(passage: Passage) -> list[bool]:
        own = answers.get(passage.article_id, ())
        return [any(sentence.start_char <= start < sentence.end_char for start, _ in own) for sentence in passage.sentences]

    return rights


def gold(row: XquadQuestion) -> Rights:
    """The sentence that the data set names."""

    def rights(passage: Passage) -> list[bool]:
        language, _, paragraph = passage.article_id.partition("/")
        gold = row.gold_sentence[next(one for one in LANGUAGES if one == language)]
        return [int(paragraph) == row.gold and place == gold for place in range(len(passage.sentences))]

    return rights
