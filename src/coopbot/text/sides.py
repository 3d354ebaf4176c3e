"""The sides of a comparison, and what is asked of each: "Which is longer, A or B?" asks how long A is, and how long B is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, zip_longest

from coopbot.domain import Language, Span
from coopbot.text.characters import HAN
from coopbot.text.cues import asks_for_shares, find_cues, without_cues
from coopbot.text.dates import find_dates
from coopbot.text.gazetteer import find_names, name_spans, places_around
from coopbot.text.glossary import find_concepts
from coopbot.text.language import detect_language
from coopbot.text.measures import flatten
from coopbot.text.tokens import fold, lexical_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the things compared: its words in the question, and the question that asks the same of it alone. units: of the
    figure that is asked for, as in `figures`; empty if they can be any. measures: where a question names nothing that it
    compares the sides by, it of whatever is measured of things, in one order for all sides.
    """

    words: str
    question: str
    units: frozenset[str] = frozenset()
    measures: tuple[Side, ...] = ()


_MOST_SIDES = 4
_OF = "的"
# Of how many words the first of three sides may be.
_MOST_WORDS = 4
# What may stand between two sides.
_JOINT = re.compile(
    r"\b(?:or|and|than|vs\.?|versus|with|to|against|from|compared|или|и|чем|vs|против|с|со|от|либо|по сравнению)\b|还是"
    r"|或者?|[和与跟同及比对、]|[,，/]"
    r"|[-–—] ",
    re.IGNORECASE,
)
_OR = (
    r"(?:or(?: rather)?|vs\.?|versus|and|with|than|compared (?:to|with)|against|from|или(?: вс[её]-таки)?|и|против|чем|vs"
    r"|с|от)"
)
_LEFT = (
    r"(?:^|[,:;—–]|\b(?:between|compare|is|are|was|were|does|do|did|of|through|by|at|in|via|что|где|кто|через"
    r"|между|сравни(?:те)?"
    r"|сопоставь(?:те)?|отличается|разница|of the)\b) *"
)
_RIGHT = r"(?= *(?:$|[?？,:;—–.]|\b(?:in|by|for|at|which|what|who|where|of|from|по|на|в|до|где|что|кто|больше|меньше)\b))"
_SPACED = re.compile(
    rf"{_LEFT}(?P<a>[^,:;?—–]{{1,60}}?),? {_OR} (?:at |in |through |by |via |в |во |через "
    rf"|на )?(?P<b>[^,:;?—–]{{1,60}}?){_RIGHT}",
    re.IGNORECASE,
)
_UNSPACED = re.compile(
    r"(?:^|[，,：:]|比较|对比|拿|走|是)(?:一下)?(?P<a>[^，,：:？?和与跟同比]{2,24}?)(?:和|与|跟|同|[多少大长贵快早]?还是|或者?|比|、)(?:是"
    r"|走)?"
    r"(?P<b>[^，,：:？?]{2,24}?)(?=哪|谁|的|各|分别|差|相比|有什么|之间|更|[长大高贵快早深宽多](?=[？?，,吗些]|$)|作|，|,|：|:|[？?]|$)"
)

