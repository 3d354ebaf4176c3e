"""The words by which a question asks for a number of something, a date, a person or a place, in three languages."""

from __future__ import annotations

import re
from typing import Literal

Kind = Literal["number", "date", "person", "place", "other"]


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_MONEY = "usd cny rub eur"
_TIME = "years months days hours minutes"
_LOADS = "t people vehicles trains wagons teu m3 w"
# What the question measures in; all that match are wanted.
UNITS_NAMED: tuple[tuple[str, re.Pattern[str]], ...] = (
    (_MONEY, _any(r"\btolls?\b|\bfees?\b|\bfares?\b|\btariff", r"\bплат[аыу]\b|\bтариф|\bбилет", "票价|收费|运费|多少钱")),
    (
        "percent",
        _any(r"\bper ?cent", r"\bshare of\b", r"\bwhat share", r"процент", r"\bдол[яиюе]\b", "%|百分|比重|占比|份额|比例"),
    ),
    ("t", _any(r"\bton(?:ne)?s?\b", r"\bmt\b", r"\bтонн", r"\bтн?\b", "吨")),
    ("usd", _any(r"\bdollars?\b", r"\busd\b", r"долл", r"\$|美元|美金")),
    ("cny", _any(r"\byuan\b", r"\brmb\b|\bcny\b", r"\bюан", "人民币|亿元|万元")),
    ("rub", _any(r"\brou?bles?\b", r"\brub\b", r"\bруб", "卢布")),
    (
        "km2 ha m2",
        _any(r"\bsq\w*\.? (?:km|kilom|met|m\b)", r"\bhectares?\b", r"\bкв\w*\.? ?(?:км|м\b|кил|мет)", r"\bга\b|гектар"),
    ),
    ("km2 ha m2", _any(r"\barea\b(?! (?:code|of cooperation))", r"площад", "平方|公顷|面积|多大|占地")),
    ("m3", _any(r"\bbcm\b", r"\bcubic", r"кубометр|\bкуб", "立方|亿方")),
    ("wh", _any(r"\b[tgmk]wh\b", r"квт|твт", "千瓦时|多少度|亿度")),
    (
        "km m",
        _any(
            r"(?<!sq )(?<!square )(?<!sq. )\b(?:kilo)?met(?:er|re)s?\b|\bkm\b",
            r"\bметр|\bкм\b|километр",
            "(?<!平方)(?:公里|千米)",
        ),
    ),
    ("km m", _any(r"(?<!立方)(?<!平方)(?<!千)米")),
    ("people", _any(r"\bpeople\b|\b(?:passen|passan)gers?\b|\btourists?\b|\bvisitors?\b|\btravell?ers?\b|\bstudents?\b")),
    (
        "people",
        _any(
            r"\bpopulation\b|\bhow many russians",
            r"человек|людей|пассажир|турист|студент|населени",
            "人次|多少人|人数|几个?人|游客",
        ),
    ),
    ("households", _any(r"\bhouseholds?\b|\bfamil(?:y|ies)\b", r"домохоз|\bсем(?:ей|ьям|ьи|ья)\b", "户|家庭")),
    ("vehicles", _any(r"\btrucks\b|\blorries\b|\bvehicles\b", r"грузовик|\bфур\b|автомобил|\bмашин", "辆|车次")),
    ("trains", _any(r"\btrains\b", r"поезд(?!к|ок)|\bсостав(?:ов|а)\b", "列车|班列|多少列|几列")),
    ("wagons", _any(r"\bwagons\b|\brailcars\b", r"\bвагон", "车皮|车厢|多少节|几节")),
    ("teu", _any(r"\bteus?\b", r"\bдфэ\b", "标箱|标准箱")),
    (_TIME, _any(r"\bfor how long|\bhow long (?:does|did|do|will|can|may|has)|\bhow many (?:years|months|days|hours|min)")),
    (
        _TIME,
        _any(
            r"\bduration\b|travel time",
            r"(?:сколько|несколько|скольких) (?:лет|дн|мес|час|мин|вр)|\bсрок",
            "多久|期限|几年|几天|几个月|多少[年天]",
        ),
    ),
)
# Read only where the question names no unit.
UNITS_MEANT: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "km m",
        _any(
            r"\bhow (?:long|wide|far|high|tall|deep)\b|\b(?:length|width|height|distance|diameter|span)\b",
        ),
    ),
    (
        "km m",
        _any(
            r"длин[аыуо]|\bпротяж[её]нн|ширин|высот[аыу]\b|расстояни|глубин|диаметр",
            "长度|多长|桥长|全长|总长|宽度|多宽|多高|多远|高度|距离|直径|跨度|主跨",
        ),
    ),
    (
        _MONEY,
        _any(
            r"\bcosts?\b|\bprices?\b|\bworth\b|\binvest|\btrade (?:turnover|volume)|\bturnover\b|\bspend|\bspent\b|\bbudget\b"
        ),
    ),
    (_MONEY, _any(r"\bhow much .*\btrade\b|\btrade\b.*\b(?:total|value)\b|\btotal trade\b|\bvalue\b|\bprice")),
    (_MONEY, _any(r"стоимост|\bстои[тл]|\bцен[аы]\b|инвест|вложен|товарооборот|\bоборот|бюджет|торговл")),
    (_MONEY, _any("投资|造价|成本|花了?多少|多少钱|[易口资售交]额|总值|进出口|总额|价格|费用|金额|耗资")),
    ("m3", _any(r"\bgas\b|\bpower of siberia\b.*\bdeliver", r"\bгаз[аом]*\b", "供气|输气|天然气")),
    ("wh", _any(r"\belectricity\b|\bpower (?:exports?|supply|deliver)", r"электро", "电量|供电|送电|输电|购电")),
    (
        "t",
        _any(
            r"\bcargo\b|\bfreight\b|\bcoal\b|\bsoy(?:a|beans?)?\b|\bgrain\b|\btonnage",
            r"\bгруз|\bугл[яе]|\bуголь|\bсо[яи]|зерн",
            "货运|过货|煤|大豆|运量|货物",
        ),
    ),
    ("percent", _any(r"\bcompletion\b|\breadiness\b", r"\bготовност", "完工率|完成率")),
    (
        _LOADS,
        _any(
            r"\bcapacit|\bthroughput|\bvolumes?\b|\bfigure\b|\boutput\b",
            r"мощност|пропускн|вместимост|\bобъ[её]м",
            "运力|能力|产能|吞吐量|运量|产量",
        ),
    ),
)
# How a question opens its blank; the first in the question decides.
ASKS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (
        "number",
        _any(r"\bhow (?:much|many|long|far|big|large|wide|high|tall|deep|fast)\b|\bwhat (?:share|percent|part|number|amount)"),
    ),
    (
        "number",
        _any(r"скольк|\bскока\b|\bна сколько|\bкак(?:ой|ая|ую|ова?) (?:процент|дол[яю]|часть|длин|площад|объ[её]м|сумм)"),
    ),
    ("number", _any("多少|百分之几|(?<!哪)几[个年天户人吨米列辆节公百千万亿成项家条次座种](?![几年月])|多[长大高宽远久]")),
    ("number", _any(r"\b(?:max\w*|total) number of\b|\bskolko\b", r"\bкак далеко\b")),
    ("date", _any(r"\bwhen\b|\b(?:what|which|on what) (?:date|day|year|month)\b|\bdate\b|\bday (?:when|of)\b")),
    (
        "date",
        _any(r"\bкогда\b|\bдат[аеуы]\b|\bкак(?:ого|ой|ому) числ|\bкакой день|\bв каком (?:году|месяце)|\bкак(?:ой|ого) год"),
    ),
    (
        "date",
        _any(
            r"\byear in which\b|\bmonth and year\b|(?<!per )(?<!a )(?<!full )\byear\??$",
            r"^(?:month|year)\b|\boriginal \w+ years\b",
        ),
    ),
    ("date", _any(r"\bкакой месяц|\bкакие годы|\bкаком квартале|\bсрок (?:сдачи|ввода|запуска|открытия)")),
    ("date", _any("哪个月|哪几年|几几年|什么时候|啥时候|何时|哪一?[天年日]|几[月号日]|日期|时间|日子")),
    (
        "other",
        _any(
            r"\bwhy\b|\bhow (?:can|come|do|does|did|is|are|was|were)\b|\b(?:what|which) (?:vehicle )?(?:mix|ports|provinces)\b"
        ),
    ),
    (
        "other",
        _any(
            r"^(?:does|do|did|is|are|was|were|can|could|has|have|will|should)\b(?! you)(?!.*\bhow (?:many|much|long)\b)",
            r"\bwhat (?:counts?|does)\b",
            r"\bчто (?:понимают|значит|такое|за)\b|\b(?:правда|верно) ли\b",
            r"\bпочему\b|\bзачем\b|\bиз-за чего\b|\bчем .*лучше|\bотлича|\bкакие\b",
            "是不是|能不能|是否|怎么回事|为什么|怎么|区别|为何|哪些(?!领导|人)|哪几|分几块",
        ),
    ),
    (
        "person",
        _any(
            r"\b(?:what|which) (?:[\w-]+ ){0,2}(?:politician|universit|compan|minist|official|institut|bank|firm|agenc)",
            r"\b(?:what|which) (?:[\w-]+ ){0,2}(?:governor|organi[sz]ation|corporation|investor|bod(?:y|ies)\b)",
        ),
    ),
    (
        "person",
        _any(
            r"\bкак\w+ (?:\w+ ){0,2}(?:вуз|компани|университет|минист|чиновник|фирм|банк|ведомств)",
            r"\bкак\w+ (?:\w+ ){0,2}(?:корпораци|организаци|инвестор)",
            "哪[两几]?所|哪家(?!里)|哪个(?:部委|部门|官员|单位|机构|公司|部)",
        ),
    ),
    ("person", _any(r"\bwho(?:m|se)?\b|\bкто\b|\bкого\b|\bкому\b|\bкем\b|\bчь[ияёе]\w*\b", "谁|哪位|何人|叫什么|哪些领导")),
    (
        "place",
        _any(
            r"\bwhere\b|\bin (?:what|which) (?:city|town|region|place)",
            r"\bгде\b|\bкуда\b|\bоткуда\b|\bв как(?:ом|ой) (?:городе|бухте|месте)",
        ),
    ),
    (
        "place",
        _any(
            r"\b(?:what|which) (?:\w+ )?(?:city|town|country|region|station|port|village|settlement|crossing)\b|\bvenue\b",
            r"\bcity (?:that|where)\b|\bкак(?:ом|ой|ого|ую|ими) (?:\w+ )?(?:город|государств|регион|стран|порт|переход|станци)",
        ),
    ),
    ("place", _any(r"\bчерез как(?:ой|ую|ое)\b|\b(?:through|via) (?:what|which)\b")),
    ("place", _any("哪里|哪儿|在哪|何处|哪座城市|哪到哪|哪一?段|哪个(?:城市|村|地方|省|口岸|国家|地区|港|站)|什么地方")),
)
DATE_MEANT = _any(
    r"^(?:the )?(?:start|departure|opening|launch|beginning|signing|completion) of\b|\b(?:opening|launch)$",
    r"\b(?:открыти[ея]|запуск|начало)\b",
    "(?:开通|启动|通车|开业|开工)$",
)
LATER_WHEN = re.compile(r"\S.{12,}\b(?:when|когда)\b", re.IGNORECASE)
