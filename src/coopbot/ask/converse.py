"""Follow-up questions, and what a conversation remembers of its earlier ones.

Rules only, and careful ones: a question that may stand alone is left as it is, for a wrong merge is worse than none.
"""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Sequence
from itertools import pairwise
from threading import Lock

from coopbot.domain import MAX_QUESTION_CHARS
from coopbot.errors import InvalidRequest
from coopbot.text.dates import DateMention, find_dates

Names = Callable[[str], Collection[str]]
Span = tuple[int, int]

MAX_CONVERSATIONS = 1000
MAX_EARLIER = 10
MAX_IDLE_S = 3600.0

_CONVERSATION_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.VERBOSE)


_HAN = re.compile(r"[\u3400-\u9fff]")
_TOKEN = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")
_WORD = re.compile(r"[^\W_\u3400-\u9fff]+(?:['’-][^\W_\u3400-\u9fff]+)*")
_MOST_WORDS, _MOST_HAN, _MOST_HAN_BEFORE = 8, 14, 6
_MOST_COUNTED_WORDS = 3  # "how many trucks"
_LONGEST_NAME_TOKENS = 8

_REPEATED = _words(
    r"""yes|yeah|yep|sure|ok(?:ay)?|yes,?[ ]please|please[ ]do|go[ ]on|(?:and[ ])?(?:tell[ ]me[ ])?more
    |(?:and[ ])?(?:any|what)(?:thing)?[ ]else
    |да|ага|конечно|давай(?:те)?|да,?[ ]пожалуйста|хорошо|(?:а[ ]|и[ ])?(?:что[ ])?ещ?[её](?:[ ]что(?:-нибудь|-то)?)?
    |подробнее|(?:расскажи(?:те)?[ ])(?:ещ[её]|подробнее)
    |是的?|对的?|好的?|嗯|可以|(?:那)?还有(?:呢|吗|别的吗|什么)?|更多|继续|再?详细(?:一)?点"""
)
_LINK = _words(
    r"""(?:(?:and|but|or|so|well),?[ ])?(?:what|how)[ ]about[ ]|(?:and|but)[ ](?:then[ ])?
    |(?:ну[ ])?[аи][ ](?:если[ ])?(?:(?:что|как)[ ](?:насч[её]т|там|со?)[ ])?|(?:что|как)[ ]насч[её]т[ ]|но[ ]
    |(?:那么?|还有)(?![个些年一里边时儿天种位次座条])[，,]?"""
)
_LINK_END = _words(r"(?:那边|这边|那里|这里|的(?:话|情况)?)?呢$")
_BARE_QUESTION = _words(
    r"""(?:since[ ])?when(?:[ ]exactly)?|why(?:[ ](?:so|not|is[ ]that))?|where(?:[ ]exactly)?|who|by[ ]whom
    |which(?:[ ]ones?)?|what[ ]for|how(?:[ ](?:so|come|much|many|long|far|big|wide|tall|often))?
    |когда(?:[ ]именно)?|почему(?:[ ]так)?|зачем|где(?:[ ]именно)?|кто(?:[ ]именно)?|как(?:ой|ая|ое|ие)?|сколько
    |куда|откуда|с[ ]каких[ ]пор|кем
    |什么时候|何时|几时|哪一?[年天]|为什么|为何|为啥|怎么(?:回事)?|多少钱?|谁|在?哪[里儿]?|多[长大久宽高远]"""
)
_ENGLISH_BEFORE = r"(?:(?:in|on|at|by|from|to|for|since|until)[ ])?"
_ENGLISH_VERB = r"(?:is|are|was|were|do|does|did|has|have|had|will|can|could|would)"
_RUSSIAN_BEFORE = r"(?:(?:[свкзоу]|на|по|до|за|от|из|об?)[ ])?"
_RUSSIAN_ASKING = r"""(?:кто|кого|кому|что|чего|чем|когда|где|куда|откуда|почему|зачем|сколько(?:[ ]процентов)?
    |как(?:ой|ая|ое|ие|ого|их|ую|им|ом)?|каков[аоы]?|чей|чья|чь[её])\b"""
