"""The sides of a comparison, and what is asked of each: "Which is longer, A or B?" asks how long A is, and how long B is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest

from coopbot.domain import Language, Span
from coopbot.text.cues import without_cues
from coopbot.text.dates import find_dates
from coopbot.text.gazetteer import find_names, name_spans
from coopbot.text.language import detect_language
from coopbot.text.measures import flatten
from coopbot.text.tokens import fold, lexical_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the things compared: its words in the question, and the question that asks the same of it alone. units: of the
    figure that is asked for, as in `figures`; empty if they can be any.
    """

    words: str
    question: str
    units: frozenset[str] = frozenset()


_MOST_SIDES = 4
_MOST_SIDE_CHARS = 60
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
_RIGHT = r"(?= *(?:$|[?？,:;—–.]|\b(?:in|by|for|at|which|what|who|where|by|of|по|на|в|где|что|кто|больше|меньше)\b))"
_SPACED = re.compile(
    rf"{_LEFT}(?P<a>[^,:;?—–]{{1,60}}?),? {_OR} (?:at |in |through |by |via |в |во |через "
    rf"|на )?(?P<b>[^,:;?—–]{{1,60}}?){_RIGHT}",
    re.IGNORECASE,
)
_HAN = re.compile(
    r"(?:^|[，,：:]|比较|对比|拿|走|是)(?:一下)?(?P<a>[^，,：:？?和与跟同比]{2,24}?)(?:和|与|跟|同|还是|或者?|比|、)(?:是"
    r"|走)?"
    r"(?P<b>[^，,：:？?]{2,24}?)(?=哪|谁|的|相比|有什么|之间|更|[长大高贵快早深宽多]|作|，|,|：|:|[？?]|$)"
)

_COMPARATIVE = (
    r"(?:longer|shorter|wider|deeper|higher|older|newer|earlier|later|faster|slower|cheaper|bigger|larger|smaller|busier"
    r"|more expensive|more|less"
    r"|длиннее|короче|шире|глубже|выше|старше|новее|раньше|позже|быстрее|дешевле|дороже|больше|меньше)"
)
_EDGE_BEFORE = re.compile(rf"^(?:{_COMPARATIVE}|(?:is|are|was|does|at|in|by|via|through|в|во|на|через)\b)\s+", re.IGNORECASE)
_EDGE_AFTER = re.compile(rf"\s+{_COMPARATIVE}$", re.IGNORECASE)
_ARTICLE = re.compile(r"\bthe $", re.IGNORECASE)

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
            r"|哪个[更]?[长短]|长吗",
            "How long is {x}?",
            "{x}有多长？",
            "Какова длина {x}?",
            "m",
        ),
        (
            r"\b(?:wid(?:er|est)|width)\b|\bшир\w+\b|更宽|宽度",
            "How wide is {x}?",
            "{x}有多宽？",
            "Какова ширина {x}?",
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
            r"\b(?:old(?:er|est)|new(?:er|est)|earlier|later|first|before|sooner)\b|\b(?:старше|новее|раньше|позже|первым"
            r"|первой)\b|[更先]早|先(?:开|建|通)|早吗|更新",
            "When did {x} open?",
            "{x}什么时候开通？",
            "Когда открыли {x}?",
            "date",
        ),
        (
            r"\b(?:fast(?:er|est)|quick\w*|slow\w*)\b|\b(?:быстрее|медленнее)\b|更?快",
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
            "",
        ),
        (
            r"\b(?:cargo|freight|goods|tonnage)\b|\b(?:груз\w*|тонн\w*)\b|货",
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
            r"\b(?:big(?:ger|gest)|larg(?:er|est)|small(?:er|est)|size|area)\b|\b(?:крупнее|площад\w+)\b|更大|面积",
            "How large is {x}?",
            "{x}有多大？",
            "Каков размер {x}?",
            "",
        ),
    )
)


