from __future__ import annotations

import importlib.resources
import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopbot.domain import LANGUAGES, Language
from coopbot.text.gazetteer import (
    all_places,
    differ_in_number,
    find_names,
    name_mentions,
    names_in,
    place_id,
    places_around,
    rivers_below,
)
from tests.cases import check_each

_FILE = json.loads(importlib.resources.files("coopbot.text").joinpath("gazetteer.json").read_text(encoding="utf-8"))
_ENTRIES: dict[str, dict[Language, list[str]]] = {
    id_: {key: names for key, names in entry.items() if key in LANGUAGES}
    for id_, entry in _FILE.items()
    if "country" not in entry
}
# Names that are rightly two things.
_SHARED = {"黑龙江": {"amur", "heilongjiang"}, "阿穆尔": {"amur", "amur-oblast"}}

_NAMED = [
    # Spellings, transliterations and letter case.
    ("How far is Heihe from Harbin?", "heihe harbin"),
    ("HEIHE TRADE 2024", "heihe"),
    ("heihe trade", "heihe"),
    ("Blagoveschensk or Blagoveshchensk?", "blagoveshchensk"),
    ("从海兰泡到黑河", "blagoveshchensk heihe"),
    ("торговля в Хейхэ", "heihe"),
    ("Хэйхэ和布拉戈维申斯克之间", "heihe blagoveshchensk"),
    ("Суйфыньхэ", "suifenhe"),
    ("Nizhne-Leninskoye", "nizhneleninskoye"),
    ("下列宁斯阔耶站", "nizhneleninskoye"),
    ("каникурган", "kani-kurgan"),
    ("Heixiazi Island area", "bolshoy-ussuriysky"),
    ("大乌苏里岛的面积", "bolshoy-ussuriysky"),
    ("Kamyshovaya-Hunchun", "makhalino hunchun"),
    ("珲春—马哈林诺", "makhalino hunchun"),
    ("黑河—布拉戈维申斯克黑龙江（阿穆尔河）公路大桥", "heihe-bridge"),
    ("黑河—布拉戈维申斯克黑龙江大桥有多长", "heihe-bridge"),
    ("Хабаровск / 伯力", "khabarovsk"),
    ("St. Petersburg", "st-petersburg"),
    ("VEB.RF", "veb"),
    # Traditional Chinese and compatibility forms.
    ("黑龍江省綏芬河", "heilongjiang suifenhe"),
    ("東方經濟論壇", "eef"),
    ("塔斯社：同江鐵路大橋", "tass tongjiang-bridge"),
    ("ＥＥＦ ２０２５", "eef"),
    # English possessives and hyphens.
    ("Heihe's trade", "heihe"),
    ("Heihe\u2019s trade", "heihe"),
    ("Guan Zhi\u2019ou", "guan-zhiou"),
    ("Xi'an's park", "xian"),
    ("the People's Daily", "peoples-daily"),
    ("the Far East's trade", "russian-far-east"),
    ("Heihe-Blagoveshchensk", "heihe blagoveshchensk"),
    ("Heihe\u2013Blagoveshchensk bridge", "heihe-bridge"),
    ("Power-of-Siberia", "power-of-siberia"),
    # Russian cases, ё and stress marks.
    ("мост до Благовещенска", "blagoveshchensk"),
    ("в Благовещенске", "blagoveshchensk"),
    ("станция Тунцзяна", "tongjiang"),
    ("между Тунцзяном и Нижнеленинским", "tongjiang nizhneleninskoye"),
    ("из Хуньчуня в Зарубино", "hunchun zarubino"),
    ("через Камышовую", "makhalino"),
    ("в Маньчжурии", "manzhouli"),
    ("поставки по «Силе Сибири» выросли", "power-of-siberia"),
    ("мощность «Силы Сибири»", "power-of-siberia"),
    ("соя Амурской области", "amur-oblast"),
    ("с Амурской областью", "amur-oblast"),
    ("на Амуре", "amur"),
    ("на Большом Уссурийском", "bolshoy-ussuriysky"),
    ("острова Большого Уссурийского", "bolshoy-ussuriysky"),
    ("торговля Приморья", "primorye"),
    ("Приморскому краю", "primorye"),
    ("с Приморским краем", "primorye"),
    ("в Хабаровском крае", "khabarovsk-krai"),
    ("из Шанхая, с Шанхаем", "shanghai"),
    ("в Цзилине и Внутренней Монголии", "jilin inner-mongolia"),
    ("Северным морским путём", "northern-sea-route"),
    ("Северным морским путем", "northern-sea-route"),
    ("Хэ\u0301йхэ", "heihe"),
    ("Восточного экономического форума", "eef"),
    ("межправительственной комиссии", "intergovernmental-commission"),
    ("с Трутневым и Ван Яном", "trutnev wang-yang"),
    ("губернатора Орлова", "orlov"),
    ("Лихачёва", "likhachev"),
    ("Амурского ГПЗ", "amur-gpp"),
    ("Земли больших кошек", "land-of-big-cats"),
    # Several names of one thing.
    ("China-Russia East route", "power-of-siberia"),
    ("中俄东线", "power-of-siberia"),
    ("ВЭФ", "eef"),
    ("哈洽会", "harbin-fair"),
    # The longest match wins.
    ("Power of Siberia 2 price", "power-of-siberia-2"),
    ("Power of Siberia-2", "power-of-siberia-2"),
    ("«Силы Сибири – 2»", "power-of-siberia-2"),
    ("силе сибири два", "power-of-siberia-2"),
    ("西伯利亚力量2号", "power-of-siberia-2"),
    ("西伯利亚力量", "power-of-siberia"),
    ("Power of Siberia and Power of Siberia 2", "power-of-siberia power-of-siberia-2"),
    ("Heilongjiang River", "amur"),
    ("Heilongjiang Province", "heilongjiang"),
    ("Amur Oblast", "amur-oblast"),
    ("Amur gas processing plant", "amur-gpp"),
    ("Amur gas chemical complex", "amur-gcc"),
    ("амурского тигра", "amur-tiger"),
    ("黑龙江自贸试验区", "heilongjiang-ftz"),
    ("黑龙江日报", "heilongjiang-daily"),
    ("Inner Mongolia", "inner-mongolia"),
    ("東北亞", "northeast-asia"),
    ("阿穆尔州", "amur-oblast"),
    ("Free Port of Vladivostok", "free-port"),
    ("Zabaikalsk grain terminal", "grain-terminal"),
    ("Primorye-1", "primorye-1"),
    ("приморье1", "primorye-1"),
    ("Приморья-2", "primorye-2"),
    ("滨海2号", "primorye-2"),
    # One name of two things.
    ("黑龙江", "amur heilongjiang"),
    ("黑龙江省", "heilongjiang"),
    ("黑龙江和阿穆尔河", "amur heilongjiang"),
]