_COMPARATIVE = (
    r"(?:longer|shorter|wider|deeper|higher|older|newer|earlier|later|faster|slower|cheaper|bigger|larger|smaller|busier"
    r"|more expensive|more|less"
    r"|длиннее|короче|шире|глубже|выше|старше|новее|раньше|позже|быстрее|дешевле|дороже|больше|меньше)"
)
_EDGE_BEFORE = re.compile(
    rf"^(?:{_COMPARATIVE}|(?:is|are|was|were|do|does|did|has|have|at|in|by|via|through|в|во|на|через|compare"
    r"|сравни(?:те|ть)?)\b)\s+",
    re.IGNORECASE,
)
_EDGE_AFTER = re.compile(
    rf"(?:\s+(?:costs?|cost|стоит|стоил\w*|run|runs))?\s+{_COMPARATIVE}$|\s+costs?$|(?<=\w)(?:相比|比)$", re.IGNORECASE
)
# One thing and whether it is so: "is it needed or not yet?".
_OR_NOT = re.compile(
    r"\b(?:or (?:is it |are they |has it |did it )?not|(?:или|либо) (?:вс[её] |пока |ещ[её] |уже )*(?:нет|не))\b"
    r"|(?:还是|或者?)(?:还?没有?|不是?|未)(?![\w])",
    re.IGNORECASE,
)
# Between sides that stand in full: "by bus vs by boat vs on foot, minutes".
_AGAINST = re.compile(r"\s+(?:vs\.?|versus|compared (?:to|with)|по сравнению с|против)\s+", re.IGNORECASE)
_HEAD, _TAIL = re.compile(r"^(?:.*[:：]|compare|сравни(?:те|ть)?)? *", re.IGNORECASE), re.compile(r" *[,;?？].*$")
# A list of three or more short things: after a colon or "compare", or in Chinese with spaces or its own commas.
_LISTED = re.compile(
    r"(?:[:：—–]|^(?:compare|сравни(?:те|ть)?)\b) *(?P<list>[^:：—–?？,]{1,40}(?:(?:, *[^:：—–?？,]{1,40})*,? (?:and|or|и|или)"
    r" [^:：—–?？,]{1,40}?|(?:, *[^:：—–?？,]{1,40}){2,}))(?=$|[?？]| (?:as|by|for|in|on|в|за|как|на|по)\b)",
    re.IGNORECASE,
)
_ENUMERATION = re.compile(r" *, *(?:(?:and|or|и|или) )?| +(?:and|or|и|или) +")
_HAN_ITEM = rf"(?:(?![哪谁各差和与跟及的])[{HAN}]){{2,9}}"
_HAN_LISTED = re.compile(
    rf"(?:^|[，,：: 的])(?:比较|对比)?(?P<list>{_HAN_ITEM}(?:[ 、]+{_HAN_ITEM}){{1,3}}) *(?=[哪谁各差对在向从的？?，\d]|分别|$)"
)
_HAN_ENUMERATION = re.compile(r"[ 、]+")
_FURTHER = re.compile(r",? (?:and|or|vs\.?|и|или) (?P<side>[^\W\d][^,?？:;—–]{2,40})(?=$|[?？,:;—–])", re.IGNORECASE)
# Words that ask for several things at once, and what remains for one.
_OF_EACH = (
    (
        re.compile(r"哪[个家条边种座]?更?(?=[多少])|谁更?(?=[多少])|各自?(?=[是有占要多])|分别|相?差(?=多少|几)|[，,] *差多少"),
        "",
    ),
    (re.compile(r"\bcompare\b|\bсравни(?:те|ть)?\b|比较(?:一下)?|对比(?:一下)?|比一比", re.IGNORECASE), ""),
    (re.compile(r"(?<!多)(?:多|少)(?=[？?]?$)"), "多少"),
    (re.compile(r"\b(?:где|кто|кому|куда) (?:больше|меньше)\b", re.IGNORECASE), "сколько"),
    (
        re.compile(
            r"\b(?:each|both|respectively|please|более|сколько кому)\b|\bin (?:km|metres|meters|hours|days)\b", re.IGNORECASE
        ),
        "",
    ),
)
# The noun of all sides, said once: "the Heihe and Tongjiang bridges", 黑河和同江大桥, «мосты Хэйхэ и Тунцзян».
_NOUNS_AFTER = re.compile(r"(?P<noun> (?:[a-z]+ )?(?:bridge|crossing|port|checkpoint|route|pipeline|terminal|airport|park))s$")
_NOUN_AFTER = re.compile(r"(?P<noun>口岸|(?:铁路|公路)?大?桥|铁路|公路|管道)$")
_NOUNS_BEFORE = re.compile(
    r"\b(?P<noun>\w*(?:мост|порт|переход|коридор|газопровод|терминал|аэропорт|парк)|пункт)ы\b(?P<of> пропуска)?"
)

