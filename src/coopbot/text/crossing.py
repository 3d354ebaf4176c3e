"""Who and what crosses the border, and which way: whose citizens a text speaks of, Chinese or Russians, and whether people,
goods or money go into China or into Russia. What holds for the one says nothing of the other.
"""

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

_INTO = MappingProxyType(
    {
        "china": re.compile(
            r"\b(?:in)?to (?:mainland |north-?east(?:ern)? )?china\b|\b(?:enter|visit)(?:s|ed|ing)? china\b|\bfrom russia\b"
            r"|\brussian exports?\b|\brussia['’]s exports?\b|\bchinese imports?\b|\bchina['’]s imports?\b"
            r"|\bchina (?:bought|buys?|imported|imports?)\b|\brussia (?:sold|sells?|exported|exports?|delivered|supplied)\b"
            r"|\bв (?:китай|кнр)\b|\bиз (?:россии|рф)\b|\bросси?йск\w+ экспорт\w*|\bэкспорт\w* россии\b"
            r"|\bкитайск\w+ импорт\w*|\bимпорт\w* китая\b|\bкитай (?:купил|вв[её]з|импортировал|закупил)\w*"
            r"|\bроссия (?:продала|продаёт|поставила|поставляет|вывезла|экспортировала)\b"
            r"|(?:(?<![收受得买达])到|[去来赴至往入进]|运抵|出口)中国|对华(?:出口|供|输|销|交付)|向中国|[来赴入访]华|[从自]俄(?:罗斯|国)?"
            r"|中国[^，。；、]{0,14}进口",
            re.IGNORECASE,
        ),
        "russia": re.compile(
            r"\b(?:in)?to (?:the )?russia(?:n far east)?\b|\b(?:enter|visit)(?:s|ed|ing)? russia\b|\bfrom china\b"
            r"|\bchinese (?:\w+ )?exports?\b|\bchina['’]s exports?\b|\brussian imports?\b|\brussia['’]s imports?\b"
            r"|\brussia (?:bought|buys?|imported|imports?)\b|\bchina (?:sold|sells?|exported|exports?)\b"
            r"|\bв (?:россию|рф)\b|\bиз (?:китая|кнр)\b|\bкитайск\w+ экспорт\w*|\bэкспорт\w* китая\b"
            r"|\bросси?йск\w+ импорт\w*|\bимпорт\w* россии\b|\bроссия (?:купила|ввезла|импортировала|закупила)\b"
            r"|\bкитай (?:продал|поставил|поставляет|экспортировал)\b"
            r"|(?:(?<![收受得买达])到|[去来赴至往入进]|运抵|出口)俄(?:罗斯|国)?|对俄(?:罗斯)?(?:出口|供|输|销)|向俄(?:罗斯)?|[来赴入访]俄|[从自]中国"
            r"|俄(?:罗斯|国)?进口",
            re.IGNORECASE,
        ),
    }
)


def find_peoples(text: str) -> frozenset[str]:
    """Of "chinese" and "russian", those whose citizens a text speaks of, be it by a visa for the other country."""
    return frozenset(people for people, spoken_of in _SPOKEN_OF.items() if spoken_of.search(text))


def find_ways(text: str) -> frozenset[str]:
    """Of "china" and "russia", those that a text speaks of going, bringing or selling into."""
    return frozenset(country for country, into in _INTO.items() if into.search(text))


def is_the_other_way_round(question: str, sentence: str) -> bool:
    """Whether both speak of citizens, or of a way across the border, and not of the same."""
    return any(
        bool(asked := found(question)) and bool(said := found(sentence)) and asked.isdisjoint(said)
        for found in (find_peoples, find_ways)
    )
