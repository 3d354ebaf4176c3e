"""The months in English and Russian: their numbers, and their names in every form that texts have.

The patterns expect `re.IGNORECASE`, or text in lower case. What may stand around a month is for each grammar to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

# fmt: off
ENGLISH_NAMES = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)
_ENGLISH_ABBREVIATIONS = ("jan", "feb", "mar", "apr", "jun", "jul", "aug", "sept", "sep", "oct", "nov", "dec")
_RUSSIAN_STEMS = (
    "январ", "феврал", "март", "апрел", "ма", "июн", "июл", "август", "сентябр", "октябр", "ноябр", "декабр",
)
_RUSSIAN_ABBREVIATIONS = ("янв", "февр", "фев", "мар", "апр", "июн", "июл", "авг", "сент", "сен", "окт", "нояб", "ноя", "дек")
# fmt: on
ABBREVIATIONS = frozenset((*_ENGLISH_ABBREVIATIONS, *_RUSSIAN_ABBREVIATIONS))

Case = Literal["nominative", "genitive", "prepositional"]
_ENDINGS: dict[Case, tuple[str, str, str]] = {
    "nominative": ("", "й", "ь"),
    "genitive": ("а", "я", "я"),
    "prepositional": ("е", "е", "е"),
}
_HARD = ("март", "август")


def russian_month(month: int, case: Case) -> str:
    """The name of a month, 1 to 12: "в январе" needs the prepositional case."""
    stem = _RUSSIAN_STEMS[month - 1]
    hard, after_vowel, soft = _ENDINGS[case]
    return stem + (hard if stem in _HARD else after_vowel if stem == "ма" else soft)


def _any(forms: Iterable[str]) -> str:
    return f"(?:{'|'.join(forms)})"


ENGLISH = _any(name.lower() for name in ENGLISH_NAMES)
ENGLISH_SHORT = _any(_ENGLISH_ABBREVIATIONS)
RUSSIAN = _any([stem + ("[аеу]?" if stem in _HARD else "[йяею]" if stem == "ма" else "[ьяею]") for stem in _RUSSIAN_STEMS])
RUSSIAN_SHORT = _any(_RUSSIAN_ABBREVIATIONS)
_NUMBERS = {
    **{name[:3].lower(): number for number, name in enumerate(ENGLISH_NAMES, 1)},
    **{stem[:3]: number for number, stem in enumerate(_RUSSIAN_STEMS, 1)},
    **dict.fromkeys(("май", "мая", "мае", "маю"), 5),
}
ANY_PREFIX = _any([prefix for prefix in _NUMBERS if len(prefix) == 3])
"""The first letters of any month in any form, which are enough where the context says that it is one."""


def month_number(name: str) -> int:
    """1 to 12, of what one of the patterns has matched."""
    # Ignoring case, patterns also match a long s (ſ), which only casefold turns into an s.
    return _NUMBERS[name.casefold()[:3]]
