"""Words of the field grouped by concept, in three languages: "cost", стоимость and 造价 are one concept.

They are in `glossary.json`: for each concept's id its words by language. A word may belong to several concepts.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain

from coopbot.text.characters import HAN, TO_SIMPLIFIED
from coopbot.text.phrases import Mention, Phrases
from coopbot.text.tokens import lexical_tokens
from coopbot.text.words import file_text

_HAN = re.compile(f"[{HAN}]")


def find_concepts(text: str) -> frozenset[str]:
    """Ids of all concepts in `text`."""
    return frozenset(id_ for _, ids in concept_mentions(text) for id_ in ids)


def concept_mentions(text: str) -> Iterator[Mention]:
    """All words of the glossary in `text`. Of several that begin at the same place the longest counts. Chinese words do not
    overlap, others may.
    """
    words, han = _load()
    tokens = lexical_tokens(text)
    yield from filter(None, (words.longest_at(tokens, at) for at in range(len(tokens))))
    if _HAN.search(text):
        characters = unicodedata.normalize("NFKC", text).translate(TO_SIMPLIFIED)
        for at, (phrase, ids) in han.non_overlapping(characters):
            # A single character is a token only where it is alone; elsewhere the token is the pair that begins with it.
            yield tuple(lexical_tokens(characters[at : at + max(2, len(phrase))])), ids


@lru_cache(maxsize=1)
def _load() -> tuple[Phrases, Phrases]:
    """Phrases as lexical tokens, and Chinese phrases as characters."""
    text = file_text("glossary.json")
    entries = [(phrase, id_) for id_, words in json.loads(text).items() for phrase in chain.from_iterable(words.values())]
    return (
        Phrases((lexical_tokens(phrase), id_) for phrase, id_ in entries if not _HAN.search(phrase)),
        Phrases((phrase, id_) for phrase, id_ in entries if _HAN.search(phrase)),
    )
