"""Names of people and publishers, in bylines and elsewhere on a page: recognised, and in normal case. Never guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from coopbot.ingest.addresses import is_media_file
from coopbot.ingest.page.shape import is_credit_in_capitals
from coopbot.ingest.page.vocabulary import alternatives, phrases_in, whole_lines, word_set
from coopbot.ingest.tidy import one_line
from coopbot.text.characters import HAN, to_simplified

_AND = re.compile(r"[,;、，；/&]|\s(?:and|и)\s|[和与及]|\s[–—|]\s", re.I)
_WHERE = re.compile(r"\s(?:in|for|from|at|with|by|of)\s.*$")
_LATIN_NAME = re.compile(
    r"(?:[A-Z\u00c0-\u017d][\w.'’-]*)(?:\s(?:de|del|della|di|da|dos|du|der|den|van|von|bin|ibn|al|la|le|[A-Z\u00c0-\u017d][\w.'’-]*)){1,3}"
)
_CYRILLIC_NAME = re.compile(r"[А-ЯЁ][а-яёА-ЯЁ.-]*(?:\s?[А-ЯЁ][а-яёА-ЯЁ.-]*){1,2}")
_HAN_NAME = re.compile(rf"[{HAN}々]{{2,4}}|[{HAN}]{{1,8}}(?:[·•・][{HAN}]{{1,8}}){{1,3}}")
_SPACED_HAN_NAME = re.compile(rf"(?<![{HAN}])([{HAN}])\s([{HAN}])(?![{HAN}])")

_ORGANISATION = re.compile(alternatives("organisations")[1], re.I)
_REGION = re.compile(alternatives("regions")[1], re.I)
_SURNAME = re.compile(r"(?:ов|ев|ёв|ин|ын|ова|ева|ёва|ина|ына|ский|ская|цкий|цкая|ко|юк|ук|ян|дзе|швили|ых|их|ич|ак|як)$", re.I)
# Text around a name in a line of furniture: years, "reserved", registrations, a reporting button, "original".
_AROUND_PUBLISHER = re.compile(
    r"^\W*(?:原[创創]\s|(?:19|20)\d\d\s)"
    r"|\s?(?:版[权權]所有|[举舉][报報]|[^\s]?ICP.*|使用.*必读.*|意[见見]反[馈饋].*|powered by .*|all rights.*"
    r"|or its affiliated.*|and its affiliates.*|\s(?:19|20)\d\d(?:\s?[-–—]\s?(?:19|20)\d\d)?|\s?www\S*|\([^)]*)$",
    re.I,
)
_LONGEST_PERSON = 40
_LONGEST_PUBLISHER = 60
_SHORTEST_SHOUT = 4  # letters; shorter words in capitals are acronyms: "RIA NEWS" is RIA News

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


def person_names(value: str, *, sure: bool = False) -> tuple[str, ...]:
    """The people that a byline's value names, in name case. `sure`: only what is certainly a name even without a label."""
    text = _SPACED_HAN_NAME.sub(r"\1\2", one_line(value))
    parts = (part.split() if re.search(f"[{HAN}]", part) else [_WHERE.sub("", part)] for part in _AND.split(text))
    names = [name.strip(' .,:：()（）[]【】«»"') for part in parts for name in part]
    people = [name for name in names if _is_person(name)]
    if sure and not any(
        _LATIN_NAME.fullmatch(name) or (_CYRILLIC_NAME.fullmatch(name) and any(map(_SURNAME.search, name.split())))
        for name in people
    ):
        return ()
    return tuple(dict.fromkeys(map(name_case, people)))


def is_signature(line: str) -> bool:
    """Whether a line holds only people's names, as above or below an article."""
    parts = [part for part in _AND.split(line) if part.strip()]
    return len(line) <= 2 * _LONGEST_PERSON and 0 < len(parts) == len(person_names(line, sure=True))


def is_organisation(name: str) -> bool:
    """Whether a short line is named like a paper, an agency, an institute or similar."""
    return bool(_ORGANISATION.search(to_simplified(name))) and len(name) <= _LONGEST_PUBLISHER


