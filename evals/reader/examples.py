"""The reader's training examples: a question, and passages of which some hold the answer."""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from coopbot.text.language import detect_language
from evals.reader.invented import InventedText, Spans, Story

Json = dict[str, Any]

# Held out from the reader's training, so that `learn.py` can learn from it how far to trust the reader.
HELD_OUT_XQUAD = frozenset(range(0, 48, 12))
_HELD_OUT_TOPICS_PERCENT = 20
_HELD_OUT_PERCENT = 4
# How many of the invented pages, subjects and so on are learned from; those after them are held out.
_LEARNED = {
    "made-up-page": 100,
    "made-up-subject": 440,
    "made-up-disagreement": 240,
    "made-up-sibling": 500,
    "made-up-series": 450,
    "made-up-trio": 250,
    "made-up-basics": 300,
}


def is_held_out(paragraph: str) -> bool:
    """Whether a paragraph, or an invented story of those, is held out from training, to check the reader on."""
    source, _, number = paragraph.rpartition("/")
    if source in _LEARNED:
        return int(number) >= _LEARNED[source]
    return zlib.crc32(paragraph.encode()) % 100 < _HELD_OUT_PERCENT


def is_held_out_topic(topic: str) -> bool:
    """Whether questions over our corpus on a topic are held out from training."""
    return zlib.crc32(topic.encode()) % 100 < _HELD_OUT_TOPICS_PERCENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A passage as the reader sees it, and the character spans in it that answer; none if it does not answer."""

    text: str
    answers: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One question. `texts` are scored against each other. `source` names the data set, `paragraph` what must not be split
    between learning and checking.
    """

    source: str
    question: str
    texts: tuple[Text, ...]
    paragraph: str


def headed(text: Text, head: str) -> Text:
    """The text with its date and title in front, as at answering time."""
    moved = tuple((start + len(head), end + len(head)) for start, end in text.answers)
    return Text(text=head + text.text, answers=moved)


def joined(example: Example, rng: random.Random) -> Example:
    """In half of the examples, texts are run together in pairs, as long as passages of articles are: the answer must
    then be found beside other stories.
    """
    if len(example.texts) < 2 or rng.random() < 0.5:
        return example
    texts = rng.sample(example.texts, len(example.texts))
    pairs = [_run_together(texts[place : place + 2]) for place in range(0, len(texts), 2)]
    return replace(example, texts=tuple(pairs))


def _run_together(texts: Sequence[Text]) -> Text:
    whole = Text(text="")
    for text in texts:
        start = len(whole.text) + 1 if whole.text else 0
        answers = tuple((first + start, last + start) for first, last in text.answers)
        whole = Text(text=f"{whole.text} {text.text}".strip(), answers=whole.answers + answers)
    return whole


def squad_like(path: Path, source: str, left_out: frozenset[str] = frozenset()) -> Iterator[Example]:
    """Questions of a file in the format of SQuAD 1.1 or 2.0, each with its own paragraph. left_out: titles to skip."""
    for number, article in enumerate(json.loads(path.read_text("utf-8"))["data"]):
        title = article.get("title", "")
        if title in left_out:
            continue
        for place, paragraph in enumerate(article["paragraphs"]):
            for asked in paragraph["qas"]:
                answers = () if asked.get("is_impossible") else spans_of(asked["answers"])
                yield Example(
                    source=source,
                    question=asked["question"],
                    texts=(Text(text=paragraph["context"], answers=answers),),
                    paragraph=f"{source}/{number}/{place}",
                )


def spans_of(answers: list[Json]) -> tuple[tuple[int, int], ...]:
    """The span of the first accepted answer; the others are nearly the same words."""
    first = answers[0]
    return ((first["answer_start"], first["answer_start"] + len(first["text"])),)


def xquad_even(folder: Path) -> Iterator[Example]:
    """The even-numbered articles of XQuAD-R without those held out, in nine directions."""
    data = {language: json.loads((folder / f"{language}.json").read_text("utf-8"))["data"] for language in ("en", "ru", "zh")}
    for number in sorted(set(range(0, len(data["en"]), 2)) - HELD_OUT_XQUAD):
        for place in range(len(data["en"][number]["paragraphs"])):
            paragraphs = {language: data[language][number]["paragraphs"][place] for language in data}
            for row in range(len(paragraphs["en"]["qas"])):
                for asked, question in paragraphs.items():
                    for language, paragraph in paragraphs.items():
                        yield Example(
                            source=f"xquad-{asked}-{language}",
                            question=question["qas"][row]["question"],
                            texts=(Text(text=paragraph["context"], answers=spans_of(paragraph["qas"][row]["answers"])),),
                            paragraph=f"xquad-{language}/{number}/{place}",
                        )


