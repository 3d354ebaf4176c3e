"""Cleans page scrapes: finds the article in the text of a page by script, shape, position and density."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest
from typing import Literal
from urllib.parse import urlsplit

from coopbot.errors import Unreadable
from coopbot.ingest.addresses import is_media_file, is_web_address
from coopbot.ingest.draft import Draft
from coopbot.ingest.page import shape
from coopbot.ingest.page.bounds import end_of_article, without_boxes
from coopbot.ingest.page.kinds import Kind, kinds_of, split_tail
from coopbot.ingest.page.metadata import is_labelled, names_weekday, read_byline, reporters_in
from coopbot.ingest.page.names import is_signature, page_publisher, person_names
from coopbot.ingest.page.title import article_stems, find_title, split_site, word_overlap
from coopbot.ingest.tidy import HEADING, line_groups, opening, repair, shortened
from coopbot.text.characters import to_simplified

LONGEST_TEXT = 600_000
"""Characters of a page, or of any article: about a long novel, which takes two seconds to clean."""

_LONGEST_SUBHEADING = 100  # letters
_LONGEST_AFTER_BOX = 40  # letters: after a box, a longer line may be one more of its titles
_PASSED_OVER = (Kind.FURNITURE, Kind.BOXED, Kind.RELATED, Kind.SPAM, Kind.BYLINE)
_MOST_LOOSE_LINES = 2  # in a row within an article; more than that is a box of links
_BULLETS = ("-", "–", "—", "•", "·", "*", "▪", "■", "◆", "★")
_MIN_OVERLAP_OF_FEW = 0.34  # as _MIN_OVERLAP, for list items and for runs of up to _MOST_LOOSE_LINES
_MIN_OVERLAP = 0.5  # minimum share of a line's words that the article uses too, for the line to be part of it
_SHORTEST_STANDFIRST = 40  # letters
_MIN_OVERLAP_OF_STANDFIRST = 0.3  # lower, as its position is already evidence
_SHORTEST_PULL_QUOTE = 40  # letters
_BESIDE_TITLE = 3  # blocks before a title where an unlabelled date is the article's own
_SIGNATURE_BLOCKS = 3  # a name this close to the end is a signature: it and what follows it are not text
_LONGEST_TITLE = 260  # characters
_TOP_BLOCKS = 20  # where a site shows its name
_MARK = re.compile(
    r"(?<=\S)\s?\[(?:\d{1,3}|[a-zа-я]|(?:прим\.|注|note) ?\d+|来源请求|citation needed"
    r"|edit|править(?: \| ?править [\w-]+)?|编辑)\](?::\d+)?",
    re.I,
)
_FEWEST_MARKS = 2  # different ones
_ADDRESS = re.compile(
    r"(?:url|link|permalink|source|ссылка|адрес|источник|(?:本文|原文)?(?:网址|链接|地址|出处))\s?[:：]\s?(https?://\S+)", re.I
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    blocks: list[str]
    kinds: list[Kind]
    title: int | None  # index of the title's block
    first: int  # index of the article's first prose block
    end: int  # index after the article's last block


def check_length(chars: int, source: str) -> None:
    """Raises Unreadable for more text than any article has."""
    if chars > LONGEST_TEXT:
        raise Unreadable(
            source,
            f"too long ({chars:,} characters of text; the limit is {LONGEST_TEXT:,}); give the article alone, or its parts",
        )


def clean_page(text: str, source: str) -> Draft:
    """The article in a page scrape. Raises Unreadable when no text is left, or the page is too long."""
    check_length(len(text), source)
    return clean_blocks(line_groups(repair(text)), source)


def clean_blocks(groups: Sequence[Sequence[str]], source: str, *, title: str = "") -> Draft:
    """The article among the blocks of a page, one line per block, grouped as on the page.

    Blocks that start with "## " are headings; `title` is the title if known. Raises Unreadable when there is no article.
    """
    lines = [(line, number) for number, group in enumerate(groups) for block in group for line in split_tail(block)]
    # Encyclopaedias have numbered references in brackets.
    marked = len({mark for line, _ in lines for mark in _MARK.findall(line)}) >= _FEWEST_MARKS
    numbered = [(kept, number) for line, number in lines if (kept := _MARK.sub("", line).strip() if marked else line)]
    blocks = [block for block, _ in numbered]
    kinds = without_boxes(blocks, kinds_of(blocks, shape.main_script(blocks)), [number for _, number in numbered])
    known = (index for index, block in enumerate(blocks) if block.removeprefix(HEADING) == title)
    titled = next(known, None) if title else find_title(blocks, kinds)
    start = 0 if titled is None else titled + 1
    end = end_of_article(blocks, kinds, start)
    end = next((index for index in range(max(start + 1, end - _SIGNATURE_BLOCKS), end) if is_signature(blocks[index])), end)
    first = next((index for index in range(start, end) if kinds[index] is Kind.PROSE), end)
    page = _Page(blocks=blocks, kinds=kinds, title=titled, first=first, end=end)
    body = _body(page)
    if all(block.startswith(HEADING) for block in body):
        raise Unreadable(source, "no article text is left after removing menus, notices and spam; give the article alone")
    return _draft(page, body)


def _body(page: _Page) -> list[str]:
    """The blocks to keep, in order: prose, lists, tables, subheadings."""
    vocabulary = article_stems(page.blocks, page.kinds)
    start = 0 if page.title is None else page.title + 1
    # Lines between title and prose that summarise the article.
    body = [
        line
        for line, kind in zip(page.blocks[start : page.first], page.kinds[start : page.first], strict=True)
        if kind is Kind.LINE
        and shape.weight(line) >= _SHORTEST_STANDFIRST
        and word_overlap(line, vocabulary) >= _MIN_OVERLAP_OF_STANDFIRST
    ]
    for part, indexes in groupby(range(page.first, page.end), lambda index: _part(page, index)):
        run = list(indexes)
        start, blocks = run[0], [page.blocks[index] for index in run]
        match part:
            case "text":
                body += blocks
            case "lines":
                body += _kept_lines(page, start, len(run), vocabulary)
            case "items":
                # A sentence or heading introduces them, or they share words with the article; others are links.
                introduced = page.kinds[start - 1] in (Kind.HEADING, Kind.LINE)
                introduced = introduced or page.blocks[start - 1].endswith((":", "：", ";", "；"))
                listed = any(item.endswith((";", "；", ",", "，")) for item in blocks)
                overlap = sum(word_overlap(item, vocabulary) for item in blocks) / len(run)
                body += blocks if introduced or listed or overlap >= _MIN_OVERLAP_OF_FEW else []
    title = page.blocks[page.title] if page.title is not None else ""
    # A repeated paragraph is a pull quote; short lines may repeat.
    firsts = {block: index for index, block in reversed(list(enumerate(body)))}
    unique = [
        block
        for index, block in enumerate(body)
        if (shape.weight(block) < _SHORTEST_PULL_QUOTE or firsts[block] == index)
        and block.removeprefix(HEADING) != title.removeprefix(HEADING)
    ]
    return [
        block
        for block, following in zip_longest(unique, unique[1:], fillvalue=HEADING)
        if not (block.startswith(HEADING) and following.startswith(HEADING))
    ]


def _part(page: _Page, index: int) -> Literal["text", "lines", "items", "none"]:
    """What a block is of the article: lines are unclassified, items those of a list without a full stop."""
    kind, block = page.kinds[index], page.blocks[index]
    if kind is Kind.LINE or (kind is Kind.BYLINE and not is_labelled(block)):
        return "lines"
    if kind is Kind.ITEM and block.startswith(_BULLETS) and not shape.sentence_count(block):
        return "items"
    return "text" if kind in (Kind.PROSE, Kind.ITEM, Kind.HEADING) else "none"


def _kept_lines(page: _Page, start: int, run: int, vocabulary: set[str]) -> list[str]:
    """What to keep of a run of loose lines: a subheading, a list after a colon, lines that share words with the article."""
    lines = [line for line in page.blocks[start : start + run] if not is_signature(line)]
    if run == 1 and lines:  # alone between paragraphs it may be a subheading
        line = lines[0]
        before = next((other for other in range(start - 1, -1, -1) if page.kinds[other] not in _PASSED_OVER), 0)
        follows = page.kinds[before] in (Kind.PROSE, Kind.ITEM)
        leads = start + 1 < page.end and page.kinds[start + 1] in (Kind.PROSE, Kind.ITEM)
        opens = line[0].isupper() or line[0].isdigit() or (not line[0].isascii() and not line[0].islower())
        asks = line.endswith(("?", "？")) and shape.sentence_count(line) == 1
        complete = not line.endswith((",", "，", ":", "：", ";", "；", "、")) and (asks or not shape.sentence_count(line))
        longest = _LONGEST_SUBHEADING if before == start - 1 else _LONGEST_AFTER_BOX
        if follows and leads and opens and complete and shape.weight(line) <= longest:
            return [HEADING + line]
    introduced = page.kinds[start - 1] is Kind.PROSE and page.blocks[start - 1].endswith((":", "："))
    overlap = sum(word_overlap(line, vocabulary) for line in lines) / run
    enough = _MIN_OVERLAP if run > _MOST_LOOSE_LINES else _MIN_OVERLAP_OF_FEW
    is_dialogue = run <= _MOST_LOOSE_LINES and all(line.startswith(("—", "–")) for line in lines)  # a short answer
    return lines if introduced or is_dialogue or overlap >= enough else []


def _draft(page: _Page, body: list[str]) -> Draft:
    """The article with the metadata that its page gives."""
    byline = read_byline(_byline_lines(page))
    title = site = ""
    if page.title is not None:
        title, site = split_site(page.blocks[page.title], page.blocks)
        longer = (block for block in page.blocks if block.startswith(title) and block != title)
        site = site or next((name for block in longer if (name := split_site(block, [title])[1])), "")
    # The address that the page gives as its own.
    named = (found[1] for block in page.blocks if (found := _ADDRESS.fullmatch(to_simplified(block))))
    url = next((url for url in named if is_web_address(url) and not is_media_file(url)), "")
    text = "\n\n".join(body)
    first = next(block for block in body if not block.startswith(HEADING))
    outside = [block for block, kind in zip(page.blocks, page.kinds, strict=True) if kind not in (Kind.PROSE, Kind.HEADING)]
    # The short lines between title and text, then those at the top of the page.
    around = () if page.title is None else (*range(page.title + 1, page.first), *range(min(page.title, _TOP_BLOCKS)))
    top = [page.blocks[index] for index in around if page.kinds[index] is Kind.LINE]
    publisher = byline.publisher or page_publisher(page.blocks, outside, dateline=first, tail=site, top=top)
    # Names alone on a line between title and text beside the date, or below the article.
    beside_date = [
        page.blocks[index]
        for index in range(page.title or 0, page.first)
        if page.kinds[index] is Kind.LINE and Kind.BYLINE in page.kinds[max(0, index - 1) : index + 2]
    ]
    signed = filter(is_signature, [*beside_date, *page.blocks[page.end : page.end + _SIGNATURE_BLOCKS]])
    authors = byline.authors or reporters_in(body[0]) or reporters_in(body[-1])
    return Draft(
        title=shortened(title, _LONGEST_TITLE) or opening(first),
        text=text,
        authors=authors or next((person_names(line, sure=True) for line in signed), ()),
        publisher=publisher or (urlsplit(url).hostname or ""),
        published=byline.published,
        url=url,
    )


def _byline_lines(page: _Page) -> list[str]:
    """Lines that may hold author, publisher and date: those below the title first, then around it, then labelled ones."""
    title = page.title if page.title is not None else page.first
    lines = {index: page.blocks[index] for index, kind in enumerate(page.kinds) if kind is Kind.BYLINE}
    under = [line for index, line in lines.items() if title < index <= page.first + 1]
    # A weekday above the title, unless directly above it, is the day the page was viewed.
    over = [
        line
        for index, line in lines.items()
        if title - _BESIDE_TITLE <= index < title and (index == title - 1 or not names_weekday(line))
    ]
    rest = [
        line
        for index, line in lines.items()
        if is_labelled(line) and line not in under + over and not (index < title and names_weekday(line))
    ]
    far = [line for index, line in lines.items() if index < title - _BESIDE_TITLE and not names_weekday(line)]
    return [*under, *reversed(over), *rest, *reversed(far)]
