"""What a passage's sentences hold that questions ask for, noted once when it is indexed: words, amounts, dates, names."""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import sha256

from coopbot.text.dates import find_dates
from coopbot.text.figures import Figure, disputed, find_figures
from coopbot.text.gazetteer import find_names
from coopbot.text.glossary import find_concepts
from coopbot.text.quantities import find_quantities
from coopbot.text.tokens import lexical_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceNotes:
    """words: lexical tokens in order. amounts: (value, unit) of each quantity, see `text.quantities`. dates: (year, month),
    each None where it is not said. names: ids of the gazetteer. concepts: of the glossary. figures: amounts and dates to
    compare; disputed: it says that sources are at odds.
    """

    words: tuple[str, ...]
    amounts: tuple[tuple[float, str], ...]
    dates: tuple[tuple[int | None, int | None], ...]
    names: frozenset[str]
    concepts: frozenset[str] = frozenset()
    figures: tuple[Figure, ...] = ()
    disputed: bool = False

    @property
    def years(self) -> frozenset[int]:
        """Those in which something was; not of the day on which a source spoke."""
        return frozenset(date.fromordinal(int(one.low)).year for one in self.figures if one.unit == "date")


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageNotes:
    """Notes of each sentence, and the names that the passage's title and headings give to all of it."""

    context_names: frozenset[str]
    sentences: tuple[SentenceNotes, ...]


@lru_cache(maxsize=1)
def notes_sha256() -> str:
    """One digest of the names and words by which notes are taken. A change of the rules is a change of the index's format."""
    files = (importlib.resources.files("coopbot.text").joinpath(name) for name in ("gazetteer.json", "glossary.json"))
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def take_notes(context: str, sentences: Sequence[str]) -> PassageNotes:
    """Notes of a passage."""
    return PassageNotes(context_names=find_names(context), sentences=tuple(map(_sentence_notes, sentences)))


def dump_notes(notes: PassageNotes) -> str:
    """Notes as JSON."""
    sentences = [
        [
            " ".join(note.words),
            note.amounts,
            note.dates,
            sorted(note.names),
            " ".join(sorted(note.concepts)),
            note.disputed,
            *note.figures,
        ]
        for note in notes.sentences
    ]
    return json.dumps([sorted(notes.context_names), sentences], ensure_ascii=False)


def load_notes(text: str) -> PassageNotes:
    """Notes from JSON of `dump_notes`."""
    context_names, sentences = json.loads(text)
    return PassageNotes(
        context_names=frozenset(context_names),
        sentences=tuple(
            SentenceNotes(
                words=tuple(words.split()),
                amounts=tuple(map(tuple, amounts)),
                dates=tuple(map(tuple, dates)),
                names=frozenset(names),
                concepts=frozenset(concepts.split()),
                disputed=disputed,
                figures=tuple(map(Figure._make, figures)),
            )
            for words, amounts, dates, names, concepts, disputed, *figures in sentences
        ),
    )


def _sentence_notes(sentence: str) -> SentenceNotes:
    dates = find_dates(sentence)
    quantities = find_quantities(sentence, dates)
    return SentenceNotes(
        words=tuple(lexical_tokens(sentence)),
        amounts=tuple((float(quantity.value), quantity.unit) for quantity in quantities),
        dates=tuple((mention.year, mention.month) for mention in dates),
        names=find_names(sentence),
        concepts=find_concepts(sentence),
        figures=find_figures(sentence, quantities, dates),
        disputed=disputed(sentence),
    )
