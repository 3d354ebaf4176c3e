"""Where the article starts and ends on its page, and which blocks are boxes of links to other articles."""

from __future__ import annotations

from collections.abc import Sequence

from coopbot.ingest.page import shape
from coopbot.ingest.page.kinds import Kind

_ENOUGH_PROSE = 150  # letters of prose that must precede a comment heading or copyright line for it to end the article

# Score of each block in the running balance of prose against furniture; prose scores its weight, up to a paragraph's worth.
_PARAGRAPH_WORTH = 300
_WORTH = {
    Kind.ITEM: 10,
    Kind.HEADING: 0,
    Kind.LINE: -25,
    Kind.BYLINE: -20,
    Kind.FURNITURE: -20,
    Kind.RELATED: -15,
    Kind.BOXED: -2,
    Kind.SPAM: -60,
}
# The most that a box between two parts of an article may cost, however long it is, while a good part is still to come.
_WIDEST_GAP = -120
_GOOD_PART = 0.25


def without_boxes(blocks: Sequence[str], kinds: Sequence[Kind], groups: Sequence[int]) -> list[Kind]:
    """The kinds, with BOXED for the contents of boxes and for everything after the article's end mark.

    `groups` numbers the group that each block stands in on the page.
    """
    stop = _stop(blocks, kinds)
    article = kinds[:stop]
    result = [Kind.FURNITURE if kind is Kind.STOP else kind for kind in article] + [Kind.STOP] * (len(kinds) - stop)
    strong = [index for index, kind in enumerate(article) if kind is Kind.PROSE and shape.is_strong(blocks[index])]
    first, last = (strong[0], strong[-1]) if strong else (0, -1)
    # For each block the kind of the next one that is not furniture.
    following = [Kind.STOP] * len(kinds)
    for index in range(len(kinds) - 2, -1, -1):
        following[index] = following[index + 1] if kinds[index + 1] is Kind.FURNITURE else kinds[index + 1]
    for head in (index for index in range(first, stop) if kinds[index] is Kind.RELATED):
        end = _end_of_box(head, article, following, groups, last)
        result[head + 1 : end] = [Kind.BOXED] * (end - head - 1)
    return result


def _end_of_box(head: int, kinds: Sequence[Kind], following: Sequence[Kind], groups: Sequence[int], last: int) -> int:
    """The index after the box's last block. `last` is the article's last long paragraph."""
    summaries = False  # whether the box has shown one
    for index in range(head + 1, len(kinds)):
        if kinds[index] is Kind.RELATED:
            return index
        if kinds[index] is Kind.PROSE:
            # After the last long paragraph, a sentence between two titles is the summary of one of them.
            summaries = index > last and kinds[index - 1] is Kind.LINE and (summaries or following[index] is Kind.LINE)
            if not summaries:
                return index
        elif (
            index <= last
            and following[index] is Kind.PROSE
            and groups[head] == groups[head + 1]
            and groups[index - 1] != groups[index]
        ):
            return index  # a subheading, not the box's last title: the box lies in a single group and this in another
    return len(kinds)


def start_of_article(blocks: Sequence[str], kinds: Sequence[Kind]) -> int | None:
    """The index of the first prose block in the stretch of the page with the best balance of prose against furniture."""
    balance, start = 0, None
    best: tuple[int, int] | None = None
    for index, kind in enumerate(kinds):
        prose = min(shape.weight(blocks[index]), _PARAGRAPH_WORTH) if kind is Kind.PROSE else _WORTH.get(kind, 0)
        if balance <= 0 or start is None:
            balance, start = 0, (index if kind is Kind.PROSE else None)
        if start is not None:
            balance += prose
            if best is None or balance > best[0]:
                best = (balance, start)
    return best[1] if best else None


def end_of_article(blocks: Sequence[str], kinds: Sequence[Kind], start: int) -> int:
    """The index after the article's last block: where the running balance of prose against furniture peaks."""
    prose = [shape.weight(block) if kind is Kind.PROSE else 0 for block, kind in zip(blocks, kinds, strict=True)]
    total = remaining = sum(prose[start:])
    balance = gap = best = 0
    end = start
    for index in range(start, len(blocks)):
        kind = kinds[index]
        if kind is Kind.STOP:
            break
        if kind not in (Kind.PROSE, Kind.ITEM):
            gap += _WORTH[kind]
            continue
        balance += max(gap, _WIDEST_GAP) if remaining >= _GOOD_PART * total else gap
        balance += min(prose[index], _PARAGRAPH_WORTH) if kind is Kind.PROSE else _WORTH[kind]
        gap = 0
        remaining -= prose[index]
        if balance >= best:
            best, end = balance, index + 1
    return end


def _stop(blocks: Sequence[str], kinds: Sequence[Kind]) -> int:
    """The index of the first end mark with enough prose before it."""
    prose = 0
    for index, (block, kind) in enumerate(zip(blocks, kinds, strict=True)):
        if kind is Kind.PROSE:
            prose += shape.weight(block)
        elif kind is Kind.STOP and prose >= _ENOUGH_PROSE:
            return index
    return len(blocks)