# Says not by what things are compared.
_NO_MEASURE = re.compile(r"一下|the two|each other|друг с другом", re.IGNORECASE)
_SAYS_MORE = re.compile(rf"\b{_COMPARATIVE}\b", re.IGNORECASE)
_COMPARED = re.compile(rf"(?<=\w )\b{_COMPARATIVE} (?=\w)", re.IGNORECASE)
_ARTICLE = re.compile(r"\bthe $", re.IGNORECASE)
_BETWEEN = re.compile(r"\b(?:between|между)\b|之间", re.IGNORECASE)
# Words that compare with another thing, not with another time.
_COMPARES = re.compile(
    r"\b(?:than|compared (?:with|to)) (?!(?:a|one) (?:year|month)|in |the (?:same|year)|last|\d)"
    r"|\b(?:чем|по сравнению с) (?!в |за |год|на |\d)|(?:与|和|跟|同)[^，。]{1,20}相比|比(?!上|去|同|前|例|重|\d)",
    re.IGNORECASE,
)
_TOGETHER = re.compile(r"\b(?:together|combined|in all|вместе|в сумме|на двоих)\b|合计|共计|总共|一共", re.IGNORECASE)

# What a comparative asks for, by language: {x} stands for the side.
_MEASURES: tuple[tuple[re.Pattern[str], dict[Language, str], frozenset[str]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), {"en": english, "zh": chinese, "ru": russian}, frozenset(units.split()))
    for pattern, english, chinese, russian, units in (
        (
            r"\b(?:cheap\w*|expensive|cost|costs|price|priciest|fare)\b|\b(?:дешевле|дороже|стоимост\w+|цен\w|стоил\w*"
            r"|стоит)\b|便宜|更?贵|造价|价格|票价|花费|成本",
            "How much did {x} cost?",
            "{x}的费用是多少？",
            "Сколько стоит {x}?",
            "usd cny rub eur",
        ),
        (
            r"\b(?:long(?:er|est)|short(?:er|est)|length)\b|\b(?:длинн\w+|короче|длин\w)\b|[更谁]长|长度|多长"
            r"|哪[个条座]更?[长短]|长吗",
            "How long is {x}?",
            "{x}有多长？",
            "Какова длина {x}?",
            "m",
        ),
        (
            r"\b(?:deep(?:er|est)|depth)\b|\bглуб\w+\b|更深|深度",
            "How deep is {x}?",
            "{x}有多深？",
            "Какова глубина {x}?",
            "m",
        ),
        (
            r"\b(?:high(?:er|est)|tall(?:er|est)|height)\b|\bвыше\b|更高|高度",
            "How high is {x}?",
            "{x}有多高？",
            "Какова высота {x}?",
            "m",
        ),
        (
            r"\b(?:old(?:er|est)|new(?:er|est)|earlier|later|before|sooner)\b"
            r"|\bfirst\b(?! (?:\w+ )?(?:months?|half|quarters?|years?))|\b(?:старше|новее|раньше|позже|первым"
            r"|первой)\b|[更先]早|先(?:开|建|通)|早吗|更新",
            "When did {x} open?",
            "{x}什么时候开通？",
            "Когда открыли {x}?",
            "date",
        ),
        (
            r"\b(?:fast(?:er|est)|quick\w*|slow\w*|minutes|hours|days)\b|\b(?:быстрее|медленнее|минут|часов|дней|суток)\b"
            r"|更?快|[几多少]天|小时|分钟",
            "How long does it take by {x}?",
            "{x}需要多长时间？",
            "Сколько времени занимает {x}?",
            "minutes hours days",
        ),
        (
            r"\b(?:capacit\w+|throughput)\b|\b(?:пропускн\w+|мощнее|мощност\w+|вместимост\w+)\b|运力|容量|通过能力|产能",
            "What is the capacity of {x}?",
            "{x}的能力是多少？",
            "Какова мощность {x}?",
            "t m3 people vehicles trains wagons teu w wh",
        ),
        (
            r"\b(?:cargo|freight|goods|tonnage)\b|\b(?:груз(?!овик)\w*|тонн\w*)\b|货(?!车)",
            "How much cargo goes through {x}?",
            "{x}的货运量是多少？",
            "Сколько грузов идёт через {x}?",
            "t teu wagons trains",
        ),
        (
            r"\b(?:tourists?|visitors?|passengers?|travellers?)\b|\b(?:турист\w*|пассажир\w*)\b|游客|旅客",
            "How many people travel through {x}?",
            "{x}的游客有多少？",
            "Сколько туристов, {x}?",
            "people",
        ),
        (
            r"\b(?:trade|turnover)\b|\b(?:товарооборот\w*|торговл\w+)\b|贸易",
            "What is the trade of {x}?",
            "{x}的贸易额是多少？",
            "Каков товарооборот {x}?",
            "usd cny rub eur",
        ),
        (
            r"\barea\b|\bплощад\w+|面积|(?:остров|озер|парк|территори|зон)\w* (?:больше|меньше)\b"
            r"|[岛湖园]\w{0,6}谁?[更最]?[大小]",
            "What is the area of {x}?",
            "{x}的面积是多少？",
            "Какова площадь {x}?",
            "m2",
        ),
        (
            r"\b(?:big(?:ger|gest)|larg(?:er|est)|small(?:er|est)|size)\b|\bкрупнее\b|更大",
            "How large is {x}?",
            "{x}有多大？",
            "Каков размер {x}?",
            "",
        ),
    )
)
# What comes first in Chinese is said by the verb: "opens to traffic" is not "is begun".
_COMES_FIRST = re.compile(rf"先(?P<verb>[{HAN}]{{2,3}})(?=$|[\s,?，？])")
# What places are compared by, and what things are, where a question does not say: their English questions.
_OF_PLACES = frozenset({"What is the trade of {x}?", "How much cargo goes through {x}?", "How many people travel through {x}?"})
_OF_THINGS = frozenset(
    {
        "How much did {x} cost?",
        "How long is {x}?",
        "When did {x} open?",
        "What is the capacity of {x}?",
        "How much cargo goes through {x}?",
        "What is the area of {x}?",
    }
)