_QUESTION_WORD = _words(
    rf"""^{_ENGLISH_BEFORE}(?:who|whom|whose|what|when|where|why|which|how)\b|^{_ENGLISH_VERB}\b
    |^{_RUSSIAN_BEFORE}{_RUSSIAN_ASKING}|^кем\b
    |什么|多少|几|哪|谁|怎|为何|何时|为啥|多[长大高远久宽]|吗"""
)
_SUBJECT_OF = _words(
    rf"""^{_ENGLISH_BEFORE}(?:how[ ](?:much|many|long|far|big|wide|often)|who|whom|whose|what|when|where|why|which|how)
      (?:[ ]{_ENGLISH_VERB})?(?:[ ]the[ ]\w+[ ]of)?[ ]
    |^{_RUSSIAN_BEFORE}{_RUSSIAN_ASKING}[ ]
    |(?:是|有|在|了)?(?:什么时候|为什么|多少钱?|哪一?[年天里儿个]|谁|怎么|几(?=[条个座年]))|[的了吗呢]$"""
)
# "Is it true" has no antecedent.
_PRONOUN = _words(
    r"""\b(?:it|they|them|those|these|its|their)\b(?![ ](?:true|possible|legal|safe|necessary)\b)
    |\b(?:он|она|оно|они|это|его|е[её]|их|этого|этих|них|н[её]м|ней|нему|него|не[её])\b
    |它们?|(?<![其之])其(?![他它中实余])"""
)
_PLURAL_PRONOUN = _words(r"them|they|those|these|their|они|их|этих|них|它们")
_SECOND_CLAUSE = _words(r",|.\b(?:when|if|because|before|after|that|когда|если|потому|чтобы)\b")
_COUNTED = _words(
    rf"""\bhow[ ](?:many|much)[ ](?!(?:{_ENGLISH_VERB}|of)\b)(?P<noun>\w+)
    |\bсколько[ ](?!процент|миллион|миллиард|тысяч|тонн)
      (?P<noun_ru>[а-яё]{{2,}}(?:ов|ев|[^т]ей|[гжкмнршщв]ек|[^лв]а|[^сл]я|ы))\b"""
)
_PREPOSITION = _words(
    r"""(?P<word>in|on|at|by|from|to|for|via|through|over|across|with|during
      |в|во|на|по|к|ко|с|со|из|от|до|за|у|через|при|для|о|об|про)[ ]+
    |(?:在|到|从|经|对)(?=.)"""
)
_DATE_PREPOSITION = _words(r"\b(?:in|on|by|for|since|в|за|к|на|с|до)\s*$")
# Of money and weight as well as of places.
_AMBIGUOUS_PREPOSITIONS = frozenset(["in", "on", "at", "в", "во", "на"])
_FILLER = _words(
    r"""\b(?:how|what|when|much|many|was|were|is|are|did|it|they|there|that|the|a|in|of|for|by|during|about|only|then|be
    |сколько|как(?:ой|ая|ое|ие)?|что|было|был|была|это|он|она|они|там|в|во|за|к|на|по|с|со|до|г|году?|тогда)\b
    |是多少|多少|怎么样|如何|情况|[是有到在了呢的为又约那才]"""
)
_CAPITALISED = re.compile(r"[A-ZА-ЯЁ][\w’'-]*(?:[ –—-]+(?:(?:of|the|de)[ ])?[A-ZА-ЯЁ][\w’'-]*)*")
_COUNTRY = _words(
    r"""\b(?:china|russia|prc|кита[йяеюй]|китаем|кнр|росси[яиюей]{1,2}|рф|сша|usa)\b|中国|俄罗斯|(?<![中对])俄(?![语方])"""
)
_BETWEEN_PAIRED = _words(r"\s*(?:[-–—/~－]|and|и|和|与|同|对面)?\s*")
_AFTER_NAME = _words(
    r"""(?:[ ](?:highway|road|railway?|cross-border|gas|free[ ]trade|border))*[ ]
      (?:bridge|pipeline|port|checkpoint|crossing|plant|line|corridor|reserve|park|campus|forum|zone|harbour|mill|mine|route)\b
    |(?:公路|铁路|跨境|界河|天然气|自贸|综合|边境)*(?:大桥|桥|口岸|港|管道|园区|工厂|片区|线|走廊|保护区|通道|机场)"""
)
_BEFORE_NAME = _words(
    r"""(?:(?:автомобильн|железнодорожн|трансграничн|сух)[а-я]+[ ])?
      (?:мост|порт|газопровод|погранпереход|пункт[а-я]*[ ]пропуска|завод|коридор|кампус|форум|парк|заповедник)[а-я]*[ ]«?$
    |\bthe[ ]$"""
)
_NUMBERS = {
    word: number
    for number, words in enumerate(
        ("a an one один 一", "two два двумя 两 二", "three три тремя 三", "four четыре 四", "five пять 五"), 1
    )
    for word in words.split()
}
_N = rf"(?:(?P<n>\d{{1,2}}|{'|'.join(_NUMBERS)})[ ])?"
_HAN_N = r"(?P<n>\d{1,2}|[一两二三四五])"
# "The year before", but not "the year before the bridge opened".
_THAT = r"(?:[ ](?:that|then|this)\b|(?![ ]\w))"
_RELATIVE_YEARS = tuple(
    (sign, _words(pattern))
    for sign, pattern in (
        (-1, rf"(?:the[ ])?\b{_N}\byears?[ ](?:before|earlier){_THAT}"),
        (-1, r"\b(?:in[ ])?the[ ](?:previous|preceding)[ ]year"),
        (-1, rf"\b{_N}\bгод(?:ом|а|ами)?[ ](?:раньше|ранее)"),
        (-1, rf"\bза[ ]{_N}года?[ ]до[ ](?:этого|того)|\bв[ ]пред(?:ыдущ|шествующ)ем[ ]году"),
        (-1, rf"{_HAN_N}年(?:以|之)?前|[前上]一年"),
        (1, rf"(?:the[ ])?\b{_N}\byears?[ ](?:after|later){_THAT}"),
        (1, r"\b(?:in[ ])?the[ ](?:next|following)[ ]year"),
        (1, rf"\b{_N}\bгод(?:ом|а|ами)?[ ](?:позже|позднее)|\bв[ ]следующем[ ]году|\bчерез[ ]год"),
        (1, rf"{_HAN_N}年(?:以|之)?后|次年|第二年|后一年"),
        (0, r"\b(?:that|the[ ]same)[ ]year|\b(?:в[ ])?(?:том|тот|того)[ ]же[ ]год[ау]?|\bв[ ]том[ ]году|那一?年|当年|同年"),
    )
)


