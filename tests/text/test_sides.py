"""The sides of a comparison, and the subject of a request for an overview."""

from __future__ import annotations

import pytest

from coopbot.text.cues import enumerates
from coopbot.text.sides import find_sides, is_one_thing
from coopbot.text.subject import subject_of


@pytest.mark.parametrize(
    ("question", "sides"),
    [
        ("Which is longer, the Heihe bridge or the Tongjiang bridge?", ["the Heihe bridge", "the Tongjiang bridge"]),
        ("Is it cheaper to go by bus or by boat?", ["bus", "boat"]),
        ("Who sold more in 2025: Russia, Australia or Qatar?", ["Russia", "Australia", "Qatar"]),
        ("Did they sell more lorries in 2025 or in 2024?", ["2025", "2024"]),
        ("does Manzhouli handle more freight than Suifenhe?", ["Manzhouli", "Suifenhe"]),
        ("Где дешевле краб — во Владивостоке или в Хуньчуне?", ["Владивостоке", "Хуньчуне"]),
        ("автобус или катер: что дешевле?", ["автобус", "катер"]),
        ("黑河大桥和同江铁路桥哪个更长？", ["黑河大桥", "同江铁路桥"]),
        ("满洲里、绥芬河和珲春哪个口岸货运量最大", ["满洲里", "绥芬河", "珲春"]),
        ("公路桥和铁路桥哪个造价更高", ["公路桥", "铁路桥"]),
        ("the ferry in winter vs a bus over the ice vs skis, minutes", ["the ferry in winter", "a bus over the ice", "skis"]),
        ("ticket Chita to Harbin compared with Chita to Seoul", ["ticket Chita to Harbin", "Chita to Seoul"]),
        ("did the Lena bridge cost more than the Kama bridge", ["the Lena bridge", "the Kama bridge"]),
        ("Пошлина на уголь: наш, монгольский и казахский", ["наш", "монгольский", "казахский"]),
        ("из читы в харбин дешевле поездом или самолётом", ["поездом", "самолётом"]),
        ("玉米进口：巴西 阿根廷 乌克兰 哪家多", ["巴西", "阿根廷", "乌克兰"]),
        ("2024年卖给印度的卡车和轿车，金额各多少", ["卡车", "轿车"]),
        ("博览会跟服贸会比，面积谁大", ["博览会", "服贸会"]),
        ("Indian students in Peru vs Peruvian students in India", ["Indian students in Peru", "Peruvian students in India"]),
        ("is the Pearl of Altai pipeline longer than the Lena pipeline", ["the Pearl of Altai pipeline", "the Lena pipeline"]),
        ("did the 2021 or the 2022 fair sell more", ["2021", "2022"]),
        ("秘鲁和厄瓜多尔谁卖的虾多", ["秘鲁", "厄瓜多尔"]),
        ("Машин в день: Кяхта, Монды, Ташанта", ["Кяхта", "Монды", "Ташанта"]),
        ("rye in 2026: whose quota is larger, Perm's or Osa's", ["Perm's", "Osa's"]),
        ("сравни Читу и Хилок: где теплее", ["Читу", "Хилок"]),
        ("Compare the Lena and Kama bridges", ["the Lena bridge", "Kama bridge"]),
        ("сравни мосты Хэйхэ и Тунцзян", ["мост Хэйхэ", "мост Тунцзян"]),
        ("比较黑河和同江大桥", ["黑河大桥", "同江大桥"]),
        ("Compare Chile, Peru and Ecuador as sellers of shrimp in 2024", ["Chile", "Peru", "Ecuador"]),
        ("сравни Чили, Перу и Эквадор по улову", ["Чили", "Перу", "Эквадор"]),
        ("比较智利、秘鲁、厄瓜多尔2024年卖的虾", ["智利", "秘鲁", "厄瓜多尔"]),
        ("从巴西进口的咖啡、可可、蔗糖各多少吨", ["咖啡", "可可", "蔗糖"]),
        ("羊肉多还是牛肉多", ["羊肉", "牛肉"]),
        ("what time does the ferry between Heihe and Blagoveshchensk stop", []),
        ("between Heihe and Manzhouli, which is busier", ["Heihe", "Manzhouli"]),
        ("黑河和绥芬河一共有多少游客", []),
        ("How long is the bridge?", []),
        ("Is the bus to Heihe still running or not?", []),
        ("ндс на посылки с китая уже ввели или еще нет", []),
        ("виза в китай сейчас нужна или нет", []),
        ("去中国的签证取消了还是没有？", []),
    ],
)
def test_sides_are_found_as_written(question: str, sides: list[str]) -> None:
    assert [side.words for side in find_sides(question)] == sides


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("Which is longer, the Heihe bridge or the Tongjiang bridge?", "How long is the Heihe bridge?"),
        ("Compare Zabaikalsk and Grodekovo by cargo", "How much cargo goes through Zabaikalsk?"),
        ("автобус или катер: что дешевле?", "Сколько стоит автобус?"),
        ("黑河大桥和同江铁路桥哪个更长？", "黑河大桥有多长？"),
        ("Is the Heihe bridge longer than the Tongjiang bridge? in km please", "How long is the Heihe bridge?"),
        ("玉米进口：巴西 阿根廷 乌克兰 哪家多", "玉米进口：巴西 多少"),
        ("где больше леса идёт в китай - Наушки или Кяхта", "сколько леса идёт в китай - Наушки"),
        ("Peru's trade turnover 2024 vs 2023", "Peru's trade turnover 2024"),
        ("Compare Chile, Peru and Ecuador as sellers of shrimp", "Chile as sellers of shrimp"),
        ("What costs more to Heihe: skis or sledges", "How much did skis Heihe cost?"),
        ("Who sold more in the first nine months, Russia or Qatar?", "Who sold more in the first nine months, Russia?"),
    ],
)
def test_the_same_is_asked_of_each_side_alone(question: str, asked: str) -> None:
    assert find_sides(question)[0].question == asked


