"""Which line of a page is the article's title."""

from __future__ import annotations

import re
from collections.abc import Sequence

from coopbot.ingest import shape
from coopbot.ingest.kinds import HEADING, Kind
from coopbot.ingest.names import is_organisation, person_names
from coopbot.ingest.tidy import HAN
from coopbot.ingest.vocabulary import word_set

_SHORTEST = 8  # letters; a Han character counts three
_LONGEST = 260
_LONGEST_SENTENCE_TITLE = 120
_COMFORTABLE = 25
_TELLING_STEMS = 4  # with fewer content words, shared ones may be chance
_PROSE_PER_POINT = 40  # letters of prose before a line that speak as much against it as one point for it
_LATEST = 0.15  # share of the prose that may stand before a title: a banner, not a paragraph
_FAR = 50  # blocks before the prose; a title is much nearer
_NEAR = 3  # blocks between a title and its byline
_SITE_SEPARATOR = re.compile(r"\s*[|｜_]\s*|\s+[-–—]\s+")
_HAN_PAIR = re.compile(f"(?=([{HAN}]{{2}}))")
_ALPHABETIC = re.compile(r"[^\W\d_]{4,}")
_STEM = 5  # letters: what inflected forms of a word share


def stems(text: str) -> set[str]:
    """The text's content words by their first letters; Han text by its pairs of characters."""
    words = {word.lower() for word in _ALPHABETIC.findall(re.sub(f"[{HAN}]", " ", text))}
    return {word[:_STEM] for word in words - word_set("function_words")} | set(_HAN_PAIR.findall(text))


def kinship(text: str, vocabulary: set[str]) -> float:
    """The share of a line's content words that the vocabulary has, 0..1."""
    found = stems(text)
    return len(found & vocabulary) / len(found) if found else 0.0


def article_stems(blocks: Sequence[str], kinds: Sequence[Kind]) -> set[str]:
    """The vocabulary of all prose on the page."""
    return stems(" ".join(block for block, kind in zip(blocks, kinds, strict=True) if kind is Kind.PROSE))


def find_title(blocks: Sequence[str], kinds: Sequence[Kind]) -> int | None:
    """The index of the title: a short line before the prose that shares its words with it and stands by the byline."""
    vocabulary = article_stems(blocks, kinds)
    total = sum(shape.weight(block) for block, kind in zip(blocks, kinds, strict=True) if kind is Kind.PROSE)
    best: tuple[float, int] | None = None
    prose_before = 0
    for index, (block, kind) in enumerate(zip(blocks, kinds, strict=True)):
        if prose_before > _LATEST * total:
            break
        if _can_be_title(block, kind, prose_before):
            score = _score(index, blocks, kinds, vocabulary) - prose_before / _PROSE_PER_POINT
            if best is None or score >= best[0]:
                best = (score, index)
        if kind is Kind.PROSE:
            prose_before += shape.weight(block)
    return best[1] if best else None


def split_site(title: str, others: Sequence[str]) -> tuple[str, str]:
    """The title without a site's name behind it, and that name: told by a bar, or by another line having the title alone."""
    text = title.removeprefix(HEADING)
    separators = list(_SITE_SEPARATOR.finditer(text))
    for separator in separators:
        head, tail = text[: separator.start()], text[separator.end() :]
        if head in others:
            return head, tail
    if separators and separators[-1][0].strip() in "|｜_" and shape.weight(text[: separators[-1].start()]) >= _COMFORTABLE:
        return text[: separators[0].start()] if len(separators) > 1 else text[: separators[-1].start()], text[
            separators[-1].end() :
        ]
    return text, ""


def _can_be_title(block: str, kind: Kind, prose_before: int) -> bool:
    if not _SHORTEST <= shape.weight(block) <= _LONGEST:
        return False
    if kind is Kind.PROSE:
        return prose_before == 0 and not block.endswith((".", "。")) and shape.weight(block) <= _LONGEST_SENTENCE_TITLE
    return kind in (Kind.LINE, Kind.HEADING, Kind.ITEM)


def _score(index: int, blocks: Sequence[str], kinds: Sequence[Kind], vocabulary: set[str]) -> float:
    block, kind = blocks[index], kinds[index]
    own = stems(block)
    score = 3 * kinship(block, vocabulary - (own if kind is Kind.PROSE else set())) * min(1.0, len(own) / _TELLING_STEMS)
    score -= 2.0 * (bool(person_names(block, sure=True)) or (len(own) < _TELLING_STEMS and is_organisation(block)))
    score += 0.5 * (shape.weight(block) >= _COMFORTABLE)
    score += 1.0 * (kind is Kind.HEADING) - 2.0 * (kind is Kind.PROSE)
    near = range(max(0, index - _NEAR), min(len(blocks), index + _NEAR + 1))
    score += 1.0 * any(kinds[other] is Kind.BYLINE for other in near)
    following = kinds[index + 1 : index + 1 + _FAR]
    gap = following.index(Kind.PROSE) + 1 if Kind.PROSE in following else _FAR
    return score - 0.1 * gap
