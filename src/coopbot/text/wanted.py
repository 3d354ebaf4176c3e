"""Requests for articles rather than for an answer: "what do you know about X?", "sources about X", "what is new this month?".

A pattern must match the whole request. Anything more specific is a question and is answered with quotes: "what is known about
its cost?", "any news on the bridge?".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from coopbot.text.measures import flatten
from coopbot.text.relative import resolve_dates


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticlesWanted:
    """Articles about a `subject` or, without one, the newest, limited to the days `first` to `last` if set."""

    subject: str = ""
    first: date | None = None
    last: date | None = None


_MOST_SUBJECT_CHARS = 80

# Polite words around a request.
_POLITE = re.compile(
    r"^(?:(?:(?:hi|hello|hey|please|so|and|привет|здравствуйте|пожалуйста|а|и|скажи(?:те)?|подскажи(?:те)?)\b"
    r"|你好|请问?)[\s,!.]*)+|[\s,]*(?:please|pls|пожалуйста|谢谢)?[\s?？!！.。…]*$",
    re.IGNORECASE,
)

_EN = r"(?:articles?|sources?|materials?|publications?)"
_RU = r"(?:стать[ияюей]+|источник(?:и|ов)?|материал(?:ы|ов)?|публикаци[ийю]+)"
_ZH = r"(?:文章|资料|来源|报道|材料|文献|出处)"
_ABOUT_EN = r"(?:about|on|regarding|concerning) (?P<subject>.+)"
_ABOUT_RU = r"(?:о(?:бо?)?|про|по теме|на тему|по|насч[её]т) (?P<subject>.+)"
_GIVE_ZH = r"(?:请?(?:给我|帮我|我想)?(?:找找|找|列出|查找|查|推荐|看看|看)?|有没有|有哪些|有什么|有)(?:一?些|一下|所有|几篇)?"

_SUBJECT = (
    rf"what (?:else )?(?:do|can|could) you (?:know|have|tell me|say) {_ABOUT_EN}",
    rf"do you (?:know|have) (?:anything|something|(?:any )?{_EN}) {_ABOUT_EN}",
    rf"(?:(?:show|list|find|give|get)(?: me)? |are there |i (?:need|want) )?(?:(?:all|any|some|more|the|your) )*"
    rf"{_EN} {_ABOUT_EN}",
    rf"(?:what|which) {_EN} (?:do you have|have you got|are there) {_ABOUT_EN}",
    rf"что (?:ещ[её] )?(?:(?:ты|вы) )?(?:знаешь|знаете|(?:можешь|можете) (?:сказать|рассказать)) {_ABOUT_RU}",
    rf"что (?:(?:у (?:тебя|вас) )?есть|есть у (?:тебя|вас)) {_ABOUT_RU}",
    rf"(?:(?:покажи|найди|дай|выведи|перечисли|подбери)(?:те)? |есть ли |какие |(?:мне )?нужны )?"
    rf"(?:(?:мне|у вас|у тебя|есть|все|ещ[её]|какие-нибудь) )*{_RU} (?:(?:у вас|у тебя|есть) )*{_ABOUT_RU}",
    r"你?们?[都还]?(?:知道|了解)(?:哪些|什么|多少)?(?:有关|关于)(?P<subject>.+?)的?"
    r"(?:什么|哪些|多少)?(?:信息|情况|事情?|内容|资料|消息)?[吗呢么]?",
    r"(?:关于|有关|对于?)(?P<subject>.+?)[,，]?你们?[都还]?(?:知道|了解)(?:些什么|什么|多少|哪些)(?:信息|情况|内容)?",
    rf"{_GIVE_ZH}(?:关于|有关)(?P<subject>.+?)的?{_ZH}(?:有哪些|有什么|有吗|[吗呢])?",
    rf"(?:{_GIVE_ZH})?(?P<subject>.+?)的?相关的?{_ZH}(?:有哪些|有吗|吗)?",
    rf"有(?:哪些|什么){_ZH}(?:讲|谈|提|涉及|介绍|写|说)[了到过]*(?P<subject>.+)",
)
# A subject that is itself a question: "when the bridge opened", 什么时候通车.
_ASKS = re.compile(
    r"\b(?:what|when|why|how|who|whom|which|where|whether|if)\b"
    r"|\b(?:что|когда|почему|зачем|как|кто|как(?:ой|ая|ое|ие|их)|где|куда|откуда|сколько|ли)\b"
    r"|什么|哪|谁|多少|几[个年月天]|怎|为何|何时|多[长大高久远深]|是否|[吗呢]$",
    re.IGNORECASE,
)

_TIME_EN = (
    r"(?: (?:(?:in|for|of|from|over|since) )?(?:the )?(?:this|last|past) (?:week|month|year)"
    r"| today| yesterday| lately| recently| now| here)*"
)
_TIME_RU = (
    r"(?: (?:(?:за|на|в|с) )?(?:эт|прошл|последн|текущ|нынешн|минувш)\w+ (?:недел|месяц|год|врем)\w*"
    r"| за (?:месяц|неделю|год|сегодня)| сегодня| вчера| недавно| сейчас| у (?:вас|тебя)| здесь)*"
)
_TIME_ZH = r"(?:最近|近期|今天|昨天|本周|这周|上周|本月|这个月|上个?月|今年|去年|近来|现在)?"
_ASK_EN = r"(?:what (?:is|are) the |what'?s the |any |the |(?:show|give)(?: me)?(?: the)? |list(?: the)? )?"
_ASK_RU = r"(?:(?:какие|есть|(?:покажи|дай|расскажи|выведи)(?:те)?)(?: ли| мне| есть)? )*"
_NEW_EN = r"(?:new|latest|newest|(?:most )?recent)"
_NEW_RU = r"(?:нов|последн|свеж|недавн|новейш)(?:ые|ие|их|ых)"
_NEWS_ZH = rf"(?:消息|新闻|动态|内容|东西|{_ZH})"

_NEWEST = (
    rf"(?:what'?s|what is|anything|is there anything|what) new{_TIME_EN}",
    rf"{_ASK_EN}(?:{_NEW_EN} )?(?:news|updates?){_TIME_EN}",
    rf"(?:{_ASK_EN}|what |which ){_NEW_EN} {_EN}{_TIME_EN}",
    rf"(?:what|which)(?: {_EN})? (?:has been|have been|was|were) (?:newly )?(?:added|published){_TIME_EN}",
    rf"(?:есть )?(?:что|чего|что-нибудь|что-то)(?: есть)?{_TIME_RU} (?:нового|новенького|новое){_TIME_RU}",
    rf"{_ASK_RU}(?:{_NEW_RU} )?новости{_TIME_RU}",
    rf"{_ASK_RU}{_NEW_RU} {_RU}{_TIME_RU}",
    rf"(?:что|какие {_RU}) (?:появил|добавил|вышл)\w+(?: нового)?{_TIME_RU}",
    rf"{_TIME_ZH}[都又]?(?:有没有|有|出了)(?:什么|哪些|啥)?(?:最新|新)的?{_NEWS_ZH}?{_TIME_ZH}[吗呢]?",
    rf"{_TIME_ZH}的?(?:最新|新)的?{_NEWS_ZH}(?:有哪些)?[吗呢]?",
    rf"{_TIME_ZH}[都又]?有(?:没有|什么|哪些|啥)?(?:新闻|消息|动态|更新){_TIME_ZH}[吗呢]?",
    rf"{_TIME_ZH}的?新闻|{_TIME_ZH}更新了(?:什么|哪些(?:内容|文章)?)",
)
_SUBJECT_PATTERNS = tuple(re.compile(pattern, re.IGNORECASE) for pattern in _SUBJECT)
_NEWEST_PATTERNS = tuple(re.compile(pattern, re.IGNORECASE) for pattern in _NEWEST)


def articles_wanted(text: str, today: date) -> ArticlesWanted | None:
    """The articles that a message asks for; None if it asks for something else. "This month" is relative to `today`."""
    request = " ".join(_POLITE.sub("", flatten(text).replace("甚", "什")).split())
    if any(pattern.fullmatch(request) for pattern in _NEWEST_PATTERNS):
        times = [span for span in resolve_dates(request, today) if span.first <= today]
        return ArticlesWanted(first=times[0].first, last=times[0].last) if times else ArticlesWanted()
    for pattern in _SUBJECT_PATTERNS:
        found = pattern.fullmatch(request)
        subject = found["subject"].strip(" ,\"'“”«»《》") if found else ""
        if subject and len(subject) <= _MOST_SUBJECT_CHARS and not _ASKS.search(subject):
            return ArticlesWanted(subject=subject)
    return None
