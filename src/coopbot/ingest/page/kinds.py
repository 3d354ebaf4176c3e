"""Classifies each block of a page: prose of the article, or a kind of page furniture."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from enum import Enum, auto
from functools import lru_cache

from coopbot.ingest.page import shape
from coopbot.ingest.page.full_dates import find_date
from coopbot.ingest.page.metadata import is_byline, is_date, is_labelled
from coopbot.ingest.page.shape import Script
from coopbot.ingest.page.vocabulary import phrases_in, whole_lines
from coopbot.ingest.tidy import HEADING, ends_sentence
from coopbot.text.characters import to_simplified


class Kind(Enum):
    """The class of a block."""

    PROSE = auto()  # holds a sentence
    ITEM = auto()  # a list item or a row of a table
    HEADING = auto()  # marked as one by the source
    LINE = auto()  # a short line, unclassified: title, subheading, teaser
    BYLINE = auto()  # authors, date, publisher, editor
    FURNITURE = auto()  # buttons, menus, calls to action, credits, legal lines
    RELATED = auto()  # heading of a box of other articles
    BOXED = auto()  # content of such a box
    STOP = auto()  # the article ends before it
    SPAM = auto()  # injected: keyword soup, another script


_LONGEST_NOTICE = 700  # characters
_LONGEST_HEAD = 70
_REPEATS_OF_FURNITURE = 3
_LONGEST_REPEATED = 36  # letters; longer repeated lines are titles of articles

_CONTACT = re.compile(
    r"[\w.+-]+@[\w-]+\.\w+|https?://|www\.|\bt\.me/|(?<![\d-])(?:\+7|8)[\s(-]{1,2}\d{3}[\s)-]{1,2}\d{2,3}|(?<!\d)\d{3,4}-\d{7,8}"
)
_INVITATION = re.compile(
    r"\b(?:you|your|us|our|вы|вас|вам|ваш\w*|нам|нас|наш\w*|присылайте|пишите|звоните)\b|您|你|请|欢迎|我们|本报|本网", re.I
)
_AUTHOR_NOTE = re.compile(r"^\W*(?:本文)?作者(?:系|为|是|单位|简介|现任|均?为|分别)")
_PRICE = re.compile(
    r"\W*(?:(?:from|only|price|sale|от|за|цена|стоимость|价格?|售价|现价|原价)\s?[:：]?\s?)?"
    r"(?:(?:[¥￥$€£₽]|usd|rmb|руб)\s?\d[\d., ]*|\d[\d., ]*\s?(?:руб\.?|р\.|₽|元|€|\$|£|¥|usd|rmb|eur))"
    r"(?:\s?/\s?[^\W\d]{1,8}|起)?\W*",
    re.I,
)
_BREADCRUMB = re.compile(
    r"(?:[您你]?(?:当前|现在|所在)?的?(?:当前)?位置\s?[:：]|当前栏目\s?[:：]|(?:网站)?首页|主页"
    r"|home|main|главная|вы здесь\s?:)"
    r"[^«.!?。！？]{0,60}?(?:>|»|›|→|／|/|\||::)",
    re.I,
)
_PATH = re.compile(r"[^>«»›.!?。！？]{2,24}(?:\s?(?:>+|»|›)\s?[^>«»›.!?。！？]{0,24})+")
# A link's title or a picture's caption, which appears twice: as description and as visible text.
_DOUBLED = re.compile(r"(?:(?P<caption>.{16,200})\s?(?P=caption)$|(?P<link>.{16,120}?[^.!?。！？\s])(?P=link))")
_COMMENT = re.compile(r"@\S{1,20}\s?[:：]")
_AFTER_SENTENCES = re.compile(r".*(?:[.!?…][\"'”’»)]*\s|[。！？][”’」）]*)(.+)$", re.S)
_LONGEST_SIGNATURE = 120  # characters
_SIGNED_TAIL = re.compile(
    r"(?<=[。！？.!?”」)）])\s*(?P<line>[（(【\[]?(?:责任编辑|责编|编辑|编译|校对|审核|监制|来源|记者|作者|供稿|撰文|文字|摄影|图片|редактор|автор|источник|фото"
    r"|editors?|source|by)\s?[:：/／][^。！？!?]{1,120})$",
    re.I,
)
_EDITOR_TAIL = re.compile(
    r"\s*[（(【\[](?:(?:责任编辑|责编|编辑|校对|审核|编审|值班编辑)[^）)】\]]{0,40}|完|纠错|end)[）)】\]]\s*$", re.I
)


def split_tail(block: str) -> list[str]:
    """The block without an "(end)" or spam appended to its last sentence; an editor's line becomes a block of its own."""
    end = _EDITOR_TAIL.search(to_simplified(block))
    text = block[: end.start()] if end else block
    tail = _AFTER_SENTENCES.match(text)
    if tail and shape.weight(tail[1]) >= shape.SURE_PROSE and (shape.is_spam(tail[1]) or shape.is_link_list(tail[1])):
        return [text[: tail.start(1)].rstrip()]
    signed = _SIGNED_TAIL.search(to_simplified(text))
    if signed and len(text) - signed.start("line") <= _LONGEST_SIGNATURE:
        return [text[: signed.start("line")].rstrip(" |｜"), text[signed.start("line") :].strip(" |｜")]
    return [text]


