"""Answers with those sentences of a language model that the quotes support, or else with the quotes themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import structlog

from coopbot.ask.rank.reader import Reader
from coopbot.domain import Answer, Citation, Claim, Disagreement, Writing
from coopbot.errors import CoopbotError
from coopbot.text.characters import plain_characters
from coopbot.text.sentences import split_sentences
from coopbot.write.judge import reads_alike
from coopbot.write.prompt import Prompt, make_prompt
from coopbot.write.support import Fault, find_fault

# More than the answer to any request for a list has.
_MOST_SENTENCES = 12
# Some models write their reasoning first.
_THOUGHTS = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL | re.IGNORECASE)
_NUMBERS = r"[\[【]\s*\d{1,2}(?:\s*[,;，、]\s*\d{1,2})*\s*[\]】]"
_MARK = re.compile(rf"\s*{_NUMBERS}")
# Numbers after the end of a sentence belong to it, and are moved before its final punctuation.
_AFTER_END = re.compile(rf"([.!?…。！？]+)((?:\s*{_NUMBERS})+)")
_ITEM = re.compile(r"^\s*(?:[-*•–—]|\d{1,2}[.)]|\(\w\))\s+", re.MULTILINE)
_MARKUP = re.compile(r"\*\*|__|`|^#+\s*", re.MULTILINE)

log = structlog.get_logger()


class NoText(CoopbotError):
    """The model returned no text, because it is busy or unavailable."""

    def __init__(self, trouble: Literal["busy", "unavailable"]) -> None:
        super().__init__(f"the language model is {trouble}; check that COOPBOT_LLM_BASE_URL answers, and read the log")
        self.trouble = trouble


class TextModel(Protocol):
    """A language model. Safe to share between threads."""

    @property
    def name(self) -> str:
        """The name of the model."""

    def complete(self, prompt: Prompt) -> str:
        """The model's answer. Raises NoText."""


class ModelWriter:
    """A `Writer` that lets a model write and checks every sentence."""

    def __init__(self, model: TextModel, reader: Reader) -> None:
        self._model = model
        self._reader = reader

    def write(self, quoted: Answer, citations: Sequence[Citation]) -> Answer:
        """See `Writer`."""
        prompt = make_prompt(quoted.searched_as, quoted.question_language, citations)
        try:
            text = self._model.complete(prompt)
        except NoText as exc:
            return replace(quoted, writing=Writing(model=self._model.name, outcome=exc.trouble))
        claims: list[Claim] = []
        dropped: list[Fault] = []
        for sentence in parse_sentences(text)[:_MOST_SENTENCES]:
            found = self._judged(sentence, quoted, citations)
            if not isinstance(found, Claim):
                dropped.append(found)
            elif found not in claims:
                claims.append(found)
        # Sentences without the best quote do not count as an answer.
        held = any(citations[0].number in claim.citations for claim in claims)
        if dropped:
            log.info("sentences_dropped", model=self._model.name, faults=sorted(dropped), kept=len(claims))
        writing = Writing(model=self._model.name, outcome="written" if held else "nothing_held", dropped=tuple(dropped))
        return _written(quoted, claims, citations, writing) if held else replace(quoted, writing=writing)

    def _judged(self, sentence: WrittenSentence, quoted: Answer, citations: Sequence[Citation]) -> Claim | Fault:
        """The sentence with the citations that support it: those it names or, since models miscount, another single one."""
        first: Fault | None = None
        for cited in _candidates(sentence, citations):
            fault = find_fault(sentence.text, cited, quoted.question_language)
            if fault is None and not reads_alike(quoted.searched_as, sentence.text, cited, self._reader):
                fault = "reader"
            if fault is None:
                return Claim(text=sentence.text, citations=tuple(one.number for one in cited))
            first = first or fault
        return first or "citation"


def _candidates(sentence: WrittenSentence, citations: Sequence[Citation]) -> Iterator[tuple[Citation, ...]]:
    named = tuple(one for one in citations if one.number in sentence.numbers)
    if named:
        yield named
    yield from ((one,) for one in citations if (one,) != named)


def _written(quoted: Answer, claims: Sequence[Claim], citations: Sequence[Citation], writing: Writing) -> Answer:
    """The answer with these claims, and the citations that they and the disagreements use, renumbered."""
    used = {number for claim in claims for number in claim.citations}
    used |= {number for one in quoted.disagreements for number in one.citations}
    kept = [one for one in citations if one.number in used]
    new = {one.number: number for number, one in enumerate(kept, start=1)}

    def renumbered(numbers: Sequence[int]) -> tuple[int, ...]:
        return tuple(sorted(new[number] for number in numbers))

    return replace(
        quoted,
        claims=tuple(Claim(text=claim.text, citations=renumbered(claim.citations)) for claim in claims),
        citations=tuple(replace(one, number=new[one.number]) for one in kept),
        disagreements=tuple(
            Disagreement(about=one.about, citations=tuple(new[number] for number in one.citations))
            for one in quoted.disagreements
        ),
        writing=writing,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSentence:
    """text: without citation marks. numbers: the citations, in order, without duplicates; may be empty."""

    text: str
    numbers: tuple[int, ...]


def parse_sentences(text: str) -> list[WrittenSentence]:
    """The sentences of an answer, except those without letters."""
    plain = _ITEM.sub("", _MARKUP.sub("", _THOUGHTS.sub("", plain_characters(text))))
    plain = _AFTER_END.sub(lambda found: f"{found[2]}{found[1]}", plain)
    lines = [line for line in plain.splitlines() if line.strip()]
    pieces = [span.of(line) for line in lines for span in split_sentences(line)]
    return [sentence for sentence in map(_sentence, pieces) if any(map(str.isalpha, sentence.text))]


def _sentence(piece: str) -> WrittenSentence:
    numbers = [int(number) for mark in _MARK.findall(piece) for number in re.findall(r"\d+", mark)]
    return WrittenSentence(text=_MARK.sub("", piece).strip(), numbers=tuple(dict.fromkeys(numbers)))