def kept_titles(folder: Path) -> frozenset[str]:
    """Articles of XQuAD-R that are kept for reporting or held out; SQuAD has them under the same titles."""
    articles = json.loads((folder / "en.json").read_text("utf-8"))["data"]
    kept = {*range(1, len(articles), 2), *HELD_OUT_XQUAD}
    return frozenset(article["title"] for number, article in enumerate(articles) if number in kept)


def made_up(stories: Iterable[Story]) -> Iterator[Example]:
    """Questions about invented news and pages, with every paragraph of their story, date and title in front."""
    for story in stories:
        for asked in story.questions:
            several = [_paragraphs(text, spans) for text, spans in zip(story.texts, asked.answers, strict=True)]
            yield Example(
                source=f"made-up-{asked.kind}",
                question=asked.question,
                texts=tuple(text for texts in several for text in texts),
                paragraph=story.group,
            )


def _paragraphs(text: InventedText, spans: Spans) -> list[Text]:
    found = []
    for start, paragraph in text.paragraphs():
        own = tuple((first - start, last - start) for first, last in spans if start <= first < start + len(paragraph))
        found.append(headed(Text(text=paragraph, answers=own), f"{text.published}. {text.title}. "))
    return found


def with_fewer_texts(example: Example, rng: random.Random, most: int) -> Example:
    """The example with at most `most` texts that do not answer."""
    wrong = [text for text in example.texts if not text.answers]
    kept = [*(text for text in example.texts if text.answers), *rng.sample(wrong, min(most, len(wrong)))]
    return replace(example, texts=tuple(kept))


def sometimes_unanswered(example: Example, rng: random.Random) -> Example:
    """A quarter of the examples lose the texts that answer, so that every kind of question is also one that nothing answers."""
    wrong = tuple(text for text in example.texts if not text.answers)
    return replace(example, texts=wrong) if wrong and rng.random() < 0.25 else example


def balanced(examples: Sequence[Example], rng: random.Random) -> list[Example]:
    """Without some of them, so that the same share has an answer whether or not the question is in the language of a text.

    Near misses were mostly asked in the text's own language: without this, the reader learns to refuse such questions.
    """
    sides: dict[bool, tuple[list[Example], list[Example]]] = {True: ([], []), False: ([], [])}
    for one in examples:
        is_same = detect_language(one.question) in {detect_language(text.text) for text in one.texts}
        sides[is_same][any(text.answers for text in one.texts)].append(one)
    share = sum(len(answered) for _, answered in sides.values()) / len(examples)
    kept = []
    for unanswered, answered in sides.values():
        count = min(len(unanswered) / (1 - share), len(answered) / share)
        kept += rng.sample(unanswered, int(count * (1 - share))) + rng.sample(answered, int(count * share))
    return kept


def by_paragraph(examples: Sequence[Example], rng: random.Random) -> list[tuple[Example, str]]:
    """Each example with another question in its language on the same text, which may have been asked before; "" if none."""
    others: dict[tuple[str, str], list[str]] = {}
    for one in examples:
        others.setdefault((one.texts[0].text, detect_language(one.question)), []).append(one.question)
    found = []
    for one in examples:
        asked = [question for question in others[one.texts[0].text, detect_language(one.question)] if question != one.question]
        found.append((one, rng.choice(asked) if asked else ""))
    return found


def as_follow_up(example_and_earlier: tuple[Example, str], rng: random.Random) -> Example:
    """Some examples have an earlier question in front, as follow-ups have: it is the last one that is asked."""
    example, earlier = example_and_earlier
    if not earlier or rng.random() > 0.08:
        return example
    return replace(example, question=f"{earlier} {example.question}")


def with_made_up_head(example: Example, rng: random.Random) -> Example:
    """Half of the examples without a date get one, so that the reader learns to look past it."""
    if rng.random() < 0.5:
        return example
    texts = tuple(
        headed(text, f"{rng.randint(2005, 2026)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}. ") for text in example.texts
    )
    return replace(example, texts=texts)
