"""Whether an end mark ends its sentence.

In doubt, two sentences are left together rather than one split, since half a sentence is not quotable:
  * a period after an abbreviation ends one only before a word that clearly begins a sentence (classes: `Abbreviation`);
  * "г." after a year ends one before a capital, unless its clause is only a date: "В 2022 г. Хэйлунцзян ..." continues;
  * ； and …… end one only between two parts that are each long enough to be a sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from coopbot.text import months
from coopbot.text.characters import HAN
from coopbot.text.words import word_list

FULL_STOPS = "。！？｡"


class Abbreviation(Enum):
    """What a period after the abbreviation means. `words.json` has all by these names, in lower case, but those of months."""

    TITLE = auto()
    """Always part of what follows: "Gen. He Weidong"."""
    LEADING = auto()
    """Part of what follows ("ул. Ленина", "U.S. President") unless that is a word that plainly begins a sentence."""
    NUMBERED = auto()
    """An abbreviation before a number ("No. 5", "Jan. 5"), else an ordinary end."""
    MAGNITUDE = auto()
    """Ends before a capitalised word, not before a unit in capitals: "120 тыс. TEU"."""
    CLOSING = auto()
    """Ends before a capital."""
    YEAR = auto()
    """Ends before a capital if its clause says more than a date."""


_ABBREVIATIONS = {word: kind for kind in Abbreviation for word in word_list(kind.name.lower())} | dict.fromkeys(
    months.ABBREVIATIONS, Abbreviation.NUMBERED
)
# After a number these are units or "г." of a year; elsewhere they introduce: "г. Хабаровск", "см. рис. 5".
_UNITS = {word: kind for kind in (Abbreviation.CLOSING, Abbreviation.YEAR) for word in word_list(f"{kind.name.lower()}_unit")}
# Capitalised, these words begin a sentence more often than a name.
_STARTERS = word_list("starter")
# A clause of only these and numbers ("По итогам 2022 г.") is incomplete, so its sentence cannot end there.
_TIME_WORDS = word_list("time")
_MONTH = re.compile(months.RUSSIAN)

_HAN = re.compile(f"[{HAN}]")
# Between a sentence's end and the first character of the next: white space, opening quotes and brackets, dashes.
_LEAD = re.compile(r"[\s\"'“‘«‹„‚(\[{（［「『【《〈〔–—―*_-]*")
_GOES_ON = frozenset(".,，、;；:：%")
_WORD = re.compile(r"[^\W_]+")
_WORD_BEFORE = re.compile(r"(?:[^\W\d_]+[.-])*[^\W\d_]+$")
_LETTERS = re.compile(r"[^\W\d_]+")
_ROMAN_DIGITS = frozenset("IVXХ")  # the last one is Cyrillic, as often typed
_ACRONYM = re.compile(r"[^\W\d_](?:\.[^\W\d_])+")
_LIST_NUMBER = re.compile(r"\s*[(（]?\d{1,3}")
_MEASURED = re.compile(r"(?:[\d%]|\b[IVXХ]+|\b(?:тыс|млн|млрд|трлн|кв|куб)\.?)\s*$")
_ATTACHED = re.compile(r"[\d°+/&]$")
# "и т. д.", "с. г.", "н. э." and "и пр."
_PAIRED = re.compile(r"\b(?:т\.\s*[дпг]|с\.\s*г|н\.\s*э|и\s+пр)$")
_CLAUSE_START = re.compile(r"[,;:(«\"]|\s[–—-]\s")
_QUOTES = frozenset("\"'”’»」』")
# 他说。 after a quotation belongs to it.
_ATTRIBUTION = re.compile(rf"[{HAN}]{{0,8}}?(?:说|称|问|道|表示|指出|强调|介绍|回答)[，。：]")

_WORD_WINDOW_CHARS = 24
_CLAUSE_WINDOW_CHARS = 100
_BRACKET_WINDOW_CHARS = 200
# About the length of a short Chinese sentence.
_LONG_PART_CHARS = 30


@dataclass(frozen=True, slots=True)
class Boundary:
    """An end mark, `text[marks_start:marks_stop]`, with closing quotes and brackets up to `stop`.

    The sentence so far begins at `start`; its paragraph ends at `end`.
    """

    text: str
    start: int
    marks_start: int
    marks_stop: int
    stop: int
    end: int

    @property
    def marks(self) -> str:
        """The mark itself, such as "." or "?!"."""
        return self.text[self.marks_start : self.marks_stop]

    @property
    def closers(self) -> str:
        """Quotes and brackets that close right after the mark, and a note number."""
        return self.text[self.marks_stop : self.stop]

    @property
    def before(self) -> str:
        """The character before the mark."""
        return self.text[self.marks_start - 1]

    @property
    def spaced(self) -> bool:
        """Whether white space follows. Something must follow."""
        return self.text[self.stop].isspace()

    def window(self, length: int) -> str:
        """The last characters of the sentence before the mark."""
        return self.text[max(self.start, self.marks_start - length) : self.marks_start]


def ends_sentence(at: Boundary) -> bool:
    """Whether the mark ends its sentence. Expects a letter or digit in the sentence before the mark."""
    lead = _LEAD.match(at.text, at.stop, at.end)
    following = lead.end() if lead else at.stop
    if following == at.end:
        return True
    if at.text[following] in _GOES_ON:
        return False
    if at.marks == "；" or (at.marks[-1] == "…" and _HAN.match(at.text, at.stop)):
        # Only outside brackets, and if both parts are long enough to be sentences.
        window = at.window(_BRACKET_WINDOW_CHARS)
        if _last_of("（(", window) > _last_of("）)", window):
            return False
        after = at.text[at.stop : min(at.stop + _LONG_PART_CHARS, at.end)]
        return at.marks_start - at.start >= _LONG_PART_CHARS <= len(after) and not any(mark in "；。！？" for mark in after)
    if any(mark in FULL_STOPS for mark in at.marks):
        # 。！？ end a sentence unless the quoted or bracketed sentence is part of another.
        if not at.closers or at.spaced:
            return True
        if at.closers[-1] in "》〉":
            return False
        if at.closers[-1] in ")）":
            window = at.window(_BRACKET_WINDOW_CHARS)
            return not window[: _last_of("（(", window)].strip()
        continues = at.text[at.stop] == "的" or _ATTRIBUTION.match(at.text, at.stop, at.end)
        return not (at.closers[-1] in _QUOTES and continues)
    if at.text[following].islower():
        return False
    if not at.spaced and not at.closers:
        return _unspaced_mark_ends(at, following)
    if at.marks == ".":
        return _period_ends(at, following)
    if "!" in at.marks or "?" in at.marks:
        return at.before not in "(（"  # "(?)" is a remark
    return not at.text[following].isdigit()  # "1, 2, ... 10"


def _last_of(brackets: str, window: str) -> int:
    return max(window.rfind(bracket) for bracket in brackets)


def _unspaced_mark_ends(at: Boundary, following: int) -> bool:
    """Whether a mark directly followed by a letter ends the sentence: in Chinese, or where a space is missing.

    In "моста.Первый" one is missing; in "Node.Js" and "Яндекс.Маркет" none is.
    """
    if following != at.stop:
        return False
    first, period = at.text[following], at.marks == "."
    if _HAN.match(first) or _HAN.match(at.before):
        return first.isalpha() and at.before.isalpha() and (not period or _period_ends(at, following))
    word = _WORD_BEFORE.search(at.window(_WORD_WINDOW_CHARS))
    if not word or len(word[0]) < 3 or not first.isupper() or not at.text[following + 1 : following + 2].islower():
        return False
    if period:
        return word[0].islower() and "\u0400" <= first <= "\u052f" and _period_ends(at, following)
    return word[0][-1].islower()


def _period_ends(at: Boundary, following: int) -> bool:
    """Whether a single period ends the sentence; what follows is not lower case."""
    window = at.window(_WORD_WINDOW_CHARS)
    word = _WORD_BEFORE.search(window)
    if not word:
        return not _LIST_NUMBER.fullmatch(at.text[at.start : at.marks_start][:_WORD_WINDOW_CHARS])
    next_word = _WORD.match(at.text, following, min(following + _WORD_WINDOW_CHARS, at.end))
    following_word = next_word[0] if next_word else ""
    capital = following_word[:1].isupper()
    begins = capital and following_word.lower() in _STARTERS and not at.text.startswith(".", following + len(following_word))
    match _abbreviation(window[: word.start()], word[0]):
        case None:
            return True
        case Abbreviation.TITLE:
            return False
        case Abbreviation.LEADING:
            return begins
        case Abbreviation.NUMBERED:
            return not at.text[following].isdigit()
        case Abbreviation.MAGNITUDE:
            return capital and not following_word[1:2].isupper()
        case Abbreviation.CLOSING:
            return capital and following_word != "США"
        case Abbreviation.YEAR:
            *earlier, clause = _CLAUSE_START.split(at.window(_CLAUSE_WINDOW_CHARS))
            only_a_date = all(
                word.lower() in _TIME_WORDS or set(word) <= _ROMAN_DIGITS or bool(_MONTH.fullmatch(word.lower()))
                for word in _LETTERS.findall(clause)
            )
            if only_a_date:
                return bool(earlier) and begins
            return capital


def _abbreviation(before: str, word: str) -> Abbreviation | None:
    """The class of `word`, the one before the period; None if it is an ordinary word."""
    name = word.lower()
    if _PAIRED.search(before + name):
        return Abbreviation.CLOSING
    if name in _UNITS and _MEASURED.search(before):
        return _UNITS[name]
    if _ATTACHED.search(before):
        return None  # "the 1970s", "30 °C", "AT&T"
    if len(name) == 1 or _ACRONYM.fullmatch(name):
        return _ABBREVIATIONS.get(name, Abbreviation.LEADING)
    return _ABBREVIATIONS.get(name)