def test_names_in_a_text_are_found() -> None:
    def check(case: tuple[str, str]) -> None:
        text, ids = case
        assert find_names(text) == set(ids.split())

    check_each(_NAMED, check)


def test_mentions_have_the_words_of_the_text() -> None:
    assert list(name_mentions("从海兰泡到 ＨＥＩＨＥ, в Хэйхе")) == [
        ("海兰泡", ("blagoveshchensk",)),
        ("heihe", ("heihe",)),
        ("хэйхе", ("heihe",)),
    ]
    assert list(name_mentions("Power of Siberia")) == [("power of siberia", ("power-of-siberia",))]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "How much was traded in 2023?",
        "中国和俄罗斯的贸易额是多少",
        "сколько стоит проезд",
        "Amurskaya",
        "Heiheland",
        "the power of the state",
        "силы и средства",
        "орёл, орла, орлы",  # not Orlov
        "путь, пути, путём",  # not Putin
        "восточный ветер",
        "свободный рынок",
        "сумма договора",
        "trade hit a record",
        "a prime example",
        "公布市场数据",
        "五年规划纲要",
        "открыли через два года",  # not ДВ, the Far East
        "Hei, he said",
    ],
)
def test_texts_without_names_give_nothing(text: str) -> None:
    assert find_names(text) == frozenset()


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        ("Primorye 1.5 billion", "primorye-1"),
        ("Primorye-1", "primorye-2"),
        ("Primorye-1", "primorye"),
        ("Power of Siberia 2024", "power-of-siberia-2"),
        ("Power of Siberia, 2 December 2019", "power-of-siberia-2"),
        ("Amur Oblast", "amur"),
        ("Амурская область", "amur"),
        ("Хабаровский край", "khabarovsk"),
        ("Забайкальский край", "zabaikalsk"),
        ("Томская область", "tomsk"),
        ("Inner Mongolia", "mongolia"),
        ("内蒙古", "mongolia"),
        ("Far Eastern route", "russian-far-east"),
    ],
)
def test_a_name_within_another_does_not_count(text: str, absent: str) -> None:
    assert absent not in find_names(text)


