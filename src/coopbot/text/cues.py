"""Words by which people say what kind of answer they want: figures by year, a comparison, a list, a source, an overview.

A cue alone decides nothing: `ask/understand/kinds.py` has weights for them, learned with the question's vector.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from coopbot.domain import Span
from coopbot.text.dates import blanked
from coopbot.text.gazetteer import name_spans
from coopbot.text.measures import flatten

_YEAR = r"(?:1[89]|20)\d\d"


def _words(english: str, chinese: str, russian: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{english})\b|{chinese}|\b(?:{russian})\b", re.IGNORECASE)


_CUES: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        # Figures by year.
        "by_year": _words(
            r"(?:by|per|each|every) (?:years?|months?|quarters?)|(?:by|across|over|all|each of|different) (?:the |recent "
            r"|last |past )*"
            r"(?:\w+ )?(?:years|decade|months|time)|(?:year|month)(?:s|ly)?[ -](?:by|after|on|to"
            r"|over)[ -](?:the )?(?:year|month)"
            r"|yearly|annual(?:ly)?|time series|year-on-year",
            "历年|逐年|逐月|每一?年|各年|各月|年年|分年|按年|按月|年度|一年一年|一年比一年|年份|历史数据|历次|各是"
            "|一年.{0,2}是",
            r"по (?:всем )?(?:годам|месяцам)|погодов\w+|помесячно|(?:за )?кажд\w+ (?:год|месяц)\w*|ежегодн\w+|ежемесячн\w+"
            r"|год(?:а)? (?:за|от) год\w*|из года в год|в разные годы|за (?:все|эти|последние|\w+) (?:годы|лет|десятилетие)"
            r"|за (?:последние )?\w+ (?:года|лет)|по каждому году|за десятилетие|годовые|со временем|с годами",
        ),
        "trend": _words(
            r"trends?|dynamics|develop(?:ed|ment)?|chang(?:e|ed|es|ing)|evolv\w+|gr[eo]w(?:n|th)?|history|chart|graph"
            r"|table|over time"
            r"|recent years|since \d{4}",
            "变化|走势|趋势|演变|增长|近[几两三五十]年|这[几些]年|过去[几两三五十\\d]+年|近年|以来|至今|统计表?|曲线"
            "|图表?|历来",
            r"динамик\w+|тренд\w*|меня\w+|измен\w+|рос(?:ло|ла|ли|т)?|вырос\w*|график\w*|таблиц\w+|истори\w+|последн\w+ годы"
            r"|с \d{4}(?: года)?|статистик\w+|по годам",
        ),
        "span": re.compile(rf"{_YEAR}\D{{0,14}}{_YEAR}", re.IGNORECASE),
        # Comparison.
        "compare": _words(
            r"compar\w+|versus|vs\.?|difference|differs?|against|between|next to",
            "相比|比较|对比|比一比|区别|差别|不同|之间|对决|不一样|相?差多少|相?差几|差距",
            r"сравн\w+|сопостав\w+|против|разниц\w+|отлич\w+|по сравнению|vs|между",
        ),
        "more": _words(
            r"(?:more|less|fewer|most|least|bigger|biggest|larger|largest|smaller|smallest|longer|longest|shorter"
            r"|shortest|higher"
            r"|highest|lower|lowest|wider|widest|deeper|deepest|older|oldest|newer|newest|earlier|later|first|faster"
            r"|fastest|slower"
            r"|cheaper|cheapest|better|best|worse|worst|busier|busiest|stronger|farther|further|nearer|closer|heavier"
            r"|greater)",
            "更|最[^新近初]|较|(?:谁|哪[个家条边种座])的?[多大小少长短高低贵快慢早省]|[多大长高贵快早]还是|便宜还是"
            "|比[^较如例方]",
            r"больше|меньше|более|менее|длиннее|короче|выше|ниже|шире|уже|глубже|старше|новее|раньше|позже|первым|быстрее"
            r"|медленнее"
            r"|дешевле|дороже|лучше|хуже|мощнее|крупнее|мельче|дальше|ближе|тяжелее|сильнее|легче|сам\w\w",
        ),
        "or": _words(r"or|than|vs\.?|versus", "还是|或者?|、|[^相对]比(?![较如例方重])", r"или|чем|vs|либо|против"),
        "and": _words(r"and|with", "和|与|跟|同(?!江)|及|对", r"и|с|со"),
        "each": _words(
            r"each|both|respectively|between them|either",
            "各[是要有占自多]|各多少|分别|两[个条种座家]",
            r"кажд\w+|оба|обе|обоих|сколько кому|по отдельности",
        ),
        # A list.
        "list": _words(
            r"list|lists|enumerate|names?|all|examples?|kinds?|types?|every one|others?",
            "列[出举表]|列一下|清单|名单|所有|全部|举例|列|分别",
            r"перечисл\w+|перечень|назов\w+|список|списк\w+|все|всех|примеры|виды|какие именно|какие бывают",
        ),
        "which": _words(r"what|which|who", "哪[些几]|有什么|有啥|哪", r"какие|каких|каким|какими|что за|кто"),
        "many_things": _words(
            r"(?:which|what)(?: \w+)? \w+s(?: \w+)? (?:are|were|have|do|does|did|can|took|stopped|belong|exist|were)"
            r"|what (?:are|were) the \w+s|who are",
            "有哪些|哪些|哪几[个家座条种]|都有[什哪]|分别[是叫有]|包括[哪什]",
            r"какие|какими|каких|через какие",
        ),
        # The latest.
        "latest": _words(
            r"latest|newest|most recent(?:ly)?|freshest|up[- ]to[- ]date|current(?:ly)?|now|at present|at the moment"
            r"|today|nowadays"
            r"|right now|last (?:known|time|figure|data)|recent|so far|as of",
            "最新|最近|目前|现在|当前|如今|眼下|近况|近期|截至|现状|到现在",
            r"последн(?:ие|яя|ий|ее|их|юю|ей)|свеж\w+|новейш\w+|сейчас|теперь|на сегодня\w*|на данный момент|текущ\w+"
            r"|нынешн\w+"
            r"|актуальн\w+|в последний раз|сегодня",
        ),
        # The source or the age of what was said.
        "source": _words(
            r"sources?|from|based on|cite|citation|proof|reference|link|says who|who (?:said|says|reported|wrote|told)"
            r"|how do you know"
            r"|where (?:did|have) you|published|written|reported|newspaper",
            "来源|出处|哪里来|哪来|出自|依据|根据|谁说|谁报道|怎么知道|链接|原文|引用|媒体|报道|发布|来自",
            r"источник\w*|откуда|ссылк\w+|кто (?:это |так )?(?:сказал|сообщил|пишет|говорит|писал)|на ч[её]м|основан\w*"
            r"|чьи|подтвержд\w+"
            r"|газет\w+|опубликова\w+|написан\w*|из какой стать\w+|писал\w*",
        ),
        "age": _words(
            r"how (?:old|recent|fresh)|(?:what|which) (?:date|year|day)|when was|from when|recent|up to date|current|date",
            "多久|多旧|什么时候|哪[年天]|日期|新吗|最新的?吗|时候",
            r"когда|какой давности|насколько свеж\w+|от какой даты|за какое число|какого года|стар\w+|свеж\w+|актуальн\w+"
            r"|дат\w",
        ),
        "this": _words(
            r"this|that|it|these|those|you|your",
            "这|那|它|此|以上|你",
            r"это|этот|эта|эти|этого|этой|этих|ты|вы|сведени\w|данны\w|информаци\w",
        ),
        # An overview.
        "overview": _words(
            r"overview|summar\w+|tell me (?:more )?about|describe|nutshell|in brief|briefly|brief|background|introduc\w+"
            r"|explain"
            r"|know about|key facts|main points|general(?:ly)?|in general|outline",
            "介绍|概[况述览要括]|简介|讲讲|讲一下|说说|谈谈|总结|综述|基本情况|总体|背景|要点|怎么回事|了解|描述|简单|简要",
            r"расскаж\w+|поведай\w*|обзор\w*|кратк\w+|вкратце|опиш\w+|в общих чертах|справк\w+|резюме|общая информация"
            r"|объясн\w+"
            r"|в курс|узнать|главное|основное|ключевые|в двух словах|сводк\w+|подробнее|представля\w+ собой|что известно",
        ),
        "what_is": re.compile(
            r"^\W*(?:what(?:'s|’s| is| are)|who(?:'s| is| or what is)|что (?:такое|это|за)|кто так(?:ой|ая|ие)|什么是)"
            r"|(?:是什么|怎么回事|是个?什么样?的?\w{0,4})\W*$"
            r"|[-—–] ?что это\W*$",
            re.IGNORECASE,
        ),
        # What is asked of one thing: an ordinary question.
        "amount": _words(
            r"how (?:much|many|long|far|high|deep|wide|big|fast|often|old)|what (?:was|is) the \w+ of",
            "多少|几[个年月天座]|多[长大高久远深宽快]",
            r"сколько|скольк\w+|насколько|какова?|каков[оы]|как(?:ая|ой|ое)",
        ),
        "other": _words(
            r"when|where|why|whom|whose|how do i|how to|can i|can you|do i|does|did|is it|are they",
            "何时|哪里|为什么|为何|谁|怎么|怎样|如何|是否|能不能|可以|吗",
            r"когда|где|куда|почему|зачем|кого|кем|как|можно ли|нужн\w|ли",
        ),
        "of": _words(r"of|for|to|in|at", "的", r"по|у|в|на|для"),
        # Asking the program about itself.
        "you": _words(r"you|your|bot", "你|您|机器人", r"ты|тебя|тебе|тобой|вы|вас|вам|бот\w*|твои|умее\w+|можешь|можете"),
        "able": _words(
            r"can|could|able|abilit\w+|answer|ask|know|help|use|cover|good at|tell|topics?|questions?",
            "能|会|可以|回答|问|本事|擅长|功能|帮|话题|领域",
            r"уме\w+|мож\w+|ответ\w+|спра\w+|зада\w+|тем\w*|возможност\w+|помо\w+|полез\w+|вопрос\w*|функци\w+",
        ),
    }
)
# Years with the words around them: "from 2021 to 2025", «в 2021 и 2022 годах», 2019至2024年.
_YEARS = re.compile(
    rf"(?:\b(?:from|since|between|in|for|during|с|за|в|на) |自|从)?(?:{_YEAR}年?(?:[ ,、]*(?:to|and|until|or|по|и|до|至"
    rf"|到|和|[-–—])? *)?)+"
    r"(?:год\w*|гг?\.|年|以来|至今)?",
    re.IGNORECASE,
)


def find_cues(text: str) -> dict[str, int]:
    """How often each cue occurs in a question. The names of places, companies and the like have none."""
    unnamed = without_names(text)
    return {name: len(list(pattern.finditer(unnamed))) for name, pattern in _CUES.items()}


_SHARES = re.compile(
    r"\b(?:share|shares|per ?cent|percentage|rate|growth|proportion)\b|\b(?:дол[яиюей]+|процент\w*|темп\w*|прирост\w*)\b"
    r"|占比|比重|份额|百分|比例|增速|增长率|增幅|[涨增跌降]得",
    re.IGNORECASE,
)
_SINCE = re.compile(r"\b(?:since|from|after)\b|\b(?:с|со|после)\b|自|从|以来|至今", re.IGNORECASE)


def asks_for_shares(question: str) -> bool:
    """Whether a question is about shares or rates, which are in per cent."""
    return bool(_SHARES.search(flatten(question)))


def asks_since(question: str) -> bool:
    """Whether a year in a question is the first of several: "since 2020"."""
    return bool(_SINCE.search(flatten(question)))


# Three things or more, one after another.
_ENUMERATION = re.compile(
    r"(?:[^,，、;；]{2,40}(?:、|, )){1,}[^,，、;；]{2,40}(?:、|,? (?:and|or|и|или) |和|以及|及)", re.IGNORECASE
)


def enumerates(sentence: str) -> bool:
    """Whether a sentence lists things itself: "Russia, Qatar and Australia"."""
    return bool(_ENUMERATION.search(sentence))


def without_years(text: str) -> str:
    """A question for a series as one for a single figure: without "by year", "over the years", "the latest" and the like."""
    flat = flatten(text)
    patterns = (_CUES["by_year"], _CUES["trend"], _CUES["latest"], _YEARS)
    spans = [found.span() for pattern in patterns for found in pattern.finditer(flat)]
    kept = [char for place, char in enumerate(text) if not any(start <= place < end for start, end in spans)]
    return " ".join("".join(kept).split()).strip(" ,:;-—")


def without_cues(text: str) -> str:
    """A question without its cues and names."""
    rest = without_names(text)
    for pattern in _CUES.values():
        rest = pattern.sub(" ", rest)
    return rest.replace("\0", " ")


def without_names(text: str) -> str:
    """The text in small letters, names overwritten by control characters."""
    flat = flatten(text)
    names: list[Span] = []
    for span, _ in name_spans(flat):
        if (names[-1].end_char if names else 0) <= span.start_char < span.end_char:
            names.append(span)
    return blanked(flat, names)