def resolve(question: str, earlier: Sequence[str], *, names: Names) -> str:
    """What `question` is searched as, after the resolved questions `earlier` of its conversation, newest last.

    names: ids of the known names in a text, as gazetteer.find_names gives them.
    """
    asked = _stripped(question)
    if not earlier or not asked:
        return question
    last = _stripped(earlier[-1])
    if _REPEATED.fullmatch(asked):
        return earlier[-1]
    rest, linked = _unlinked(asked)
    if not rest or len(_WORD.findall(rest)) > _MOST_WORDS or len(_HAN.findall(rest)) > _MOST_HAN:
        return question
    rest, relative = _absolute_year(rest, last)
    resolved = _merged(rest, last, names, linked=linked, relative=relative)
    if resolved is None or len(resolved) >= MAX_QUESTION_CHARS:
        return question
    return _as_question(resolved)


def _merged(rest: str, last: str, names: Names, *, linked: bool, relative: bool) -> str | None:
    """The two as one question; None if the follow-up stands alone."""
    dates = find_dates(rest)
    undated = _without(rest, [(date.start_char, date.end_char) for date in dates])
    if dates and not _TOKEN.search(_FILLER.sub(" ", re.sub(r"-[а-я]+\b", "", undated))):
        return _with_date(last, rest, dates[-1])
    if _BARE_QUESTION.fullmatch(rest):
        return _joined(rest, _subject(last))
    worded = _QUESTION_WORD.search(rest)
    named = _is_named(rest, names, after_link=linked)
    if worded and named:
        return rest if linked and relative else None
    pronoun = _PRONOUN.search(rest)
    if pronoun and (worded or linked):
        if _has_antecedent(rest[: pronoun.start()], pronoun[0]):
            return None
        return rest[: pronoun.start()] + _antecedent(last, pronoun[0], names) + rest[pronoun.end() :]
    if not linked and not relative:
        return None
    if worded and not _same_count(rest, last):
        return _joined(rest, _subject(last))
    if dates:
        last = _with_date(last, rest, dates[-1])
        rest = _DATE_PREPOSITION.sub("", undated).strip()
    return _with_phrase(last, rest, names, named=named)


def _stripped(question: str) -> str:
    return question.strip().rstrip(" ?？!！.。…")


def _unlinked(asked: str) -> tuple[str, bool]:
    """A question without "and", "а", "那 ... 呢" around it, and whether it had any."""
    link = _LINK.match(asked)
    rest = _LINK_END.sub("", asked[link.end() :] if link else asked)
    return rest.strip(" ,，"), rest != asked


def _as_question(text: str) -> str:
    tidy = re.sub(r"\s+([,，?？])", r"\1", re.sub(r"\s{2,}", " ", text)).strip()
    return tidy + ("？" if _HAN.search(tidy[-1:]) else "?")


def _joined(rest: str, subject: str) -> str:
    """Chinese puts what is asked last, English and Russian first."""
    return subject + rest if _HAN.search(rest) else f"{rest} {subject}"


