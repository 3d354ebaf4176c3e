"""Whose citizens a text speaks of: Chinese or Russians. A rule for the one says nothing of the other."""

from __future__ import annotations

import re
from types import MappingProxyType

_ENGLISH = (
    r"(?:citizens?|nationals?|tourists?|travell?ers?|visitors?|students?|workers?|drivers?|journalists?"
    r"|passports?|people)\b"
)
# "Do Chinese need a visa?"
_ALONE = (
    r"(?= (?:needs?|can|goes|go|enters?|visits?|travels?|comes?|stays?|have|has|gets?|pays?|buys?|owns?|works?"
    r"|stud(?:y|ies))\b)"
)
_RUSSIAN = r"(?:граждан|турист|студент|рабоч|водител|журналист|паспорт)\w*"
_CHINESE = r"(?:公民|游客|旅客|留学生|学生|工人|司机|记者|护照|人(?![民均]))"
_SPOKEN_OF = MappingProxyType(
    {
        "chinese": re.compile(
            rf"\bchinese {_ENGLISH}|\bchinese\b{_ALONE}|\bcitizens of china\b"
            rf"|\bкита(?:ец|йц)\w*|\bкитайск\w+ {_RUSSIAN}|\b{_RUSSIAN} (?:из )?(?:китая|кнр)\b"
            rf"|中国(?:籍)?{_CHINESE}"
            # Who needs a visa for the one country is of the other.
            r"|\bvisas? (?:for|to) russia\b|\brussian visas?\b|\bвиз\w* в росси|\bросси?йск\w+ виз\w*"
            r"|[去来赴到]俄(?:罗斯|国)?.{0,4}签证|俄(?:罗斯|国)?签证",
            re.IGNORECASE,
        ),
        "russian": re.compile(
            rf"\brussians\b|\brussian {_ENGLISH}|\brussian\b{_ALONE}|\bcitizens of russia\b"
            rf"|\bросси?ян\w*|\bросси?йск\w+ {_RUSSIAN}|\b{_RUSSIAN} (?:из )?(?:россии|рф)\b"
            rf"|俄(?:罗斯|国)?(?:籍)?{_CHINESE}"
            r"|\bvisas? (?:for|to) china\b|\bchinese visas?\b|\bвиз\w* в кита|\bкитайск\w+ виз\w*"
            r"|[去来赴到]中国.{0,4}签证|中国签证",
            re.IGNORECASE,
        ),
    }
)


def find_peoples(text: str) -> frozenset[str]:
    """Of "chinese" and "russian", those whose citizens a text speaks of, be it by a visa for the other country."""
    return frozenset(people for people, spoken_of in _SPOKEN_OF.items() if spoken_of.search(text))


def speaks_of_other_people(question: str, sentence: str) -> bool:
    """Whether both speak of citizens, and not of the same ones."""
    asked, said = find_peoples(question), find_peoples(sentence)
    return bool(asked and said) and asked.isdisjoint(said)