def find_sides(question: str) -> tuple[Side, ...]:
    """The sides of a comparison, in their order; empty if they cannot be told apart. A side may be there twice."""
    flat = flatten(question)
    if _OR_NOT.search(flat) or _TOGETHER.search(flat):
        return ()
    if _BETWEEN.search(flat) and (cues := find_cues(question))["compare"] + cues["more"] < 2:  # a way from one to the other
        return ()
    spans = _against(question) or _listed(question) or _named(question) or _dated(question) or _written(question)
    if len(spans) < 2:
        return ()
    spans = [_trimmed(question, span) for span in spans[:_MOST_SIDES]]
    words = _with_shared_noun(question, spans)
    return tuple(_side(question, spans, words, place) for place in range(len(spans)))


def is_of_all(text: str) -> bool:
    """Whether a text gives a figure of several things together."""
    return bool(_TOGETHER.search(flatten(text)))


def compares(text: str) -> bool:
    """Whether a text itself compares a thing with another: "cheaper than by air"."""
    return bool(_COMPARES.search(flatten(text)))


def is_one_thing(one: Side, other: Side) -> bool:
    """Whether two sides are the same."""
    names = find_names(one.words)
    return lexical_tokens(one.words) == lexical_tokens(other.words) or (bool(names) and names == find_names(other.words))


def _against(question: str) -> list[Span]:
    """The sides that "versus" and the like part, where there are three of them or names do not tell them apart."""
    flat = flatten(question)
    joints = list(_AGAINST.finditer(flat))
    if not joints:
        return []
    starts = [_HEAD.match(flat[: joints[0].start()]), *joints]
    bounds = [one.end() if one else 0 for one in starts]
    ends = [one.start() for one in joints]
    tail = _TAIL.search(flat, joints[-1].end())
    ends.append(tail.start() if tail else len(flat))
    spans = [Span(start_char=start, end_char=end) for start, end in zip(bounds, ends, strict=True)]
    names = [find_names(span.of(question)) for span in spans]
    shared = any(one & other for one, other in pairwise(names))
    fits = all(span.start_char < span.end_char for span in spans)
    nameless = not any(names) and not any(find_dates(span.of(question)) for span in spans)
    return spans if fits and (len(spans) > 2 or shared or nameless) else []