def _appended(last: str, rest: str) -> str:
    return f"{last}，{rest}" if _HAN.search(rest) else f"{last}, {rest}"


def _subject(last: str) -> str:
    """What a question asks about: the question without its question words."""
    return _SUBJECT_OF.sub("", _SUBJECT_OF.sub("", last)).strip(" ，,") or last


# Dates


def _absolute_year(rest: str, last: str) -> tuple[str, bool]:
    """ "Two years before that" as a year, counted from the last question's, and whether there was any to count."""
    years = [date.year for date in find_dates(last) if date.year]
    if not years:
        return rest, False
    for sign, pattern in _RELATIVE_YEARS:
        if match := pattern.search(rest):
            count = match.groupdict().get("n") or "1"
            year = years[-1] + sign * (int(count) if count.isdigit() else _NUMBERS[count.lower()])
            unit = "年" if _HAN.search(match[0]) else ""
            return f"{rest[: match.start()]}{year}{unit}{rest[match.end() :]}", True
    return rest, False


def _with_date(last: str, rest: str, new: DateMention) -> str:
    """The last question with its last date changed for the new one; of that it keeps what the new one leaves open."""
    text = rest[new.start_char : new.end_char]
    dates = find_dates(last)
    if not dates:
        preposition = _DATE_PREPOSITION.search(rest[: new.start_char])
        return f"{text}{last}" if _HAN.search(last) else f"{last} {preposition[0] if preposition else ''}{text}"
    old = dates[-1]
    old_text = last[old.start_char : old.end_char]
    if new.year and not new.month and old.year and re.fullmatch(r"\D*\d{4}\D*", text):
        text = old_text.replace(str(old.year), str(new.year))
    elif not new.year and old.year:
        text = f"{old.year}年{text}" if _HAN.search(text) else f"{text} {old.year}"
    return last[: old.start_char] + text + last[old.end_char :]


def _without(text: str, spans: Sequence[Span]) -> str:
    for start, end in reversed(spans):
        text = text[:start] + text[end:]
    return text


# Names


def _is_named(rest: str, names: Names, *, after_link: bool) -> bool:
    if names(rest) or _COUNTRY.search(rest):
        return True
    return any(after_link or match.start() for match in _CAPITALISED.finditer(rest))


def _spans(text: str, names: Names) -> list[Span]:
    """Where names stand in `text`: known ones and countries, or else what is written like one."""
    found = [match.span() for match in _COUNTRY.finditer(text)]
    tokens = [match.span() for match in _TOKEN.finditer(text)] if names(text) else []
    first = 0
    while first < len(tokens):
        last = _last_of_name(text, tokens[first : first + _LONGEST_NAME_TOKENS], names)
        if last is not None:
            found.append((tokens[first][0], tokens[first + last][1]))
        first += 1 if last is None else last + 1
    if not any(not _COUNTRY.fullmatch(text[start:end]) for start, end in found):
        found += [match.span() for match in _CAPITALISED.finditer(text) if match.start()]
    apart = sorted(found, key=lambda span: (span[0], -span[1]))
    return [span for i, span in enumerate(apart) if all(span[0] >= end for _, end in apart[:i])]


def _last_of_name(text: str, tokens: Sequence[Span], names: Names) -> int | None:
    """Index of the last token of the longest name that begins with the first token."""
    best, known = None, frozenset[str]()
    for i, (_, end) in enumerate(tokens):
        ids = frozenset(names(text[tokens[0][0] : end]))
        without_first = frozenset(names(text[tokens[1][0] : end])) if i else frozenset[str]()
        if (best is None and ids - without_first) or (
            best is not None and ids != known and not known & ids - without_first and len(ids) <= len(known)
        ):
            best, known = i, ids
    return best


def _groups(text: str, names: Names, *, countries: bool) -> list[Span]:
    """Names in `text`, countries or others; a pair such as "Heihe-Blagoveshchensk" is one."""
    spans = [span for span in _spans(text, names) if bool(_COUNTRY.fullmatch(text[slice(*span)])) == countries]
    groups = spans[:1]
    for before, span in pairwise(spans):
        if _BETWEEN_PAIRED.fullmatch(text[before[1] : span[0]]):
            groups[-1] = (groups[-1][0], span[1])
        else:
            groups.append(span)
    return groups


def _has_antecedent(before: str, pronoun: str) -> bool:
    """Whether the words before a pronoun are enough for it to mean something there: "do truck drivers need their ..."."""
    if _HAN.search(before):
        return len(_HAN.findall(before)) > _MOST_HAN_BEFORE
    words = _TOKEN.findall(_FILLER.sub(" ", _QUESTION_WORD.sub(" ", before)))
    return bool(_SECOND_CLAUSE.search(before)) or len(words) > (1 if _PLURAL_PRONOUN.fullmatch(pronoun) else 2)


