"""Sources that give different figures for the same thing. Better to miss one than to call a quarrel what is none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import combinations

from coopbot.ask.expected import Expected, expected, facts_of
from coopbot.domain import Disagreement
from coopbot.text.dates import DateMention
from coopbot.text.gazetteer import find_names
from coopbot.text.language import detect_language
from coopbot.text.quantities import Quantity
from coopbot.text.tokens import lexical_tokens

Names = Callable[[str], frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedFact:
    """A quote of an answer. number: that of its citation. score: as of `Citation.score`."""

    number: int
    text: str
    article_id: str
    publisher: str
    published: date | None
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What a clause of a quote gives for the question: `low` to `high` of a unit, or a day (year, month, day).

    alone: the quote gives no other day.
    """

    quote: QuotedFact
    said: str
    clause: str
    unit: str
    low: Decimal = Decimal(0)
    high: Decimal = Decimal(0)
    grain: Decimal = Decimal(1)
    approximate: bool = False
    day: tuple[int | None, int | None, int | None] = (None, None, None)
    over: bool = False
    years: frozenset[int] = frozenset()
    alone: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A question as quotes are held against it. names: the particular ones, countries left out."""

    wanted: Expected
    language: str
    words: frozenset[str]
    names: frozenset[str]
    aspects: frozenset[str]
    changes: bool

    @property
    def lasting(self) -> bool:
        """Whether the answer is the same in every year, as a bridge's length is: years in quotes are then their sources'."""
        return bool(self.wanted.units & _LASTING_UNITS or self.aspects & _LASTING) or self.wanted.kind == "date"


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_BASE_UNITS = {"km": ("m", 3), "km2": ("m2", 6), "ha": ("m2", 4)}
_LASTING_UNITS = frozenset({"m", "km", "m2", "km2", "ha", "households"})
_LASTING = frozenset({"cost", "first", "capacity"})
_OVER = _any(
    r"\b(?:over|above|more than|at least|exceed(?:s|ed|ing)?)$",
    r"\b(?:свыше|более|больше|не менее|превы\w+)$",
    "(?:超过?|逾|突破|至少)$",
)
# Never meant by a bare number of metres.
_SPELT_OUT = frozenset({"width", "height", "speed"})
# Close enough for two figures of which one is "about" or "over".
_ABOUT = Decimal("0.01")
_COMPARABLE = 3
# Of the question's words in a quote of its language.
_SHARE_OF_WORDS = 0.5
_SHARE_OF_WORDS_DATE = 0.7

# What a figure may be of. A clause about another aspect than the question's is no answer.
_ASPECTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("length", _any(r"\blength|\blong\b", r"\bдлин|протяж[её]н", "长度|全长|总长|桥长|多长|长[\\d约]")),
    ("width", _any(r"\bwidth|\bwide\b", r"\bшир[ио]", "宽")),
    ("height", _any(r"\bheight|\bhigh\b(?! speed)|\btall\b|\bdeep|\bdepth", r"высот|глубин", "高度|水深|米高")),
    ("area", _any(r"\barea\b|\bsquare\b|\bsq\b|\bhectare", r"площад|\bкв\.|гектар|\bга\b", "面积|平方|公顷")),
    (
        "cost",
        _any(r"\bcosts?\b|\binvest|\bspend|\bpriced?\b", r"стои[мтл]|\bцен[аы]|инвест|вложен", "投资|造价|成本|耗资|费用|钱"),
    ),
    ("trade", _any(r"\btrade\b|\bturnover\b", r"торговл|товарооборот|\bоборот", "贸易|进出口")),
    ("export", _any(r"\bexport|\bshipped to\b", r"экспорт|\bвыв[её]з|\bвывоз", "出口")),
    ("import", _any(r"\bimport", r"импорт|\bввез|\bввоз", "(?<!出)进口")),
    ("first", _any(r"\bfirst\b", r"\bперв", "首[次批个趟列]|第一|最先")),
    ("capacity", _any(r"capacit|throughput", r"мощност|пропускн|вместимост", "能力|运力|产能")),
    ("speed", _any(r"\bspeed", r"скорост", "时速|速度")),
    ("crew", _any(r"\bjobs\b|\bworkers\b", r"рабочих мест", "就业|岗位")),
)
# Two figures compare only where the clauses of both say the same of these.
_QUALIFIERS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "russian",
        _any(
            r"\brussian (?:side|part|section|half|bank|share)|\bon the russian\b",
            r"российск\w+ (?:стор|част|берег|участ)",
            "俄方|俄(?:罗斯)?(?:一侧|境内|段|部分)",
        ),
    ),
    (
        "chinese",
        _any(
            r"\bchinese (?:side|part|section|half|bank|share)|\bon the chinese\b",
            r"китайск\w+ (?:стор|част|берег|участ)",
            "中方|中国?(?:一侧|境内|段|部分)",
        ),
    ),
    ("part", _any(r"\bof (?:which|them|that)\b|\bincluding\b", r"\bиз (?:них|которых)\b|в том числе", "其中")),
    (
        "plan",
        _any(
            r"\bexpect|\bforecast|\bplan(?:s|ned|ning)?\b|\btarget|\bproject(?:ed|s to)|\bwould\b|\bby 20[3-9]",
            r"ожида|прогноз|\bплан|рассчит|будет|должн",
            "预计|预期|计划|目标|规划|拟|将",
        ),
    ),
    (
        "sum",
        _any(r"\bcumulative|\bsince\b|\bin total since", r"нарастающ|накоплен|\bс начала (?!год)|\bс момента", "累计|以来"),
    ),
    (
        "start",
        _any(
            r"\bat (?:the )?(?:start|first|launch)|\binitial",
            r"\bв начале|\bначальн|\bсначала|\bна старте",
            "之初|起初|最初|初期",
        ),
    ),
    ("first", _any(r"\bfirst\b", r"\bперв", "首[次批个趟列]|第一|最先")),
    (
        "road",
        _any(
            r"\bapproach|\baccess road|\broads?\b(?! bridge)",
            r"подъезд|подход|автодорог|\bдорог",
            "引道|接线|引线|公路(?!大?桥)",
        ),
    ),
    ("half", _any(r"\bhalf[ -]year|\b(?:first|second) half|\bh[12]\b", r"полугоди", "半年")),
    ("quarter", _any(r"\bquarter\b|\bq[1-4]\b", r"квартал", "季度")),
    (
        "months",
        _any(r"\bmonths?\b|\bjan\w*[-– ](?:to )?[a-z]{3,9}\b", r"\bмесяц|январ\w*.{1,4}[а-я]+", r"个月|\d ?[-–—至到] ?\d+ ?月"),
    ),
    ("daily", _any(r"\b(?:a|per) day\b|(?-i:\bdaily\b)", r"\bв (?:день|сутки)|суточн|ежедневн", "日均|每天|每日")),
    (
        "rise",
        _any(
            r"\b(?:up|down|rose|fell|grew|growth|increase[ds]?|decrease[ds]?|by)(?: by| of)?$",
            r"\b(?:на|рост|прирост)$",
            "(?:增长|下降|减少|增加|同比|上升)[了约]?$",
        ),
    ),
)
_CHANGE = _any(
    r"\bgrow|\brise|\brose|\bincreas|\bdecreas|\bfell\b|\bdrop|\bfaster",
    r"\bрост|\bвырос|\bприрост|\bснизи|\bупал|\bсокра",
    "增长|下降|增幅|减少|降幅",
)

_SAYS = _any(
    r"\bsa(?:ys?|id)\b|\bgives?\b|\bputs?\b|\bcounts?\b|\bnames?\b|\breport|\baccording to\b|\bquot|\bstates?\b|\bclaims?\b",
    r"\bsp(?:eak|oke)|\btells?\b|\bdates?\b|\bwr[io]te|\bestimat|\bmention|\bcit[ei]|\blists?\b",
    r"\bпиш|\bговор|\bназ[ыв]|\bсообща|\bпо данным\b",
    r"\bутвержда|\bуказ|\bоценива|\bприв[оеё]д|\bверси|\bсчита|\bпис|\bдатир|\bотнос|\bотмеча|\bупомин",
    "[说称写]|报道|提到|认为|记载|介绍|表示|援引|数字是|给出|显示|口径|记为|标为",
)
_BUT = _any(
    r"\bwhile\b|\bwhereas\b|\bbut\b|\bhowever\b|\band\b|\bvs\b|\binstead\b",
    r"(?<=[,;] )(?:а|но)\b|\bтогда как\b|\bмежду тем\b|\bоднако\b|\bже\b",
    "[则却而但]",
)
_QUARREL = _any(
    r"\bdiffer|\bdisput|\bdisagree|\bdiscrepan|\bcontradict|\bat odds\b|\bdo not (?:agree|match)",
    r"\b(?:other|different|several) (?:sources|reports|accounts)",
    r"\bрасхо[дж]|\bразнятся|\bразниц|\bпротивореч|\bразошл|\bиные (?:знач|циф|дан)|\bразн(?:ые|ая) (?:циф|дан|дат)",
    r"\bпо другим\b|\bдругие (?:источн|изда)",
    "不一|相差|差了|矛盾|有出入|有说|两种说法|各异|另有|也有",
)
_SOURCES = (
    "Xinhua, TASS, Interfax, RIA Novosti, Kommersant, People's Daily, China Daily, Global Times, Sputnik, CGTN, RBC, "
    "Vedomosti, China News Service, Heilongjiang Daily, Reuters, Russia, China, Россия, Китай, КНР"
)
_CLAUSE_END = re.compile(r"[;；。，（）()：]|, |: |\b(?:while|whereas|but)\b|则")
_TO = re.compile(r" ?(?:[-–—~～至到]|to|до) ?", re.IGNORECASE)
# What stands around the date of a source: "TASS said on", "Reuters in", "сообщал РБК", "(Xinhua, ...".
_SOURCE_DATE_WINDOW_CHARS = 40
_BEFORE_SOURCE_DATE = _any(
    r"\b(?:said|wrote|reported|told|quoted|cited|report|text|article|statement)(?: \w+){0,3},? (?:on|in|of) $",
    r"\b(?:писа|сообщ|говори|цитир|публикац|пишет|передав)\w*(?: \S+){0,2} $|[(（][^()（）]*$",
)
_AFTER_SOURCE_DATE = _any(
    r"^(?: \w+){0,3} (?:said|says?|gives?|puts?|counts?|names?|wrote|writes|reported|reports|had|has|tells)\b",
    r"^(?: год[ау]?)?(?: \S+)? (?:писа|сообщ|говори|назва|привод|указа|утвержд|оцен)",
    "^的?(?:报道|援引|报导|称|说|数字|发布|刊文|则|消息|介绍)",
)
_NOUN_WINDOW_CHARS = 40


def find_disagreements(question: str, quotes: Sequence[QuotedFact], names: Names = find_names) -> list[Disagreement]:
    """Where quotes, or the sources within one, give different figures or dates for what the question asks.

    `names` gives the ids of the named places, bodies and projects in a text. Citations stand newest first.
    """
    asked = _asked(question, names)
    if asked.wanted.kind not in ("number", "date"):
        return []
    readings = [reading for quote in quotes for reading in _readings(asked, quote, names)]
    agreed = {_numbers(*pair) for pair in combinations(readings, 2) if pair[0].quote is not pair[1].quote and _same(*pair)}
    pairs = [pair for pair in combinations(readings, 2) if _numbers(*pair) not in agreed and _at_odds(asked, *pair, names)]
    if not pairs:
        return []
    unit = pairs[0][0].unit
    opposed = [reading for pair in pairs for reading in pair if reading.unit == unit]
    met = [reading for reading in readings if reading.unit == unit and any(_same(reading, one) for one in opposed)]
    met.sort(key=lambda reading: (-(reading.quote.published or date.min).toordinal(), reading.quote.number))
    return [Disagreement(about=_about(met), citations=tuple(dict.fromkeys(reading.quote.number for reading in met)))]


def _numbers(one: _Reading, other: _Reading) -> tuple[int, int]:
    return one.quote.number, other.quote.number


def _asked(question: str, names: Names) -> _Asked:
    return _Asked(
        wanted=expected(question),
        language=detect_language(question),
        words=frozenset(word for word in lexical_tokens(question) if not word.isdigit()),
        names=names(question) - names(_SOURCES),
        aspects=_matching(_ASPECTS, question),
        changes=bool(_CHANGE.search(question)),
    )


def _matching(table: tuple[tuple[str, re.Pattern[str]], ...], text: str) -> frozenset[str]:
    return frozenset(name for name, pattern in table if pattern.search(text))


def _readings(asked: _Asked, quote: QuotedFact, names: Names) -> Iterator[_Reading]:
    """What a quote gives of the kind wanted, if it may be about the thing."""
    named = names(quote.text) - names(_SOURCES)
    if asked.names and named and not named & asked.names:
        return
    facts = facts_of(quote.text)
    years = {mention.year for mention in facts.dates if mention.year}
    if years and not asked.wanted.years <= years:
        return
    found = _days(quote, facts.dates) if asked.wanted.kind == "date" else _amounts(asked, quote, facts.quantities, facts.dates)
    for reading in found:
        elsewhere = asked.names and named & asked.names and not _SAYS.search(reading.clause)
        if elsewhere and (there := names(reading.clause) - names(_SOURCES)) and not there & asked.names:
            continue
        aspects = _matching(_ASPECTS, reading.clause) or _matching(_ASPECTS, quote.text)
        if (aspects or asked.aspects & _SPELT_OUT) and asked.aspects and not asked.aspects & aspects:
            continue
        if asked.lasting or not (asked.wanted.years and reading.years) or asked.wanted.years & reading.years:
            yield reading


def _amounts(
    asked: _Asked, quote: QuotedFact, quantities: Sequence[Quantity], dates: Sequence[DateMention]
) -> Iterator[_Reading]:
    ended = -1
    for i, quantity in enumerate(quantities):
        wanted = quantity.unit in asked.wanted.units if asked.wanted.units else _counts(asked, quote.text, quantity)
        if not wanted or quantity.start_char < ended:
            continue
        last = quantity
        following = quantities[i + 1] if i + 1 < len(quantities) else quantity
        if following.unit == quantity.unit and _TO.fullmatch(quote.text, quantity.end_char, following.start_char):
            last = following
        ended = last.end_char
        clause = _clause(quote.text, quantity.start_char, last.end_char)
        before = quote.text[max(0, quantity.start_char - 24) : quantity.start_char].rstrip()
        if not asked.changes and dict(_QUALIFIERS)["rise"].search(before):
            continue
        unit, power = _BASE_UNITS.get(quantity.unit, (quantity.unit, 0))
        yield _Reading(
            quote=quote,
            said=quote.text[quantity.start_char : last.end_char],
            clause=clause,
            unit=unit,
            low=quantity.value.scaleb(power),
            high=last.value.scaleb(power),
            grain=max(_grain(one, power) for one in (quantity, last)),
            approximate=quantity.approximate or last.approximate,
            over=bool(_OVER.search(before)),
            years=_period(clause, quote.text, dates),
        )


def _counts(asked: _Asked, text: str, quantity: Quantity) -> bool:
    """Whether a number without a unit of measure counts what the question names."""
    following = lexical_tokens(text[quantity.end_char : quantity.end_char + _NOUN_WINDOW_CHARS])[:2]
    return quantity.unit in ("", "people") and not asked.words.isdisjoint(following)


def _days(quote: QuotedFact, dates: Sequence[DateMention]) -> Iterator[_Reading]:
    """Dates with a year, but not those of sources: "TASS said on 24 October 2025"."""
    mentions = [mention for mention in dates if mention.year and not _dates_a_source(quote.text, mention)]
    for mention in mentions:
        yield _Reading(
            quote=quote,
            said=quote.text[mention.start_char : mention.end_char],
            clause=_clause(quote.text, mention.start_char, mention.end_char),
            unit="date",
            day=(mention.year, mention.month, mention.day),
            alone=len(mentions) == 1,
        )


def _dates_a_source(text: str, mention: DateMention) -> bool:
    before = text[max(0, mention.start_char - _SOURCE_DATE_WINDOW_CHARS) : mention.start_char]
    after = text[mention.end_char : mention.end_char + _SOURCE_DATE_WINDOW_CHARS]
    return bool(_BEFORE_SOURCE_DATE.search(before) or _AFTER_SOURCE_DATE.search(after))


def _clause(text: str, start_char: int, end_char: int) -> str:
    """The clause around a figure."""
    start = max((match.end() for match in _CLAUSE_END.finditer(text, 0, start_char)), default=0)
    end = _CLAUSE_END.search(text, end_char)
    return text[start : end.start() if end else len(text)]


def _period(clause: str, text: str, dates: Sequence[DateMention]) -> frozenset[int]:
    """The years a figure is of: whole years named in its clause, else in the quote. Days and months are those of a source."""
    whole = [mention for mention in dates if mention.year and not mention.month]
    start = text.find(clause)
    inside = frozenset(m.year for m in whole if m.year and start <= m.start_char < start + len(clause))
    return inside or frozenset(m.year for m in whole if m.year)


def _grain(quantity: Quantity, power: int) -> Decimal:
    """How finely a value is written: 1.3亿 to ten million, 46,000 to a thousand; a value about, to its last digit not zero."""
    _, digits, exponent = quantity.value.as_tuple()
    zeros = len(digits) - len("".join(map(str, digits)).rstrip("0")) if any(digits) else 0
    return Decimal(1).scaleb(int(exponent) + power + (zeros if quantity.approximate else zeros // 3 * 3))


def _same(one: _Reading, other: _Reading) -> bool:
    """Whether two readings agree, as far as both tell."""
    if one.unit != other.unit:
        return False
    if one.unit == "date":
        return all(a == b for a, b in zip(one.day, other.day, strict=True) if a and b)
    if (one.over and other.high < one.low) or (other.over and one.high < other.low):
        return False
    if one.approximate or other.approximate:
        slack = max(one.grain, other.grain, _ABOUT * max(one.high, other.high))
    else:
        slack = max(one.grain, other.grain) / 2 if one.grain != other.grain else Decimal(0)
    return one.low <= other.high + slack and other.low <= one.high + slack


def _at_odds(asked: _Asked, one: _Reading, other: _Reading, names: Names) -> bool:
    if one.unit != other.unit or _same(one, other):
        return False
    if _matching(_QUALIFIERS, one.clause) != _matching(_QUALIFIERS, other.clause):
        return False
    if not asked.lasting and one.years and other.years and one.years.isdisjoint(other.years):
        return False
    if one.quote is other.quote:
        return _attributed_apart(one, other)
    return _cross(asked, one, other, names)


def _attributed_apart(one: _Reading, other: _Reading) -> bool:
    """Within one quote: two clauses, two sources."""
    text = one.quote.text
    if one.clause == other.clause:
        return False
    sayings = len(_SAYS.findall(text))
    return (sayings > 1 and bool(_BUT.search(text))) or (sayings > 0 and bool(_QUARREL.search(text)))


def _cross(asked: _Asked, one: _Reading, other: _Reading, names: Names) -> bool:
    """Between two quotes: both about the thing; within an article, or far apart, only if one speaks of a disagreement."""
    if not (one.alone and other.alone):
        return False
    quarrels = [bool(_QUARREL.search(reading.quote.text)) for reading in (one, other)]
    if not any(quarrels) and (one.quote.article_id == other.quote.article_id or not _comparable(one, other)):
        return False
    return all(
        _about_it(asked, reading, names) or (quarrel and one.unit != "date")
        for reading, quarrel in zip((one, other), quarrels, strict=True)
    )


def _comparable(one: _Reading, other: _Reading) -> bool:
    """Figures for one thing are of one size, or a power of ten apart by mistake."""
    if one.unit == "date":
        return True
    small, large = sorted((one.high, other.high))
    return small > 0 and (large < _COMPARABLE * small or large in (small.scaleb(power) for power in range(1, 4)))


def _about_it(asked: _Asked, reading: _Reading, names: Names) -> bool:
    text = reading.quote.text
    if detect_language(text) == asked.language:
        share = _SHARE_OF_WORDS_DATE if reading.unit == "date" else _SHARE_OF_WORDS
        return len(asked.words & set(lexical_tokens(text))) >= share * len(asked.words)
    return reading.unit != "date" and bool(asked.names) and asked.names <= names(text)


def _about(readings: Sequence[_Reading]) -> str:
    """The values as they stand, each once."""
    shown: list[_Reading] = []
    for reading in readings:
        if not any(_same(reading, one) for one in shown):
            shown.append(reading)
    return " / ".join(reading.said for reading in shown)
