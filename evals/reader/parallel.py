"""Questions made from translated news, so that the reader learns which words of another language say the same."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from evals.reader.examples import Example, Text

# The parts of NTREX-128 that are read; Chinese in both scripts.
_FILES = {
    "en": "newstest2019-src.eng.txt",
    "ru": "newstest2019-ref.rus.txt",
    "zh": "newstest2019-ref.zho-CN.txt",
    "zh-Hant": "newstest2019-ref.zho-TW.txt",
}
_BLANKS = {"en": "how many", "ru": "сколько", "zh": "多少", "zh-Hant": "多少"}
_CLAIMS = {"en": "Is it true that {}?", "ru": "Правда ли, что {}?", "zh": "{}，是这样吗？", "zh-Hant": "{}，是這樣嗎？"}
_NUMBER = re.compile(r"(?<![A-Za-z0-9.,])\d+(?:[.,]\d+)?(?![A-Za-z.,]*\d)")
_SENTENCES_IN_A_TEXT = 5
_FEWEST_CHARACTERS = 40
# Of the sentences without such a number.
_SHARE_OF_CLAIMS = 0.25


@dataclass(frozen=True, slots=True)
class _Line:
    """One sentence in all languages."""

    document: str
    translations: dict[str, str]


def parallel_examples(folder: Path, rng: random.Random) -> Iterator[Example]:
    """Each sentence of NTREX-128 asked in one language of a text in another: with a number left out, which is the answer, or
    as a claim, which the whole sentence answers. The neighbouring texts do not answer.
    """
    for document, lines in _documents(folder).items():
        blocks = [lines[first : first + _SENTENCES_IN_A_TEXT] for first in range(0, len(lines), _SENTENCES_IN_A_TEXT)]
        for number, block in enumerate(blocks):
            around = [other for place, other in enumerate(blocks) if 0 < abs(place - number) <= 1]
            for line in block:
                asked, read = rng.sample(list(_FILES), 2)
                if asked[:2] == read[:2] or len(line.translations["en"]) < _FEWEST_CHARACTERS:
                    continue
                found = _without_a_number(line, asked, read, rng)
                if found is None and rng.random() < _SHARE_OF_CLAIMS:
                    found = _claim(line, asked, read, rng)
                if found is None:
                    continue
                question, answer = found
                start = sum(len(one.translations[read]) + 1 for one in block[: block.index(line)])
                right = Text(text=_joined(block, read), answers=((start + answer[0], start + answer[1]),))
                wrong = [Text(text=_joined(other, read)) for other in around]
                yield Example(source="parallel", question=question, texts=(right, *wrong), paragraph=f"parallel/{document}/0")


def _documents(folder: Path) -> dict[str, list[_Line]]:
    columns = {language: (folder / name).read_text("utf-8").splitlines() for language, name in _FILES.items()}
    names = (folder / "DOCUMENT_IDS.tsv").read_text("utf-8").splitlines()
    found: dict[str, list[_Line]] = {}
    for number, name in enumerate(names):
        line = _Line(name, {language: lines[number].strip() for language, lines in columns.items()})
        found.setdefault(name, []).append(line)
    return found


def _without_a_number(line: _Line, asked: str, read: str, rng: random.Random) -> tuple[str, tuple[int, int]] | None:
    """The sentence with a number left out, and where its translation has it; None if none stands in it just once."""
    question, sentence = line.translations[asked], line.translations[read]
    numbers = list(_NUMBER.finditer(question))
    for number in rng.sample(numbers, len(numbers)):
        same = [one for one in _NUMBER.finditer(sentence) if one.group().replace(",", ".") == number.group().replace(",", ".")]
        if len(same) == 1:
            blank = rng.choice([_BLANKS[asked], "?", "…"])
            return f"{question[: number.start()]}{blank}{question[number.end() :]}", same[0].span()
    return None


def _claim(line: _Line, asked: str, read: str, rng: random.Random) -> tuple[str, tuple[int, int]]:
    """The sentence, or a part of it, and the whole of its translation."""
    form = _CLAIMS[asked] if rng.random() < 0.3 else "{}"
    return form.format(_part(line.translations[asked].rstrip(".。!！"), rng)), (0, len(line.translations[read]))


def _part(sentence: str, rng: random.Random) -> str:
    """The sentence, or half of the time one of its clauses, if it is long enough to be recognized."""
    clauses = [one.strip() for one in re.split(r"[,，；;—:：]", sentence)]
    long = [one for one in clauses if len(one) > len(sentence) / 3]
    return rng.choice(long) if long and rng.random() < 0.5 else sentence


def _joined(lines: Sequence[_Line], language: str) -> str:
    return " ".join(one.translations[language] for one in lines)