def test_usual_names_are_in_the_gazetteers_order() -> None:
    assert names_in(["blagoveshchensk", "heihe"], "ru") == ("Хэйхэ", "Благовещенск")
    assert names_in({"heihe"}, "zh") == ("黑河",)
    assert names_in(["atlantis"], "en") == ()


def test_every_name_finds_its_entry_and_nothing_else() -> None:
    def check(id_: str) -> None:
        assert tuple(_ENTRIES[id_]) == LANGUAGES
        for name in (name for names in _ENTRIES[id_].values() for name in names):
            assert find_names(name) == _SHARED.get(name, {id_}), name

    check_each(_ENTRIES, check)


def test_no_entry_has_a_name_twice_in_a_language() -> None:
    for by_language in _ENTRIES.values():
        for names in by_language.values():
            assert names
            assert max(Counter(names).values()) == 1


@given(st.text(max_size=60), st.sampled_from(sorted(_ENTRIES)), st.sampled_from(LANGUAGES))
def test_a_name_is_found_behind_any_text_that_ends(before: str, id_: str, language: Language) -> None:
    assert id_ in find_names(f"{before}; {_ENTRIES[id_][language][0]}")


def test_places_have_plausible_coordinates_and_names_in_every_language() -> None:
    places = all_places()
    assert len(places) > 70
    for place in places.values():
        assert set(place.names) == set(LANGUAGES)
        assert 20 < place.latitude < 70
        assert 20 < place.longitude < 180
    heihe, blagoveshchensk, vladivostok = places["heihe"], places["blagoveshchensk"], places["vladivostok"]
    assert heihe.latitude < blagoveshchensk.latitude  # the river is between them
    assert abs(heihe.longitude - blagoveshchensk.longitude) < 0.5
    assert vladivostok.names == {"en": "Vladivostok", "zh": "符拉迪沃斯托克", "ru": "Владивосток"}


def test_a_place_is_known_by_its_id_and_by_each_of_its_names() -> None:
    def check(id_: str) -> None:
        assert {place_id(name) for names in _ENTRIES[id_].values() for name in names} == {id_}
        assert place_id(id_) == id_

    check_each(all_places(), check)
    assert [place_id(name) for name in ("HEIHE", "Хэйхэ ", "黑河市")] == ["heihe"] * 3


@pytest.mark.parametrize("name", ["", " ", ",", "Atlantis", "Amur", "amur", "Gazprom", "Heihe and Harbin", "x" * 10_000])
def test_what_is_no_place_on_the_map_has_no_id(name: str) -> None:
    assert place_id(name) is None


def test_a_place_lies_in_the_larger_ones_around_it() -> None:
    assert places_around("heihe") == ("heilongjiang", "northeast-china", "china")
    assert places_around("vladivostok") == ("primorye", "russian-far-east", "russia")
    assert places_around("amur") == ()


def test_what_a_place_lies_in_is_in_the_gazetteer_and_ends_with_a_country() -> None:
    def check(id_: str) -> None:
        around = places_around(id_)
        assert set(around) <= set(_FILE)
        assert around[-1] in ("china", "russia")

    check_each([id_ for id_, entry in _FILE.items() if "in" in entry], check)


def test_a_bridge_leads_over_its_river() -> None:
    assert rivers_below({"heihe-bridge", "wusu-bridge", "heihe"}) == {"amur", "ussuri"}


def test_countries_are_no_names_to_find() -> None:
    assert find_names("China and Russia; Китай и Россия; 中国和俄罗斯") == frozenset()
    assert names_in({"china"}, "ru") == ("Китай",)


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        ("Power of Siberia 2 is to carry 50 bcm a year.", "38.8 bcm came by Power of Siberia in 2025.", True),
        ("По «Силе Сибири — 2» пойдёт 50 млрд.", "西伯利亚力量管道2025年输气388亿立方米。", True),
        ("Primorye-1 carries grain.", "Приморье-2 везёт контейнеры.", True),
        ("Power of Siberia 2 is to carry more than Power of Siberia.", "38.8 bcm came by Power of Siberia.", False),
        ("Power of Siberia carried 38.8 bcm.", "西伯利亚力量管道2025年输气388亿立方米。", False),
        ("Power of Siberia 2 is to carry 50 bcm.", "The Far Eastern route is to carry 12 bcm.", False),
        ("Primorye-1 carries grain.", "Power of Siberia 2 is to carry 50 bcm.", False),
    ],
)
def test_what_differs_in_a_number_is_told_apart(one: str, other: str, differ: bool) -> None:
    assert differ_in_number(one, other) is differ
    assert differ_in_number(other, one) is differ
