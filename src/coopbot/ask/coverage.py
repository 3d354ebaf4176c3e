"""How much of what a question says is said elsewhere: by the same word, another word for the same, or the same name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from coopbot.index.embedder import F32
from coopbot.text.gazetteer import name_mentions
from coopbot.text.glossary import concept_mentions
from coopbot.text.notes import SentenceNotes
from coopbot.text.tokens import lexical_tokens

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """A lexical token of a question, and `meanings`: ids of the concepts and names that it is a word of."""

    word: str
    meanings: frozenset[str]


def sought_in(question: str) -> tuple[Sought, ...]:
    """Its lexical tokens in order, each once."""
    meanings: dict[str, set[str]] = {word: set() for word in lexical_tokens(question)}
    named = ((lexical_tokens(surface), ids) for surface, ids in name_mentions(question))
    for words, ids in chain(concept_mentions(question), named):
        for word in words:
            if word in meanings:
                meanings[word].update(ids)
    return tuple(Sought(word=word, meanings=frozenset(ids)) for word, ids in meanings.items())


def said_by(sought: Sequence[Sought], notes: Sequence[SentenceNotes]) -> Mask:
    """(sought, sentences): which sentence says what."""
    said = np.zeros((len(sought), len(notes)), dtype=bool)
    for column, note in enumerate(notes):
        words, meanings = set(note.words), note.concepts | note.names
        said[:, column] = [one.word in words or not one.meanings.isdisjoint(meanings) for one in sought]
    return said


def share(said: Mask, rarity: F32) -> F32:
    """(columns,): the share of what is sought that is said, each weighed by its rarity; 0 if nothing is sought."""
    total = float(rarity.sum())
    shares: F32 = (rarity @ said / total if total else np.zeros(said.shape[1])).astype(np.float32)
    return shares