def _listed(question: str) -> list[Span]:
    """The things of a list, three or more; in Chinese also two, with a space between them."""
    flat = flatten(question)
    for pattern, joint, least in ((_LISTED, _ENUMERATION, 3), (_HAN_LISTED, _HAN_ENUMERATION, 2)):
        found = pattern.search(flat)
        if found is None:
            continue
        spans, start = [], found.start("list")
        for one in (*joint.finditer(flat, start, found.end("list")), None):
            spans.append(Span(start_char=start, end_char=one.start() if one else found.end("list")))
            start = one.end() if one else start
        if len(spans) >= least and not any(_SAYS_MORE.search(span.of(flat)) for span in spans):
            return spans
    return []


def _named(question: str) -> list[Span]:
    """The names in the question that something joins, each with the words that belong to it."""
    spans = [span for span, _ in name_spans(question) if span.start_char < span.end_char]
    groups: list[list[Span]] = [[]]
    for one, other in zip_longest(spans, spans[1:]):
        groups[-1].append(one)
        if other is not None and not _JOINT.search(question[one.end_char : other.start_char]):
            groups.append([])
    best = max(groups, key=len) if spans else []
    if len(best) < 2:
        return []
    spans = []
    for span in best:  # with the word for what it is, unless that belongs to another
        after = _WORD_AFTER.match(question, span.end_char)
        before = _WORD_BEFORE.search(question[: span.start_char])
        start, end = before.start() if before else span.start_char, after.end() if after else span.end_char
        whole = Span(start_char=start, end_char=end)
        spans.append(span if any(whole.overlaps(other) for other in best if other is not span) else whole)
    further = _FURTHER.match(question, spans[-1].end_char)  # one without a name, after those that have one
    if further and len(further["side"].split()) <= _MOST_WORDS and not find_cues(further["side"])["amount"]:
        spans.append(Span(start_char=further.start("side"), end_char=further.end("side")))
    return spans


_WORD_AFTER = re.compile(
    r"(?: (?:[a-z]+ )?(?:bridge|crossing|port|checkpoint|route|pipeline|line|corridor|railway|terminal|airport|park)s?\b)"
    r"|(?:口岸|大桥|铁路|公路)+",
    re.IGNORECASE,
)
_WORD_BEFORE = re.compile(
    r"\b(?-i:[A-Z][a-z]+ of (?:the )?)$"
    r"|\b(?:мост\w*|порт\w*|переход\w*|коридор\w*|газопровод\w*|терминал\w*|парк\w*|пункт\w* пропуска) $",
    re.IGNORECASE,
)


def _dated(question: str) -> list[Span]:
    """Two years or more, if the question compares these."""
    dates = [mention for mention in find_dates(question) if mention.year]
    joined = all(_JOINT.search(question[one.end_char : other.start_char]) for one, other in pairwise(dates))
    return [Span(start_char=one.start_char, end_char=one.end_char) for one in dates] if len(dates) > 1 and joined else []


def _written(question: str) -> list[Span]:
    """The words before and after "or" and the like."""
    flat = flatten(question)
    found = _closest(_SPACED, flat) or _UNSPACED.search(flat)
    if found is None:
        return []
    spans = [Span(start_char=found.start(name), end_char=found.end(name)) for name in ("a", "b")]
    of = spans[0].of(flat).rfind(_OF)  # "the cars and lorries that China sold": what is said of both is no part of one
    if 0 <= of < spans[0].end_char - spans[0].start_char - 1 and _OF not in spans[1].of(flat):
        spans[0] = Span(start_char=spans[0].start_char + of + 1, end_char=spans[0].end_char)
    if inside := list(_COMPARED.finditer(spans[0].of(flat))):  # "to go there is cheaper by bus or by boat"
        spans[0] = Span(start_char=spans[0].start_char + inside[-1].end(), end_char=spans[0].end_char)
    if begun := _WORD_BEFORE.search(question[: spans[0].start_char]):  # "the Power of Siberia"
        spans[0] = replace(spans[0], start_char=begun.start())
    first = question[: spans[0].start_char]
    more = re.search(r"(?:^|[,:] |— )(?P<more>[^,:?—]{2,40}), ?$", first)
    if (
        more
        and len(more["more"].split()) <= _MOST_WORDS
        and lexical_tokens(without_cues(more["more"]))
        and not _SAYS_MORE.search(more["more"])
        and flat[spans[0].end_char :].lstrip().startswith(("or", "или"))
    ):
        spans.insert(0, Span(start_char=more.start("more"), end_char=more.end("more")))
    return spans