def find_sides(question: str) -> tuple[Side, ...]:
    """The sides of a comparison, in their order; empty if they cannot be told apart. A side may be there twice."""
    spans = _named(question) or _dated(question) or _written(question)
    if len(spans) < 2:
        return ()
    spans = [_trimmed(question, span) for span in spans[:_MOST_SIDES]]
    return tuple(_side(question, spans, place) for place in range(len(spans)))


def is_one_thing(one: Side, other: Side) -> bool:
    """Whether two sides are the same."""
    names = find_names(one.words)
    return lexical_tokens(one.words) == lexical_tokens(other.words) or (bool(names) and names == find_names(other.words))


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
    return [_whole(question, span, best) for span in best]


_WORD_AFTER = re.compile(
    r"(?: (?:[a-z]+ )?(?:bridge|crossing|port|checkpoint|route|pipeline|line|corridor|railway|terminal|airport|park)s?\b)"
    r"|(?:口岸|大桥|铁路|公路)+",
    re.IGNORECASE,
)
_WORD_BEFORE = re.compile(
    r"\b(?:мост\w*|порт\w*|переход\w*|коридор\w*|газопровод\w*|терминал\w*|парк\w*|пункт\w* пропуска) $", re.IGNORECASE
)


def _whole(question: str, span: Span, others: Sequence[Span]) -> Span:
    after = _WORD_AFTER.match(question, span.end_char)
    end = after.end() if after else span.end_char
    before = _WORD_BEFORE.search(question[: span.start_char])
    start = before.start() if before else span.start_char
    taken = [other for other in others if other is not span]
    if any(other.start_char < end and start < other.end_char for other in taken):
        return span
    return Span(start_char=start, end_char=end)


def _dated(question: str) -> list[Span]:
    """Two years or more, if the question compares these."""
    dates = [mention for mention in find_dates(question) if mention.year]
    joined = all(_JOINT.search(question[one.end_char : other.start_char]) for one, other in pairwise(dates))
    return [Span(start_char=one.start_char, end_char=one.end_char) for one in dates] if len(dates) > 1 and joined else []


def _written(question: str) -> list[Span]:
    """The words before and after "or" and the like."""
    flat = flatten(question)
    found = _closest(_SPACED, flat) or _HAN.search(flat)
    if found is None:
        return []
    spans = [Span(start_char=found.start(name), end_char=found.end(name)) for name in ("a", "b")]
    first = question[: spans[0].start_char]
    more = re.search(r"(?:^|[,:] |— )(?P<more>[^,:?—]{2,40}), ?$", first)
    if more and lexical_tokens(without_cues(more["more"])) and flat[spans[0].end_char :].lstrip().startswith(("or", "или")):
        spans.insert(0, Span(start_char=more.start("more"), end_char=more.end("more")))
    return [span for span in spans if span.end_char - span.start_char <= _MOST_SIDE_CHARS]


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
    article = _ARTICLE.search(question[: span.start_char + start])
    return Span(start_char=article.start() if article else span.start_char + start, end_char=span.start_char + end)


def _side(question: str, spans: Sequence[Span], place: int) -> Side:
    """A side with what the question asks, of it alone."""
    flat, language, words = flatten(question), detect_language(question), spans[place].of(question).strip()
    rest = flat
    for span in reversed(spans):
        rest = rest[: span.start_char] + " " + rest[span.end_char :]
    words_left = re.sub(r"[^\w\s]", " ", without_cues(rest)).split()
    kept = " ".join(word for word in words_left if language == "zh" or lexical_tokens(word))
    for pattern, asks, units in _MEASURES:
        if pattern.search(fold(rest)) or pattern.search(rest):
            if words[:4].isdigit() and kept:
                return Side(words=words, question=f"{kept} {words}", units=units)
            others = pattern.sub(" ", kept).split()
            kept = " ".join(others) if len(others) > 1 else ""  # a single one is a verb: "go", "built"
            asked = asks[language].format(x=f"{words} {kept}".strip() if language != "zh" else words)
            return Side(words=words, question=asked, units=units)
    return Side(words=words, question=f"{words} {kept}".strip() if language != "zh" else f"{words}{kept.replace(' ', '')}")
