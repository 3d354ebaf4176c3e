"""Turns of phrase that tell how a clause or a sentence stands to its figures, in English, Russian and Chinese."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

# Somebody is named whose figure it is, by what he does or by his address.
SAID = (
    r"\b(?:sa(?:ys?|id)|tells?|told|gives?|gave|puts?|counts?|names?|named|writes?|wrote|claims?|states?|cit(?:es?|ed|ing)|quot\w+)\b",
    r"\b(?:report\w*|according to|spoke|speaks?|dates?|lists?|mention\w*|estimat\w+|show(?:s|ed)?|forecast|announced)\b",
    r"\b(?:пи[шс]|говор|наз[ыв]|сообща|сообщи|по (?:данным|словам|сведениям|версии|оценк)|со слов|утвержда|указ[аы]|оцени)\w*",
    r"\b(?:привод|прив[её]л|счита|датиру|относ|отмеча|упомина|переда|насчит|заяв|публик|речь ид|фигурир|обеща|ждал)\w*",
    "[说称写]|报道|提到|认为|记载|介绍|表示|援引|数字[是为]|给出|显示|记[为作]|统计|版本|消息|公布|网站?(?=[是为则])",
    r"\b[\w-]+\.(?:ru|com|org|net|info|cn|ir|az|it|eu|tk|su|tv|by|kz|mn|gov)\b",
)
# Sources are said to be at odds.
DISPUTED = (
    r"\b(?:differ(?!ent (?:kind|type))\w*|disput\w+|disagree\w*|discrepan\w+|contradict\w*|at odds|vary|varies)\b",
    r"\b(?:do|does) not (?:agree|match|coincide)\b",
    r"\b(?:two|three|several|various) (?:ways|versions|figures|dates|numbers|estimates)\b",
    r"\b(?:other|another|different|several) (?:sources?|reports?|accounts?|figures?|forecasts?|numbers?|dates?|estimates?)\b",
    r"\b(?:расход(?!н|у|ы)|расхожд|разнятся|различ(?:а|н)|разниц|противореч|разошл|спорн|не совпада|разноглас|разнобо)\w*",
    r"\b(?:ин(?:ые|ую|ая|ое)|друг(?:ие|ую|ая|ое)|разн(?:ые|ая|ых)|проч\w+|трет\w+|дв[ае]) "
    r"(?:сумм|знач|циф|дан|дат|числ|оцен|верси|источн|изда|срок|вариант|прогноз)\w*|\bпо друг(?:им|ой)\b",
    "不一|相差|差了|矛盾|有出入(?!境)|说法不|有说|两种|几种|几个(?:写法|说法|数字|版本)|各异|另有|也有(?:说|报道)|分歧|对不上|争议",
    "(?:另一|其他)(?:种|个)?(?:说法|数字|版本|来源|口径)",
)
# What a figure is of, beside the thing itself. Figures compare only where these are the same.
SCOPES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "russian": (
            r"\brussian (?:side|part|section|half|bank|share)|\bon the russian\b",
            r"российск\w+ (?:стор|част|берег|участ)",
            "俄方|俄(?:罗斯)?(?:一侧|境内|段|部分)",
        ),
        "chinese": (
            r"\bchinese (?:side|part|section|half|bank|share)|\bon the chinese\b",
            r"китайск\w+ (?:стор|част|берег|участ)",
            "中方|中国?(?:一侧|境内|段|部分)",
        ),
        "part": (r"\bof (?:which|them|that)\b|\bincluding\b", r"\bиз (?:них|которых)\b|в том числе", "其中"),
        "plan": (
            r"\bexpect\w*|\bforecast|\bplan(?:s|ned|ning)?\b|\btarget|\bprojected|\bwould\b|\bby 20[3-9]",
            r"\bожида|\bпрогноз|\bплан|\bрассчит|\bбудет|\bдолжн",
            "预计|预期|计划|目标|规划|拟|将",
        ),
        "sum": (r"\bcumulative|\bsince\b", r"нарастающ|накоплен|\bс начала (?!год)|\bс момента", "累计|以来"),
        "start": (
            r"\bat (?:the )?(?:start|first|launch)|\binitial",
            r"\bв начале|\bначальн|\bсначала|\bна старте",
            "之初|起初|最初|初期",
        ),
        "half": (r"\bhalf[ -]year|\b(?:first|second) half|\bh[12]\b", r"полугоди", "半年"),
        "quarter": (r"\bquarter\b|\bq[1-4]\b", r"квартал", "季度"),
        "months": (
            r"\bmonths\b|\bjan\w*[-– ](?:to )?[a-z]{3,9}\b",
            r"\bмесяцев|январ\w* [–-] [а-я]+",
            r"个月|\d ?[-–—至到] ?\d+ ?月",
        ),
        "daily": (r"\b(?:a|per) day\b|(?-i:\bdaily\b)", r"\bв (?:день|сутки)|суточн|ежедневн", "日均|每天|每日|日流量"),
    }
)
# Where a question asks for one of these, metres of anything else are no answer.
DIMENSIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "width": (r"\bwidth|\bwide\b", r"\bшир[ио]", "宽"),
        "height": (r"\bheight|\bhigh\b(?! speed)|\btall\b", r"высот", "高度|米高|多高"),
        "depth": (r"\bdeep|\bdepth", r"глубин", "水深|多深|深度"),
        "span": (r"\bspans?\b", r"прол[её]т", "主跨|跨度"),
        "speed": (r"\bspeed", r"скорост", "时速|速度"),
    }
)
PERIODS = frozenset({"half", "quarter", "months"})
# Just before an amount: it is a change and no size. "By 28 years of talks" and «договор на 25 лет» are none.
RISE = (
    r"\b(?:up|down|rose|fell|grew|growth|increase[ds]?|decrease[ds]?)(?: by| of)? ?$",
    r"\b(?:drop|declin|jump|climb)\w*(?: \w+){0,2} by ?$",
    r"\b(?:рост|прирост|(?:вы|под)рос\w*|рос|раст[её]т|увелич\w+|прибав\w+|больше)(?: [^\s,;]+)? на ?$",
    r"\b(?:сниз\w+|упал\w*|сократ\w+|меньше)(?: [^\s,;]+)? на ?$",
    r"\b(?:рост|прирост) ?$|[(][+–-]$",
    "(?:增长|下降|减少|增加|同比|上升)[了约]? ?$",
)
# The same before a percentage.
RISE_OF_PERCENT = (
    r"\b(?:by|на) ?$",
    r"\b(?:drop|fall|decline|decrease|rise|increase|growth)\b[^,;:.]{0,60} (?:at|was|of|to be) $",
    r"\b(?:падени|снижени|сокращени|рост|прирост)[еяюм]?\b[^,;:.]{0,60} $",
    "(?:[增降]幅|增速|跌幅)[^，。；]{0,12}$",
)
# Just before an amount: it is the least it can be.
OVER = (
    r"\b(?:over|above|more than|at least|exceed(?:s|ed|ing)?) ?$",
    r"\b(?:свыше|более(?: чем)?(?: в)?|больше|не менее|превы\w+) ?$",
    "(?:超过?|逾|突破|至少)$",
)


@cache
def cue(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """One expression of all, whatever the case."""
    return re.compile("|".join(patterns), re.IGNORECASE)


def scopes(clause: str) -> frozenset[str]:
    """Names of the scopes that a clause mentions."""
    return _matching(SCOPES, clause)


def dimensions(text: str) -> frozenset[str]:
    """Names of the dimensions that a question or a sentence mentions."""
    return _matching(DIMENSIONS, text)


def _matching(table: Mapping[str, tuple[str, ...]], text: str) -> frozenset[str]:
    return frozenset(name for name, patterns in table.items() if cue(patterns).search(text))
