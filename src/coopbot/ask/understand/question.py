"""Turns a question into vectors and query terms."""

from __future__ import annotations

import re
from dataclasses import dataclass

from coopbot.ask.store import VectorStore
from coopbot.domain import MAX_QUESTION_CHARS, Language
from coopbot.errors import InvalidRequest
from coopbot.index import token_codes
from coopbot.index.model.embedder import Embedder, centred
from coopbot.index.types import F32
from coopbot.text.characters import has_meaning, plain_characters
from coopbot.text.gazetteer import find_names, name_spans, names_in, names_of
from coopbot.text.language import detect_language
from coopbot.text.tokens import lexical_tokens

# Tokens that mean the same in every language: numbers and Latin words, for example company names.
_SHARED_TOKEN = re.compile(r"[0-9a-z]")

# How much higher the idf of a name may be than that of a name which takes its place, and than that of the most common one.
_RARER, _AS_RARE = 3.0, 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question ready to search with.

    vector: (dim,) and rotated_tokens: (tokens, dim), both centred for the question's language and of length 1; tokens are
    rotated like those of passages. terms: its distinct lexical tokens. names: gazetteer ids of what it names.
    """

    text: str
    language: Language
    vector: F32
    rotated_tokens: F32
    terms: tuple[str, ...]
    names: frozenset[str]

    def terms_for(self, language: Language) -> tuple[str, ...]:
        """The query terms for articles in a language: for another one, shared tokens and its forms of the names."""
        if language == self.language:
            return self.terms
        shared = [term for term in self.terms if _SHARED_TOKEN.match(term)]
        for name in names_in(self.names, language):
            shared += lexical_tokens(name)
        return tuple(dict.fromkeys(shared))


def checked(text: str) -> str:
    """The question in plain characters, trimmed. Raises InvalidRequest if nothing in it can be read, or it is too long."""
    plain = plain_characters(text).strip()
    if not plain:
        raise InvalidRequest("question", "the question is empty; ask something")
    if not has_meaning(plain):
        raise InvalidRequest("question", "the question has no letters or digits; ask in words")
    if len(plain) > MAX_QUESTION_CHARS:
        raise InvalidRequest("question", f"the question has {len(plain)} characters; ask in at most {MAX_QUESTION_CHARS}")
    return plain


def with_known_names(text: str, store: VectorStore) -> str:
    """The question with names that the articles in its language use, for those that they hardly do: "Sila Sibiri" becomes
    "Power of Siberia", which the models do not know to be the same.
    """
    language, known_text = detect_language(text), text
    if language not in store.languages:
        return text
    for span, ids in reversed(list(name_spans(text))):
        said = span.of(text)
        if len(ids) > 1 or not said:
            continue
        tokens = {name: lexical_tokens(name) for name in (said, *names_of(ids[0], language))}
        idf = store.idf(language, [token for own in tokens.values() for token in own])
        # A name is as rare as its rarest word.
        rarity = {name: max(idf[token] for token in own) for name, own in tokens.items() if own}
        known = next((name for name in rarity if rarity[name] <= min(rarity.values()) + _AS_RARE), said)
        if rarity.get(said, 0.0) >= rarity.get(known, 0.0) + _RARER:
            known_text = known_text[: span.start_char] + known + known_text[span.end_char :]
    return known_text if len(known_text) <= MAX_QUESTION_CHARS else text


def understand(text: str, embedder: Embedder) -> Question:
    """Embed a checked question."""
    language = detect_language(text)
    centre = embedder.centre(language)
    embedded = embedder.embed_question(text, with_tokens=True)
    return Question(
        text=text,
        language=language,
        vector=centred(embedded.pooled[0], centre.question),
        rotated_tokens=token_codes.rotated(centred(embedded.tokens[0].vectors, centre.question_token)),
        terms=tuple(dict.fromkeys(lexical_tokens(text))),
        names=find_names(text),
    )
