"""What must meet in the lexical index meets, and what must not stays apart."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coopbot.text.tokens import lexical_tokens

# Texts of one row give the same tokens.
SAME = [
    # Russian
    ("мост", "мосты", "мостов", "мосту", "мостами", "Мост", "МОСТЫ"),
    ("Хэйлунцзян", "Хэйлунцзяна", "Хэйлунцзяну", "Хэйлунцзяне", "Хэйлунцзяном"),
    ("Магадан", "Магадана", "Магадане"),
    ("канал", "канала", "канале", "каналов"),
    ("Благовещенск", "Благовещенска", "Благовещенске", "Благовещенском"),
    ("поезд", "поезда", "поездов", "поездами"),
    ("юань", "юаней", "юаня"),
    ("железная дорога", "железной дороги", "железную дорогу", "железных дорог"),
    ("объём", "объем", "объёма", "ОБЪЁМ", "обьём".replace("ь", "ъ"), "объе\u0308м"),
    ("Амур", "Аму\u0301р", "А\u00adмур"),
    ("погранпереход", "о погранпереходе", "на погранпереходах"),
    # English
    ("bridge", "bridges", "Bridges", "the bridge", "the bridge's", "the bridge’s"),
    ("pipeline", "pipelines", "PIPELINE"),
    ("province", "provinces"),
    ("export", "exports", "exported", "exporting"),
    ("U.S. dollars", "US dollar"),
    ("Ｈｅｉｈｅ", "heihe"),
    # Chinese
    ("黑龙江", "黑龍江", "黑龙江的"),
    ("东宁口岸货运量", "東寧口岸貨運量"),
    ("中国对俄罗斯贸易", "中國對俄羅斯貿易"),
    ("铁路大桥", "鐵路大橋"),
    ("后贝加尔斯克", "後貝加爾斯克"),
    # Numbers
    ("38,8", "38.8", "38.80", "３８．８"),
    ("1 283", "1,283", "1283", "1\u00a0283", "1\u202f283", "1\u2009283", "１２８３"),
    ("1 283 456", "1,283,456", "1283456"),
    ("1 283,5", "1,283.5", "1283.5"),
    ("2,500", "2500", "2 500"),
    ("2,5", "2.5", "2.50"),
    ("0,500", "0.5"),
    ("5 мая", "05 мая"),
    ("38bcm", "38 bcm"),
    ("270亿", "270 亿"),
    ("16.11.2022", "16 11 2022", "16/11/2022", "16-11-2022"),
    ("007", "7"),
    ("0,0", "0"),
]
DIFFERENT = [
    ("2,5", "2,500"),
    ("2,5", "25"),
    ("38,8", "388"),
    ("1,283,5", "12835"),
    ("2022 100", "2022100"),
    ("мост", "мостик"),
    ("黑河", "黑龙"),
    ("лист", "ліст"),
]
EXACT = [
    ("", []),
    (" \n\t ", []),
    ("?!, — «»", []),
    ("the of and", []),
    ("и в на с по", []),
    ("黑", ["黑"]),
    ("黑河", ["黑河"]),
    ("黑河大桥", ["黑河", "河大", "大桥"]),
    ("黑河的桥", ["黑河", "桥"]),
    ("是", []),
    ("什么", []),
    ("1.92亿吨", ["1.92", "亿吨"]),
    ("黑河 bridge 的长度", ["黑河", "bridg", "长度"]),
    ("Что такое ESPO?", ["espo"]),
    ("в 2022 г.", ["2022", "г"]),
    ("COVID-19", ["covid", "19"]),
    ("Приморье-1", ["примор", "1"]),
    ("E5 and H2", ["e5", "h2"]),
    ("10:30", ["10", "30"]),
    ("v1.2.3", ["v1", "2.3"]),
    ("5,2 %", ["5.2"]),
    ("$27bn", ["27", "bn"]),
    ("カタカナ", ["カタカナ"]),
    ("서울 도시", ["서울", "도시"]),
    ("😀", []),
]


@pytest.mark.parametrize("texts", SAME, ids=lambda texts: texts[0])
def test_tokens_of_question_and_passage_match(texts: tuple[str, ...]) -> None:
    tokens = lexical_tokens(texts[0])
    assert tokens
    assert [lexical_tokens(text) for text in texts] == [tokens] * len(texts)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_tokens_of_different_words_differ(one: str, other: str) -> None:
    assert lexical_tokens(one) != lexical_tokens(other)


@pytest.mark.parametrize(("text", "tokens"), EXACT)
def test_exact_tokens(text: str, tokens: list[str]) -> None:
    assert lexical_tokens(text) == tokens


def test_repeated_words_stay_and_keep_their_order() -> None:
    assert lexical_tokens("мост и тоннель, мосты") == ["мост", "тоннел", "мост"]


@settings(deadline=None)
@given(st.text())
def test_tokens_are_clean(text: str) -> None:
    for token in lexical_tokens(text):
        assert token
        assert not any(char.isspace() for char in token)


@settings(deadline=None)
@given(st.text(), st.text())
def test_lines_do_not_influence_each_other(one: str, other: str) -> None:
    assert lexical_tokens(f"{one}\n{other}") == lexical_tokens(one) + lexical_tokens(other)


def test_threads_agree() -> None:
    texts = [
        "Поставки газа по магистрали выросли, bridges and pipelines, 黑河大桥。" * 20,
        "мосты " * 300,
        "bridges " * 300,
    ] * 8
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lexical_tokens, texts)) == [lexical_tokens(text) for text in texts]


@pytest.mark.process
def test_import_is_light() -> None:
    """Of what is not the standard library, only the stemmer: no dictionaries, no models."""
    code = (
        "import sys; before = set(sys.modules);"
        "import coopbot.text.tokens, coopbot.text.sentences, coopbot.text.language, coopbot.text.quantities;"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names;"
        "print(*(name for name in new if 'cython' not in name))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {"coopbot", "Stemmer"}
