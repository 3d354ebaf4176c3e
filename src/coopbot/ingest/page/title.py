"""Finds the line of a page that is the article's title."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, islice

from coopbot.ingest.page import shape
from coopbot.ingest.page.bounds import start_of_article
from coopbot.ingest.page.kinds import Kind
from coopbot.ingest.page.names import is_organisation, person_names
from coopbot.ingest.page.vocabulary import word_set
from coopbot.ingest.tidy import HEADING
from coopbot.text.characters import HAN

FILE_NAME = re.compile(r"\.(?:docx?|pdf|indd|qxd|pptx?|txt|rtf)$|^(?:microsoft word|untitled|без имени|无标题)|^\S*$", re.I)
"""What programs put where a document's title belongs."""
_SHORTEST = 8  # letters; a Han character counts three
_LONGEST = 260
_LONGEST_SENTENCE_TITLE = 120
_COMFORTABLE = 25
_MIN_STEMS = 4  # with fewer content words, overlap may be chance
_FAR = 60  # blocks before the article; a title is much nearer
_BANNER = 0.1  # share of the prose that may stand before a title
_PER_BLOCK = 0.1  # penalty for each block between a line and the article
_PROSE_PER_POINT = 60  # letters of prose before a line that cost it one point
_LEAD = 80  # characters at the start of the first paragraph, where an encyclopaedia repeats the title
_SURE_TITLE = 2.0
_SUBTITLE_LEAD = 1.5  # how much a subtitle may outscore its title
_NEAR = 3  # blocks between a title and its byline
_SITE_SEPARATOR = re.compile(r"\s*[|｜_]\s*|\s+[-–—]\s+")
_HAN_PAIR = re.compile(f"(?=([{HAN}]{{2}}))")
_ALPHABETIC = re.compile(r"[^\W\d_]{4,}")
_STEM = 5  # letters that inflected forms of a word share


def stems(text: str) -> set[str]:
    """The first letters of the text's content words; for Han text, its character pairs."""
    words = {word.lower() for word in _ALPHABETIC.findall(re.sub(f"[{HAN}]", " ", text))}
    return {word[:_STEM] for word in words - word_set("function_words")} | set(_HAN_PAIR.findall(text))


def word_overlap(text: str, vocabulary: set[str]) -> float:
    """The share of a line's content words that are in the vocabulary, 0..1."""
    found = stems(text)
    return len(found & vocabulary) / len(found) if found else 0.0


def article_stems(blocks: Sequence[str], kinds: Sequence[Kind]) -> set[str]:
    """The vocabulary of all prose on the page."""
    return stems(" ".join(block for block, kind in zip(blocks, kinds, strict=True) if kind is Kind.PROSE))


def find_title(blocks: Sequence[str], kinds: Sequence[Kind]) -> int | None:
    """The index of the title: a short line before the article that shares words with it, precedes the byline and recurs."""
    start = start_of_article(blocks, kinds)
    if start is None:
        return None
    # At most a banner's worth of prose precedes the title.
    prose = [shape.weight(block) if kind is Kind.PROSE else 0 for block, kind in zip(blocks, kinds, strict=True)]
    left = _BANNER * sum(prose[start:])
    end = start
    while end < len(blocks) and prose[end] <= left:
        left -= prose[end]
        end += 1
    end = min(end + 1, len(blocks))
    near = [index for index in range(max(0, start - _FAR), end) if _can_be_title(blocks[index], kinds[index])]
    page = _Around(blocks=blocks, kinds=kinds, start=start)
    scores = {index: _score(index, page) for index in near}
    best = max(near, key=lambda index: (scores[index], index), default=None)
    if best is None:
        return None
    # The line above, if the best one is only its subtitle or a caption below the byline.
    below = [kinds[index] for index in page.seen(best, 1)]
    for above in page.seen(best, -1):
        if kinds[above] is Kind.BYLINE and Kind.BYLINE not in below:
            continue
        if above not in scores:
            return best
        block = blocks[above]
        says_enough = shape.weight(block) >= _COMFORTABLE and len(stems(block)) >= _MIN_STEMS
        if says_enough and block != blocks[best] and scores[above] >= max(_SURE_TITLE, scores[best] - _SUBTITLE_LEAD):
            return above
    return best


