"""Who wrote an article: the one thing asked of an article that its sentences seldom say in so many words.

An article's own metadata name its authors; a sentence of it that names them is the answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from coopbot.domain import Article, Passage, Span

_ASKED = re.compile(
    r"\bwho (?:wrote|has written|authored)\b|\bauthors?\b|\bwritten by\b|\bbyline\b"
    r"|\bкто (?:на)?писал|\bавтор(?:ы|ом|ами|а|ов)?\b|\bкем написан"
    r"|作者|谁写|誰寫|撰稿|执笔",
    re.IGNORECASE,
)


def asks_author(question: str) -> bool:
    """Whether a question asks who wrote something."""
    return bool(_ASKED.search(question))


def naming_authors(article: Article, passage: Passage) -> Span | None:
    """The sentences of a passage, from the first to the last in a row, that name the article's authors; None if none does."""
    naming = [_names_any(article.text[span.start_char : span.end_char], article.authors) for span in passage.sentences]
    if True not in naming:
        return None
    first = naming.index(True)
    last = first
    while last + 1 < len(naming) and naming[last + 1]:
        last += 1
    return Span(start_char=passage.sentences[first].start_char, end_char=passage.sentences[last].end_char)


def _names_any(sentence: str, authors: Sequence[str]) -> bool:
    return any(author.lower() in sentence.lower() for author in authors if author)