@lru_cache(maxsize=2048)  # most lines of an HTML page's article are classified twice
def kind_of(block: str, script: Script) -> Kind:
    """The kind of a block by itself, whatever its neighbours, on a page whose article is in the given script."""
    text = to_simplified(block.removeprefix(HEADING))
    if whole_lines("stop", "references").fullmatch(text) or _COMMENT.match(text):
        return Kind.STOP
    if shape.is_spam(text):
        return Kind.SPAM
    if phrases_in(text, "rights"):
        return Kind.STOP
    if len(text) <= _LONGEST_HEAD and whole_lines("related").fullmatch(text):
        return Kind.RELATED
    if _AUTHOR_NOTE.match(text):
        return Kind.PROSE
    if is_date(text) or (find_date(text) and is_labelled(text) and is_byline(text)):
        return Kind.BYLINE
    if _is_furniture(text) or _DOUBLED.match(text) or _PRICE.fullmatch(text):
        return Kind.FURNITURE
    if is_byline(text):
        return Kind.BYLINE
    if shape.weight(text) and shape.is_foreign(text, script):
        return Kind.SPAM
    if block.startswith(HEADING):
        return Kind.HEADING
    if shape.is_table_row(text):
        return Kind.ITEM
    if shape.is_link_list(text):
        return Kind.ITEM if shape.is_list_item(text) else Kind.FURNITURE
    if shape.is_soup(text):
        return Kind.SPAM
    if shape.is_prose(text):
        return Kind.PROSE
    if shape.is_list_item(text):
        return Kind.ITEM
    return Kind.LINE if shape.weight(text) > 1 else Kind.FURNITURE


def kinds_of(blocks: Sequence[str], script: Script) -> list[Kind]:
    """The kind of each block of a page whose article is in the given script."""
    kinds = [kind_of(block, script) for block in blocks]
    repeats = Counter(blocks)
    for index, block in enumerate(blocks):
        kind = kinds[index]
        is_short = shape.weight(block) < _LONGEST_REPEATED
        if is_short and kind in (Kind.LINE, Kind.HEADING) and repeats[block] >= _REPEATS_OF_FURNITURE:
            kind = Kind.FURNITURE
        before = kinds[index - 1] if index else Kind.STOP
        after = kinds[index + 1] if index + 1 < len(kinds) else Kind.STOP
        between_paragraphs = before is after is Kind.PROSE
        heads_table = kind in (Kind.FURNITURE, Kind.LINE) and after is Kind.ITEM and not ends_sentence(block)
        if heads_table and 0 < shape.separators(block) == shape.separators(blocks[index + 1]):
            kind = Kind.ITEM
        elif kind is Kind.FURNITURE and before is Kind.ITEM and shape.is_table_row(block):
            kind = Kind.ITEM  # "Jobs: 64" in a table is not a link to vacancies
        elif kind is Kind.FURNITURE and between_paragraphs and whole_lines("sections").fullmatch(block):
            kind = Kind.LINE  # a subheading of one word
        elif kind is Kind.SPAM and between_paragraphs and shape.is_prose(block) and not shape.is_spam(block):
            kind = Kind.PROSE  # a quotation in another script
        kinds[index] = kind
    return kinds


def _is_furniture(text: str) -> bool:
    if whole_lines("buttons", "sections").fullmatch(text):
        return True
    if not ends_sentence(text) and (_BREADCRUMB.match(text) or _PATH.fullmatch(text)):
        return True
    if len(text) > _LONGEST_NOTICE:
        return False
    is_contact = bool(_CONTACT.search(text)) and (shape.weight(text) < 60 or bool(_INVITATION.search(text)))
    if is_contact or shape.is_credit_in_capitals(text):
        return True
    return bool(phrases_in(text, "legal", "calls", "credits", "teasers"))
