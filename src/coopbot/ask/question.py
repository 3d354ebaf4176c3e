"""What is asked, made ready to search with."""

from __future__ import annotations

from dataclasses import dataclass

from coopbot.domain import MAX_QUESTION_CHARS, Language
from coopbot.errors import InvalidRequest
from coopbot.index.embedder import F32, Embedder
from coopbot.text.language import detect_language


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question as it is searched. `vector` is (dim,) of length 1; `tokens` is (tokens, dim), see `TokenVectors`."""

    text: str
    language: Language
    vector: F32
    tokens: F32


def checked(text: str) -> str:
    """The question without surrounding white space. Raises InvalidRequest if it is empty or too long."""
    stripped = text.strip()
    if not stripped:
        raise InvalidRequest("question", "the question is empty; ask something")
    if len(stripped) > MAX_QUESTION_CHARS:
        raise InvalidRequest("question", f"the question has {len(stripped)} characters; ask in at most {MAX_QUESTION_CHARS}")
    return stripped


def understand(text: str, embedder: Embedder) -> Question:
    """Embed a checked question, once."""
    embedded = embedder.embed_question(text, with_tokens=True)
    return Question(text=text, language=detect_language(text), vector=embedded.pooled[0], tokens=embedded.tokens[0].vectors)