def _closest(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The match whose first side is shortest: it begins at the last place that can begin it."""
    found, at = None, 0
    while match := pattern.search(text, at):
        if found and match.start("b") != found.start("b"):
            break
        found, at = match, match.start() + 1
    return found


def _trimmed(question: str, span: Span) -> Span:
    """A side without comparatives at its ends, and with an article before it."""
    words = span.of(question)
    start = len(words) - len(_EDGE_BEFORE.sub("", words))
    end = len(_EDGE_AFTER.sub("", words))
    if start >= end:
        return span
    article = None if words[:4].isdigit() else _ARTICLE.search(question[: span.start_char + start])
    return Span(start_char=article.start() if article else span.start_char + start, end_char=span.start_char + end)


def _with_shared_noun(question: str, spans: Sequence[Span]) -> list[str]:
    """The words of the sides, each with the noun that the question says once for all."""
    words = [span.of(question).strip() for span in spans]
    if after := _NOUNS_AFTER.search(flatten(words[-1])):
        words[-1] = words[-1][:-1]
        return [one if one.endswith(after["noun"]) else one + after["noun"] for one in words]
    if (after := _NOUN_AFTER.search(words[-1])) and all(map(find_names, words[:-1])):
        return [one if _NOUN_AFTER.search(one) else one + after["noun"] for one in words]
    if before := _NOUNS_BEFORE.search(flatten(question[: spans[0].end_char])):
        noun = before["noun"] + (before["of"] or "")
        return [f"{noun} {one[len(before[0]) :].strip() if one.startswith(before[0]) else one}" for one in words]
    return words


def _side(question: str, spans: Sequence[Span], every: Sequence[str], place: int) -> Side:
    """A side with what the question asks, of it alone. every: the words of all sides."""
    flat, language, words = flatten(question), detect_language(question), every[place]
    before, after = _NOUNS_BEFORE.sub("", flat[: spans[0].start_char]), flat[spans[-1].end_char :]
    between = (flat[one.end_char : other.start_char] for one, other in pairwise(spans))
    rest = " ".join((before, *between, after))
    for pattern, asks, units in () if asks_for_shares(rest) else _MEASURES:
        if pattern.search(fold(rest)) or pattern.search(rest):
            if words[:4].isdigit():
                return Side(words=words, question=_alone(before, words, after), units=units)
            kept = _context(pattern.sub(" ", rest), language)
            asked = asks[language].format(x=f"{words} {kept}".strip() if language != "zh" else f"{kept}{words}")
            if language == "zh" and (first := _COMES_FIRST.search(rest)):
                asked = f"{words}什么时候{first['verb']}？"
            return Side(words=words, question=asked, units=units)
    asked = _alone(before, words, after)
    if lexical_tokens(without_cues(_NO_MEASURE.sub(" ", rest))) or find_names(rest) or any(map(find_dates, every)):
        return Side(words=words, question=asked)
    of_places = all(any(map(places_around, find_names(one))) for one in every)
    measures = tuple(
        Side(words=words, question=measure[language].format(x=words), units=units)
        for _, measure, units in _MEASURES
        if (_OF_PLACES if of_places else _OF_THINGS) & {measure["en"]}
    )
    return Side(words=words, question=asked, measures=measures)


def _alone(before: str, words: str, after: str) -> str:
    """A question with one side in the place of all."""
    asked = f"{before}{words}{after}"
    for pattern, instead in _OF_EACH:
        asked = pattern.sub(instead, asked)
    return " ".join(asked.split()).strip(" ,:;-—")


def _context(rest: str, language: Language) -> str:
    """Of what a question says beside its sides, the names, years and words of the field."""
    named = [span.of(rest) for span, _ in name_spans(rest) if span.start_char < span.end_char]
    words = re.sub(r"[^\w\s]", " ", without_cues(rest)).split()
    kept = [mention.of(rest) for mention in find_dates(rest)] if language == "zh" else []
    kept += [word for word in words if find_concepts(word) or word.isdigit()]
    return ("" if language == "zh" else " ").join((*dict.fromkeys(named), *kept))