class _Around:
    """A page and what scoring its title candidates needs."""

    def __init__(self, *, blocks: Sequence[str], kinds: Sequence[Kind], start: int) -> None:
        self.blocks, self.kinds, self.start = blocks, kinds, start
        body = [index for index in range(start, len(blocks)) if kinds[index] is Kind.PROSE]
        self.vocabulary = Counter(stem for index in body for stem in stems(blocks[index]))
        letters = [0] * len(blocks)
        for index in body:
            letters[index] = shape.weight(blocks[index])
        self.prose_before = [0, *accumulate(letters)]  # letters of the article's prose before each block
        self._short = "".join(f"{block}\n" for block in blocks if len(block) <= _LONGEST)

    def word_overlap(self, index: int) -> float:
        """The share of a block's content words that occur in other prose; lower if the block has few."""
        own = stems(self.blocks[index])
        among = int(index >= self.start and self.kinds[index] is Kind.PROSE)
        shared = sum(self.vocabulary[stem] > among for stem in own)
        return shared / max(len(own), _MIN_STEMS)

    def is_repeated(self, block: str) -> bool:
        """Whether the line occurs again on the page, alone or with a site's name or a path around it."""
        if shape.weight(block) < _COMFORTABLE or (first := self._short.find(block)) < 0:
            return False
        return self._short.find(block, self._short.find("\n", first)) > 0

    def seen(self, start: int, step: int) -> list[int]:
        """Indexes of the next few blocks up or down the page that are not furniture."""
        indexes = range(start + step, len(self.blocks) if step > 0 else -1, step)
        return list(islice((index for index in indexes if self.kinds[index] is not Kind.FURNITURE), _NEAR))


def split_site(title: str, others: Sequence[str]) -> tuple[str, str]:
    """The title and the site's name after it, split at a bar, or where another line has the title alone."""
    text = title.removeprefix(HEADING)
    separators = list(_SITE_SEPARATOR.finditer(text))
    for separator in separators:
        head, tail = text[: separator.start()], text[separator.end() :]
        if head in others:
            return head, tail
    if separators and separators[-1][0].strip() in "|｜_" and shape.weight(text[: separators[-1].start()]) >= _COMFORTABLE:
        return text[: separators[0].start()], text[separators[-1].end() :]
    return text, ""


def _can_be_title(block: str, kind: Kind) -> bool:
    size = shape.weight(block)
    if not _SHORTEST <= size <= _LONGEST or block.endswith(("。", ",", "，", ":", "：")):
        return False
    if kind is Kind.PROSE:  # a headline with "?" or "!"
        return size <= _LONGEST_SENTENCE_TITLE and not block.endswith(".")
    return kind in (Kind.LINE, Kind.HEADING, Kind.ITEM, Kind.BOXED)


def _score(index: int, page: _Around) -> float:
    block, kind = page.blocks[index], page.kinds[index]
    score = 3 * page.word_overlap(index)
    score -= 2.0 * (bool(person_names(block, sure=True)) or (len(stems(block)) < _MIN_STEMS and is_organisation(block)))
    score += 0.5 * (shape.weight(block) >= _COMFORTABLE)
    score += 1.0 * (kind is Kind.HEADING) - 0.5 * (kind is Kind.PROSE) - 0.5 * (kind is Kind.ITEM)
    score += 1.0 * any(page.kinds[other] is Kind.BYLINE for other in page.seen(index, 1))
    score += 0.4 * any(page.kinds[other] is Kind.BYLINE for other in page.seen(index, -1))
    score += 1.2 * page.is_repeated(block)
    score += 1.0 * (block in page.blocks[page.start][:_LEAD] and block != page.blocks[page.start])
    score -= page.prose_before[index] / _PROSE_PER_POINT
    return score - _PER_BLOCK * sum(page.kinds[other] is not Kind.FURNITURE for other in range(index + 1, page.start))
