"""Splits an article into passages: whole sentences of one section, up to a token limit, preferably ending with a paragraph."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, takewhile

from coopbot.domain import Article, Passage, Span
from coopbot.text.sentences import split_sentences

MAX_TOKENS = 220

# Longer sentences are cut: the model reads 512 tokens, including prompt and title.
_MAX_SENTENCE_TOKENS = 400
# And those of so many characters without counting their tokens again and again.
_MAX_SENTENCE_CHARS = 8_000
# A passage filled to this share of MAX_TOKENS ends with its paragraph rather than take part of the next.
_FULL_ENOUGH = 0.5

_SEPARATOR = re.compile(r"[\s,;:，；：、]")

CountTokens = Callable[[str], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sentence:
    span: Span
    tokens: int
    opens_paragraph: bool
    heading_path: tuple[str, ...]


def chunk(article: Article, count_tokens: CountTokens, *, max_tokens: int = MAX_TOKENS) -> list[Passage]:
    """The passages of an article in order. Every sentence is in exactly one; headings appear only in `heading_path`."""
    sentences: list[_Sentence] = []
    headings: list[tuple[int, str]] = []
    previous_end = 0
    for span in split_sentences(article.text):
        quote = article.text[span.start_char : span.end_char]
        opens = "\n\n" in article.text[previous_end : span.start_char] or previous_end == 0
        previous_end = span.end_char
        if quote.startswith("#"):
            level = len(quote) - len(quote.lstrip("#"))
            headings = [(lv, title) for lv, title in headings if lv < level] + [(level, quote.lstrip("# ").strip())]
            continue
        path = tuple(title for _, title in headings)
        for i, piece in enumerate(_pieces(article.text, span, count_tokens)):
            tokens = count_tokens(article.text[piece.start_char : piece.end_char])
            sentences.append(_Sentence(span=piece, tokens=tokens, opens_paragraph=opens and i == 0, heading_path=path))
    return [_passage(article, group) for group in _groups(sentences, max_tokens)]


def _pieces(text: str, span: Span, count_tokens: CountTokens) -> Iterator[Span]:
    """The span, or if it is too long for the model, its parts, split recursively at the separator nearest the middle."""
    quote = text[span.start_char : span.end_char]
    # A token is at least one character, so a short text need not be counted.
    short = len(quote) <= _MAX_SENTENCE_CHARS and count_tokens(quote) <= _MAX_SENTENCE_TOKENS
    if len(quote) <= _MAX_SENTENCE_TOKENS or short:
        yield span
        return
    middle = len(quote) // 2
    ends = [match.end() for match in _SEPARATOR.finditer(quote) if match.end() < len(quote)]
    cut = min(ends, key=lambda end: abs(end - middle), default=middle)
    for start, end in ((0, cut), (cut, len(quote))):
        part = quote[start:end]
        left = start + len(part) - len(part.lstrip())
        right = start + len(part.rstrip())
        if left < right:
            yield from _pieces(text, Span(start_char=span.start_char + left, end_char=span.start_char + right), count_tokens)


def _groups(sentences: list[_Sentence], max_tokens: int) -> Iterator[list[_Sentence]]:
    group: list[_Sentence] = []
    size = 0
    for i, sentence in enumerate(sentences):
        if group:
            closes = sentence.heading_path != group[0].heading_path or size + sentence.tokens > max_tokens
            if not closes and sentence.opens_paragraph and size >= _FULL_ENOUGH * max_tokens:
                rest = takewhile(lambda one: not one.opens_paragraph, islice(sentences, i + 1, None))
                closes = size + sentence.tokens + sum(one.tokens for one in rest) > max_tokens
            if closes:
                yield group
                group, size = [], 0
        group.append(sentence)
        size += sentence.tokens
    if group:
        yield group


def _passage(article: Article, group: list[_Sentence]) -> Passage:
    start, end = group[0].span.start_char, group[-1].span.end_char
    return Passage(
        passage_id=f"{article.article_id}:{start}-{end}",
        article_id=article.article_id,
        start_char=start,
        end_char=end,
        text=article.text[start:end],
        heading_path=group[0].heading_path,
        sentences=tuple(sentence.span for sentence in group),
    )
