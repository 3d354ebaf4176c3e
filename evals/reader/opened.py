"""Questions about the invented stories, each with passages as answering cuts and ranks them; and the index of those stories."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from hashlib import sha256
from pathlib import Path

from coopbot.ask.rank.features import RankedPassage
from coopbot.ask.rank.reader import head_of
from coopbot.ask.rank.retrieve import OPENED, find_all, rank_passages
from coopbot.ask.store import VectorStore
from coopbot.ask.understand.question import understand
from coopbot.ask.weights import load_weights
from coopbot.domain import Article, Filters, Passage
from coopbot.index.build import build
from coopbot.index.disk.folder import open_current
from coopbot.index.model.embedder import Embedder
from evals.reader.examples import Example, Text, headed
from evals.reader.invented import InventedQuestion, InventedText, Spans, Story, load_stories

# How many passages of its own story that answer a question are taken.
_RIGHT = 2

StoryQuestion = tuple[int, Story, InventedQuestion]
"""A question about a story, with the story's number in `load_stories`."""


def questions_of(source: str, *, loose: bool = False) -> list[StoryQuestion]:
    """The questions about the stories of a source, such as `made-up-series`: the loose ones, or all others."""
    return [
        (number, story, asked)
        for number, story in enumerate(load_stories())
        if story.source == source
        for asked in story.questions
        if asked.is_loose == loose
    ]


def opened_examples(
    asked: Sequence[StoryQuestion], store: VectorStore, embedder: Embedder, *, wrong: int, foreign: int = 0
) -> list[Example]:
    """Each question with the passages of its story that answer, and the `wrong` others that rank first; where there is an
    answer, also with the `foreign` passages of other stories that rank first of all and hold none of its words.

    Only there: where two stories are about one real place, what nothing in one answers may stand in the other.
    """
    search = _Search(store, embedder)
    examples = []
    for number, story, one in asked:
        answers = dict(zip(article_ids(number, story), one.answers, strict=True))
        texts = [_text(store, passage, answers) for passage in search.best(one.question, Filters(publishers=(story.group,)))]
        right = [text for text in texts if text.answers][:_RIGHT]
        others = [text for text in texts if not text.answers][:wrong]
        if right and foreign and not one.is_loose:
            others += _foreign(store, search.best(one.question, most=OPENED), set(answers), right)[:foreign]
        examples.append(
            Example(source=f"made-up-{one.kind}", question=one.question, texts=(*right, *others), paragraph=story.group)
        )
    return examples


def strange_examples(questions: Sequence[str], store: VectorStore, embedder: Embedder, *, wrong: int) -> list[Example]:
    """Questions about something else than the stories, each with the `wrong` passages that rank first. Nothing answers."""
    search = _Search(store, embedder)
    examples = []
    for text in questions:
        texts = [_text(store, passage, {}) for passage in search.best(text, most=wrong)]
        examples.append(Example(source="strange", question=text, texts=tuple(texts), paragraph=f"strange/{text}"))
    return examples


class _Search:
    """Finds passages as answering does."""

    def __init__(self, store: VectorStore, embedder: Embedder) -> None:
        self._store, self._embedder, self._weights = store, embedder, load_weights()

    def best(self, question: str, filters: Filters | None = None, most: int | None = None) -> list[Passage]:
        """The `most` likely of those that are found, or all, best first."""
        found = find_all(understand(question, self._embedder), self._store, filters or Filters(), late=True)
        return [_passage(self._store, ranked) for ranked in rank_passages(found, self._weights.passage)[:most]]


def _foreign(store: VectorStore, found: Sequence[Passage], own: set[str], right: Sequence[Text]) -> list[Text]:
    """Those of other articles than the story's `own` in which no answer occurs."""
    answers = {text.text[start:end].lower() for text in right for start, end in text.answers}
    others = [_text(store, passage, {}) for passage in found if passage.article_id not in own]
    return [text for text in others if not any(answer in text.text.lower() for answer in answers)]


def _passage(store: VectorStore, ranked: RankedPassage) -> Passage:
    (stored,) = store.stored(ranked.candidates.language, [ranked.row])
    return stored.passage


def _text(store: VectorStore, passage: Passage, answers: dict[str, Spans]) -> Text:
    inside = tuple(
        (start - passage.start_char, end - passage.start_char)
        for start, end in answers.get(passage.article_id, ())
        if passage.start_char <= start and end <= passage.end_char
    )
    article = store.article(passage.article_id)
    return headed(Text(text=passage.text, answers=inside), head_of(article.title, article.published) if article else "")


def invented_store(folder: Path, embedder: Embedder) -> VectorStore:
    """The index of all invented texts, built in `folder` or reused. A text's publisher is the group of its story."""
    return indexed(list(_invented_articles()), folder, embedder)


def indexed(articles: Sequence[Article], folder: Path, embedder: Embedder) -> VectorStore:
    """An index of articles, built in `folder` or reused."""
    build(articles, embedder, folder, model="", precision="")
    return open_current(folder, embedder.fingerprint)


def article_ids(number: int, story: Story) -> list[str]:
    """The ids of a story's texts in the index. number: of the story, as in `load_stories`."""
    return [f"{text.language}/{number:05d}-{place}" for place, text in enumerate(story.texts)]


def _invented_articles() -> Iterator[Article]:
    for number, story in enumerate(load_stories()):
        for article_id, text in zip(article_ids(number, story), story.texts, strict=True):
            yield _article(article_id, text, story.group)


def _article(article_id: str, text: InventedText, story: str) -> Article:
    return Article(
        article_id=article_id,
        title=text.title,
        publisher=story,
        published=date.fromisoformat(text.published),
        url="",
        language=text.language,
        text=text.text,
        sha256=sha256(text.text.encode()).hexdigest(),
    )
