"""Abbreviations in English and Russian, by what a period after them means. All lower case."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType


class Abbreviation(Enum):
    """What a period after the abbreviation means."""

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


_TITLES = """
mr mrs ms dr prof gen col lt maj capt gov sen rep rev hon messrs pres supt sgt cmdr adm
проф акад доц ген полк подп св тов гр дж
"""
_INTRODUCING = """
vs cf viz approx est ca esp incl st mt ft ave blvd rd
им ул пл пр просп пр-т пер наб бул корп оф кв стр рис табл гл разд см ср напр т.н т.е т.к e.g i.e
ст оз пос дер хут зам пом ред прим изд сост нач гос кн нем англ кит рус лат букв ок пп абз ум род
"""
_NUMBERED = """
no nos al fig figs art arts vol vols ch sec pp para app ref eq
jan feb mar apr jun jul aug sep sept oct nov dec
янв февр фев мар апр июн июл авг сент сен окт нояб ноя дек тел
"""
_COMPANIES = "co corp inc ltd co.ltd plc bros jr sr u.s u.k u.n e.u d.c a.m p.m a.d b.c ph.d"
_MAGNITUDES = "тыс млн млрд трлн"
_CLOSING = "etc руб долл коп чел шт др обл кр сек мин час проч т.д т.п с.г т.г н.э кв.м куб.м"
_YEARS = "гг вв"
_UNITS = "м т с ч л р см mt"

ABBREVIATIONS: Mapping[str, Abbreviation] = MappingProxyType(
    dict.fromkeys(_TITLES.split(), Abbreviation.TITLE)
    | dict.fromkeys((_INTRODUCING + _COMPANIES).split(), Abbreviation.LEADING)
    | dict.fromkeys(_NUMBERED.split(), Abbreviation.NUMBERED)
    | dict.fromkeys(_MAGNITUDES.split(), Abbreviation.MAGNITUDE)
    | dict.fromkeys(_CLOSING.split(), Abbreviation.CLOSING)
    | dict.fromkeys(_YEARS.split(), Abbreviation.YEAR)
)
# After a number these are units or "г." of a year; elsewhere they introduce: "г. Хабаровск", "см. рис. 5".
UNITS: Mapping[str, Abbreviation] = MappingProxyType(
    dict.fromkeys(_UNITS.split(), Abbreviation.CLOSING) | dict.fromkeys("гв", Abbreviation.YEAR)
)

_STARTERS = """
a an the he she it they we you i his her its their our this that these those there here in on at by for from to of
with under over after before since until during while when where who what why how if as but and so yet or not no both
each some many most all another other however moreover meanwhile also then now today yesterday according although
because despite once such в во на по с со к ко из за от до о об при для под над после перед между через без у а и но
или да не ни он она оно они мы вы я это этот эта эти этого этой тот та те такой такая такие такое так также там тут
тогда теперь сейчас здесь затем потом однако кроме если когда как что кто где куда чтобы хотя пока уже ещё еще все всё
его её ее их наш согласно благодаря несмотря среди около более впрочем напомним ранее позже сегодня вчера завтра
первый первая первое первые второй вторая второе вторые третий каждый каждая
"""
# Capitalised, these words begin a sentence more often than a name.
STARTERS = frozenset(_STARTERS.split())

_TIME_WORDS = """
в во к ко с со до на за по от из после около начиная и а но что также уже ещё еще лишь только ещё г гг год года году
годом годах конец конца концу конце начало начала началу начале итогам итоге середине половине половину половины
квартал квартале квартала полугодии полугодие первом первой первый втором второй второе третьем третий четвёртом
четвертом течение январе феврале марте апреле мае июне июле августе сентябре октябре ноябре декабре января февраля
марта апреля мая июня июля августа сентября октября ноября декабря январь февраль март апрель май июнь июль август
сентябрь октябрь ноябрь декабрь осенью весной летом зимой е х м й го
"""
# A clause of only these and numbers ("По итогам 2022 г.") is incomplete, so its sentence cannot end there.
TIME_WORDS = frozenset(_TIME_WORDS.split())