def _is_person(name: str) -> bool:
    if whole_lines("no_publisher").fullmatch(to_simplified(name)) or not word_set("no_person").isdisjoint(name.lower().split()):
        return False
    shaped = any(shape.fullmatch(name) for shape in (_CYRILLIC_NAME, _LATIN_NAME, _HAN_NAME))
    return shaped and len(name) <= _LONGEST_PERSON and not is_organisation(name) and not _REGION.search(name)


def name_case(name: str) -> str:
    """The name, with words in all capitals reduced to an initial capital."""
    return re.sub(r"[^\W\d_]{2,}", lambda word: word[0].capitalize() if word[0].isupper() else word[0], name)


def publisher_name(value: str) -> str:
    """A publisher's name in name case, or "" if the value is not a name."""
    name = _AROUND_PUBLISHER.sub("", one_line(value)).strip(" .,:：;|/()（）[]【】-–—©~")
    if name.startswith("«") and name.find("»") == len(name) - 1:
        name = name[1:-1]
    if "(" in name and ")" not in name:
        name = name.partition("(")[0].strip()
    letters = re.findall(r"[^\W\d_]", name)
    if len(letters) < 2 or len(name) > _LONGEST_PUBLISHER:
        return ""
    # Neither a sentence, button, notice, region, counter nor the address of a file is a name.
    text = to_simplified(name)
    if (
        whole_lines("buttons", "sections", "no_publisher").fullmatch(text)
        or re.search(r"[.!?。！？]\s|[，。！？]", text)
        or re.match(r"(?:and|or|a|an|by|of|for|to|in|with)[A-Z\s]", name)
        or (_REGION.search(text) and not is_organisation(name))
        or phrases_in(text, "rights", "legal", "calls", "teasers")
        or is_media_file(name)
    ):
        return ""
    if " " in name and name.isupper():
        return re.sub(rf"[^\W\d_]{{{_SHORTEST_SHOUT},}}", lambda word: word[0].capitalize(), name)
    return name.capitalize() if name.isupper() and len(letters) > _SHORTEST_SHOUT + 1 else name


def copyright_owner(text: str) -> str:
    """The holder named in a copyright line, or ""."""
    for pattern in _OWNERS:
        found = pattern.search(to_simplified(text))
        if found and not _NO_OWNER.search(found[1]) and (owner := publisher_name(text[found.start(1) : found.end(1)])):
            return owner
    return ""


def page_publisher(blocks: Sequence[str], outside: Sequence[str], *, dateline: str, tail: str, top: Sequence[str]) -> str:
    """The publisher that a page names elsewhere than in a byline, from the most reliable source; "" if it names none.

    `outside`: the blocks outside the article, in order. `dateline`: the text's first paragraph. `tail`: what follows the title
    on its line. `top`: the lines that may be the masthead.
    """
    owners = (copyright_owner(block) for block in blocks if phrases_in(to_simplified(block), "rights"))
    owner = next(filter(None, owners), "")
    datelines = (pattern.match(to_simplified(dateline)) for pattern in _DATELINES)
    found = next(filter(None, datelines), None)
    agency = publisher_name(dateline[found.start("name") : found.end("name")]) if found else ""
    if is_organisation(owner) and (not agency or agency in owner):
        return owner
    if agency:
        return agency
    # What follows the title, if it is named like a paper or stands elsewhere on the page too.
    site = publisher_name(tail)
    if site and (is_organisation(site) or any(site in line and line != tail for line in outside)):
        return site
    # The first line at the very top, or named like a paper, that a notice on the page also names.
    mastheads = (line for line in top if is_organisation(line) or line in outside[:_VERY_TOP])
    names = filter(None, map(publisher_name, mastheads))
    return next((name for name in names if any(name in line and _is_notice(line) for line in outside)), owner)


def _is_notice(line: str) -> bool:
    text = to_simplified(line)
    says_so = is_credit_in_capitals(text) or bool(phrases_in(text, "rights", "legal", "calls", "credits"))
    return len(text) <= _LONGEST_NOTICE and says_so