@pytest.mark.parametrize(
    ("question", "measure"),
    [
        ("Compare the Heihe bridge and the Tongjiang bridge", "How long is the Heihe bridge?"),
        ("黑河大桥和同江大桥有什么区别", "黑河大桥有多长？"),
        ("сравни мост Хэйхэ и мост Тунцзян", "Какова длина мост Хэйхэ?"),
        ("Manzhouli vs Suifenhe", "How much cargo goes through Manzhouli?"),
    ],
)
def test_things_are_measured_where_a_question_does_not_say_by_what(question: str, measure: str) -> None:
    assert measure in [one.question for one in find_sides(question)[0].measures]


@pytest.mark.parametrize(
    "question",
    [
        "Which is longer, the Heihe bridge or the Tongjiang bridge?",
        "Heihe or Suifenhe: where are parcels slower",
        "2024 vs 2025",
    ],
)
def test_nothing_else_is_measured_where_it_says(question: str) -> None:
    assert not find_sides(question)[0].measures


def test_a_thing_may_be_compared_with_itself() -> None:
    one, other = find_sides("Which is longer, the Heihe bridge or the Heihe-Blagoveshchensk bridge?")
    assert is_one_thing(one, other)
    one, other = find_sides("Which is longer, the Heihe bridge or the Tongjiang bridge?")
    assert not is_one_thing(one, other)


@pytest.mark.parametrize(
    ("request_", "subject"),
    [
        ("Give me an overview of the grain corridor", "grain corridor"),
        ("what is the Land of the Leopard?", "Land of the Leopard"),
        ("расскажи, пожалуйста, про Силу Сибири", "Силу Сибири"),
        ("что такое ТОР?", "ТОР"),
        ("介绍一下珲春口岸", "珲春口岸"),
        ("西伯利亚力量是什么？", "西伯利亚力量"),
        ("tell me about", ""),
    ],
)
def test_the_subject_of_a_request_is_what_is_left(request_: str, subject: str) -> None:
    assert subject_of(request_) == subject


@pytest.mark.parametrize(
    ("sentence", "lists"),
    [
        ("Its members are China, Mongolia, Russia and South Korea.", True),
        ("Участвуют Китай, Монголия и Россия.", True),
        ("成员国有中国、蒙古国、俄罗斯和韩国。", True),
        ("The bridge opened in 2022 and is 1,283 metres long.", False),
        ("Мост и дорога открыты.", False),
    ],
)
def test_a_sentence_may_list_things_itself(sentence: str, lists: bool) -> None:
    assert enumerates(sentence) == lists


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("黑河大桥和同江大桥哪个先通车", "黑河大桥什么时候通车？"),
        ("哪个先开工，黑河大桥还是同江大桥", "黑河大桥什么时候开工？"),
        ("黑河大桥和同江大桥哪个更早", "黑河大桥什么时候开通？"),
    ],
)
def test_what_comes_first_is_asked_by_the_verb_of_the_question(question: str, asked: str) -> None:
    assert find_sides(question)[0].question == asked