def _antecedent(last: str, pronoun: str, names: Names) -> str:
    """The named thing ("the Heihe bridge") if one is meant, or else the subject without its dates."""
    groups = _groups(last, names, countries=False)
    if groups and not _PLURAL_PRONOUN.fullmatch(pronoun):
        start, end = groups[0]
        after, before = _AFTER_NAME.match(last, end), _BEFORE_NAME.search(last[:start])
        return last[before.start() if before else start : after.end() if after else end]
    dates = [(date.start_char, date.end_char) for date in find_dates(last)]
    return _DATE_PREPOSITION.sub("", _subject(_without(last, dates))).strip()


# Phrases


def _same_count(rest: str, last: str) -> bool:
    """ "How many trucks" after "How many passengers"."""
    counted = _COUNTED.match(rest)
    return bool(counted and counted.end() == len(rest) and _COUNTED.search(last))


def _with_phrase(last: str, rest: str, names: Names, *, named: bool) -> str:
    """The last question with a phrase in the place of its like, or with it at the end."""
    preposition = _PREPOSITION.match(rest)
    phrase = rest[preposition.end() :] if preposition else rest
    word = preposition["word"] if preposition else None
    if named:
        country = bool(_COUNTRY.fullmatch(phrase))
        groups = _groups(last, names, countries=country)
        every = [*groups, *_groups(last, names, countries=not country)]
        same = [span for span in every if word and re.search(rf"\b{word}\s+(?:the\s+)?$", last[: span[0]], re.IGNORECASE)]
        chosen = same if len(same) == 1 else groups
        if len(chosen) == 1:
            start, end = chosen[0]
            return last[:start] + phrase + last[end:]
    elif word and word.lower() not in _AMBIGUOUS_PREPOSITIONS:
        places = list(re.finditer(rf"\b{word}\s+(?P<noun>[^\W\d][\w-]*)", last, re.IGNORECASE))
        if len(places) == 1 and " " not in phrase:
            return last[: places[0].start("noun")] + phrase + last[places[0].end("noun") :]
    elif not word and len(_WORD.findall(rest)) <= _MOST_COUNTED_WORDS and (counted := _COUNTED.search(last)):
        new = _COUNTED.match(rest)
        noun = "noun" if counted["noun"] else "noun_ru"
        phrase = (new["noun"] or new["noun_ru"]) if new else phrase
        return last[: counted.start(noun)] + phrase + last[counted.end(noun) :]
    return _appended(last, rest)


class Conversations:
    """Resolved questions by conversation id, in memory only. Safe to share between threads.

    Keeps the last MAX_EARLIER questions of the MAX_CONVERSATIONS latest conversations, until MAX_IDLE_S after the last one.
    clock: seconds that never go back, such as time.monotonic.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = Lock()
        # Longest idle first.
        self._asked: OrderedDict[str, tuple[float, deque[str]]] = OrderedDict()

    def remember(self, conversation_id: str, question: str) -> None:
        """Add a resolved question."""
        with self._lock:
            now = self._drop_idle()
            _, questions = self._asked.pop(conversation_id, (now, deque[str](maxlen=MAX_EARLIER)))
            questions.append(question)
            self._asked[conversation_id] = (now, questions)
            if len(self._asked) > MAX_CONVERSATIONS:
                self._asked.popitem(last=False)

    def earlier(self, conversation_id: str) -> tuple[str, ...]:
        """The questions so far, newest last; none for an unknown id."""
        with self._lock:
            self._drop_idle()
            return tuple(self._asked[conversation_id][1]) if conversation_id in self._asked else ()

    def forget(self, conversation_id: str) -> None:
        """Drop a conversation; an unknown id is as good as dropped."""
        with self._lock:
            self._asked.pop(conversation_id, None)

    def _drop_idle(self) -> float:
        now = self._clock()
        while self._asked and now - next(iter(self._asked.values()))[0] > MAX_IDLE_S:
            self._asked.popitem(last=False)
        return now


def checked_conversation_id(text: str) -> str:
    """The id as it is. Raises InvalidRequest unless it is 1-64 characters of A-Z, a-z, 0-9, _ and -."""
    if not _CONVERSATION_ID.fullmatch(text):
        raise InvalidRequest(
            "conversation_id", "a conversation id is 1 to 64 letters a-z, digits, _ or -; send such a one or none"
        )
    return text
