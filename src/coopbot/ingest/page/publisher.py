"""The publisher that a page names in a dateline, a copyright line or its masthead. Never guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from coopbot.ingest.page.names import is_organisation, publisher_name
from coopbot.ingest.page.shape import is_credit_in_capitals
from coopbot.ingest.page.vocabulary import phrases
from coopbot.ingest.tidy import HAN
from coopbot.text.simplified import to_simplified

_YEARS = r"(?:19|20)\d\d(?:\s?[-–—]\s?(?:(?:19|20)\d\d)?)?"
_OWNERS = (
    re.compile(
        rf"(?:©|\(c\)|copyright)(?:\s?(?:©|\(c\)))?[\s,:~]*(?:{_YEARS})?(?: ?гг?\.)?[\s.,-]*(?:by )?"
        r"([^.,;|©。，]{2,60}?)\s*(?:[.,;|©。，]|$|all rights|все права|版权)",
        re.I,
    ),
    re.compile(r"([^\d.,;|©\s，。]{2,30})\s?版权所有"),
    re.compile(
        rf"版权(?:所有|归|属于)[\s:：©]*(?:copyright)?[\s©]*(?:{_YEARS})?\s*([^\d.,;|©，。]{{2,30}}?)(?:所有|[\s，。]|$)", re.I
    ),
)
_LONGEST_NOTICE = 300  # characters
_VERY_TOP = 4  # blocks
_NO_OWNER = re.compile(r"all rights|reserved|copyright|все права|защищены|版权|未经|不得|转载|\brights\b|\bsubsidiary\b", re.I)

_DAY_EN = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? \d{1,2}"
_DAY_RU = r"\d{1,2} (?:янв|фев|мар|апр|ма[йя]|июн|июл|авг|сен|окт|ноя|дек)[а-я]*\.?(?: \d{4}(?: г\.| года)?)?"
# "HARBIN, May 5 (Wire) --", "МОСКВА, 5 мая. /Агентство/.", "ТОМСК, 30 дек – Агентство.", "某社北京5月4日电".
_DATELINES = (
    re.compile(
        rf"[A-Z][A-Z .,'-]{{2,40}}(?:[A-Z][a-z]+ )?(?:,? {_DAY_EN}(?:, \d{{4}})?)?[.,]? ?"
        r"[(/](?P<name>[A-Z][\w .&-]{1,25})[)/]"
    ),
    re.compile(
        rf"[А-ЯЁ][А-ЯЁа-яё .-]{{2,30}}[,.] {_DAY_RU}[.,]?\s?(?:/|[–—-]\s?|\()?(?P<name>[\w.« »-]{{3,25}}?)"
        r"(?:[/)]\.?|\.\s|,\s|\s[–—-]\s)"
    ),
    re.compile(
        rf"[（(【\[]?(?P<name>[{HAN}]{{1,8}}?(?:社|网|报|台|客户端))[{HAN}、]{{0,12}}?(?:\d{{4}}年)?\d{{1,2}}月\d{{1,2}}日(?:电|讯|消息)"
    ),
)


def copyright_owner(text: str) -> str:
    """The holder named in a copyright line, or ""."""
    for pattern in _OWNERS:
        found = pattern.search(to_simplified(text))
        if found and not _NO_OWNER.search(found[1]) and (owner := publisher_name(text[found.start(1) : found.end(1)])):
            return owner
    return ""


def dateline_agency(text: str) -> str:
    """The agency or paper named in the dateline of a news item, or ""."""
    for pattern in _DATELINES:
        if found := pattern.match(to_simplified(text)):
            return publisher_name(text[found.start("name") : found.end("name")])
    return ""


def owner_among(blocks: Sequence[str]) -> str:
    """The holder in the first copyright line that names one."""
    owners = (copyright_owner(block) for block in blocks if phrases("rights").are_in(to_simplified(block)))
    return next(filter(None, owners), "")


def site_name(tail: str, furniture: Sequence[str]) -> str:
    """The text after the title, if it is named like a paper or also occurs in the page's furniture."""
    name = publisher_name(tail)
    return name if name and (is_organisation(name) or any(name in line and line != tail for line in furniture)) else ""


def masthead(lines: Sequence[str], furniture: Sequence[str]) -> str:
    """The first line that a notice on the page also names, if it is at the very top or named like a paper.

    `furniture`: the blocks of the page outside the article, in order.
    """
    known = (line for line in lines if is_organisation(line) or line in furniture[:_VERY_TOP])
    names = filter(None, map(publisher_name, known))
    return next((name for name in names if any(name in line and _is_notice(line) for line in furniture)), "")


def _is_notice(line: str) -> bool:
    text = to_simplified(line)
    says_so = is_credit_in_capitals(text) or phrases("rights", "legal", "calls", "credits").are_in(text)
    return len(text) <= _LONGEST_NOTICE and says_so
