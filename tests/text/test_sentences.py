"""Each row is the sentences of one text; joined, they must come apart at the same places."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coopbot.text.sentences import answer_words, split_sentences
from tests.cases import check_each

ENGLISH = [
    ["One sentence only"],
    ["The bridge opened.", "Trucks crossed it."],
    ["Trade reached $1.5bn in 2023.", "It grew by 5.2 % to 245.3 million."],
    ["The U.S. dollar fell against the yuan."],
    ["The goods came from the U.S.", "The tariff stayed."],
    ["Exports to the U.S. President Smith said otherwise."],
    ["Mr. Smith met Dr. Brown and Gen. He Weidong."],
    ["Mr. He Lifeng spoke first.", "He left early."],
    ["J. R. Smith wrote it with A. B. Jones."],
    ["Gazprom Co., Ltd. and Far East Inc. signed it.", "Both agreed."],
    ["It was bought by Amur Holding Ltd.", "The price is unknown."],
    ["China National Petroleum Corp. President Dai Houliang spoke."],
    ["On Jan. 5 and Feb. 11, No. 3 berth and No. 12 berth closed."],
    ["Work ended in Jan.", "Trucks came later."],
    ["The gate opens at 8:30 a.m. Beijing time."],
    ["It closes at 5 p.m.", "The night is quiet."],
    ["Some goods, e.g. Timber from Amur, i.e. Logs, went by rail vs. Road."],
    ["They sell timber, coal, soybeans, etc.", "Prices vary."],
    ["Was it open?", "Yes!", "It was open?!", "Really..."],
    ['He asked, "Is it open?" and left.', "Nobody answered."],
    ["“The bridge is open,” he said.", "“Trucks may cross.”", "They did."],
    ['"It is done."', '"Good."', "(They went home.)", "All was quiet."],
    ['"Stop!" shouted the guard.', "“When?” she asked."],
    ["It grew (see Fig. 3 and p. 15) by a third.", "See pp. 4-5."],
    ["Visit https://example.com/a.B?c=D.", "It is free."],
    ["Write to opinion@chinadaily.com.cn, or to J.Smith@mail.ru.", "We read all."],
    ["Version 2.0.1 of Node.js runs at www.example.org/x.html today.", "Use it."],
    ["Well... it depends.", "Wait...", "What?"],
    ["The total was 38.8 bcm.", "38 bcm were planned.", "2025 was a record."],
    ["1. Build the bridge.", "2. Open it."],
    ["Traffic opened on 16.11.2022.", "Trucks followed in 2023.", "It grew."],
    ["It opened in 2022.[1]", "It grew in 2023.[12]", "Good."],
    ["Prof. Zhang of St. Petersburg Univ. spoke about Mt. Paektu."],
    ['The "Power of Siberia" line (38 bcm a year!) is full.', "So what?"],
    ["Yahoo! said so.", "It rose (!) again."],
    ["Trade fell in the 1990s.", "Major firms left.", "It was 30 °C.", "Ice melted."],
    ["The calls went through AT&T.", "Nobody paid.[citation needed]", "Ivanov et al. 2020 say so."],
    ["He wrote . . . nothing.", "So did she."],
    ["Trade rose by $27bn...", "Then it fell."],
    ["The station at Grodekovo reported 4.1 Mt.", "Heihe reported less."],
]
RUSSIAN = [
    ["Мост открыт"],
    ["Рост составил 5,2 % и достиг 245.3 млрд рублей.", "Это рекорд."],
    ["Длина моста 1 283 м.", "Ширина меньше."],
    ["Перевезли 120 тыс. т грузов и 5 млн. TEU.", "План выполнен."],
    ["Сумма выросла до 5 млрд.", "Это рекорд."],
    ["Контракт на 400 млрд долл. США подписан.", "Срок — 30 лет."],
    ["Цена — 500 руб.", "Билет действует день."],
    ["Мост открыли в 2022 г.", "Первый поезд прошёл в ноябре."],
    ["Мост открыли в 2022 г.", "Хэйлунцзян сообщил об этом."],
    ["В 2022 г. Хэйлунцзян увеличил экспорт.", "Цзилинь — нет."],
    ["В июне 2022 г. Россия и Китай открыли мост."],
    ["По итогам 2023 г. Китай стал первым."],
    ["По данным таможни, в 2023 г. Китай ввёз больше нефти."],
    ["10 июня 2022 г. Мост открыт."],
    ["Поставки составили в 2020 г. 4,1 млрд куб. м, в 2021 г. 10,4 млрд куб. м."],
    ["В 1990-х гг. Россия и Китай торговали меньше.", "Потом больше."],
    ["Границу меняли в 1858–60 гг.", "Потом перестали."],
    ["Книгу написал Дж. А. Гобсон (ум. 1940).", "Её помнят."],
    ["В XIX в. Айгунский договор установил границу.", "Она прошла по Амуру."],
    ["Дорогу строили до начала XX в.", "Потом её забросили."],
    ["Мост ведёт в г. Хэйхэ и с. Каникурган Амурской обл. и дальше."],
    ["Стихи писал А. С. Пушкин.", "Доклад прочёл Ю. П. Трутнев."],
    ["Мост им. В. И. Ленина стоит на ул. Горького, д. 5, стр. 2."],
    ["Уголь, лес, соя и т. д.", "Всё это везут поездами."],
    ["Везут уголь, лес и т. п. грузы, т. е. Сырьё, а также т. н. Параллельный импорт."],
    ["Участвуют «Газпром», «Роснефть» и др.", "Список открыт."],
    ["См. рис. 5 и табл. 2 на стр. 15.", "Далее — см. Приложение."],
    ["«Мост готов!» — заявил губернатор.", "«Когда откроют?» — спросили его."],
    ["«Мост готов».", "«Поезда идут.»", "Так сказал министр."],
    ["Он сказал: «Мы готовы.", "Начнём завтра».", "И ушёл."],
    ["Как же так?!", "Вот так...", "А может, и нет…", "Да."],
    ["Ну... посмотрим.", "Что… опять?"],
    ["Сайт https://tass.ru/ekonomika/1.html?a=Б открыт.", "Почта info@rzd.ru тоже."],
    ["Движение открыто 16.11.2022 в 10.30.", "Версия 2.0.1 вышла."],
    ["Площадь 50 тыс. кв. м.", "Это много."],
    ["Мост открыли.", "Поезда пошли."],
    ["Сервис Яндекс.Маркет и ООО «Рога.Копыта» работают."],
    ["Объём вырос (в 2023 г. — на 5 %) и стабилен.", "(Это по данным ФТС.)", "Рост идёт."],
    ["1. Мост построен.", "2. Дорога нет."],
    ["Стоимость 5 млрд руб.", "РЖД оплатят половину."],
    ["Слова эти — «и т. д.» — лишние.", "Вот и всё."],
    ["Гость из пос. Хинганск Хинганского р-на сказал это проф. Ивановой."],
]
CHINESE = [
    ["大桥已经通车"],
    ["大桥已经通车。", "货车开始通行。"],
    ["贸易额达1.92亿元，增长5.2%。", "这是最高纪录。"],
    ["黑河市委书记说：“大桥通了。”", "大家都很高兴。"],
    ["他问：“什么时候通车？”", "没有人回答！"],
    ["“大桥通了！”他说。", "“我们很高兴。”"],
    ["“合作很好。”张书记表示，“今后会更好。”", "会议结束了。"],
    ["「大橋通了。」", "『真的嗎？』", "是真的。"],
    ["谁来养护大桥？！", "双方各管一半……好。"],
    ["他说了很多……。", "后来走了。"],
    ["铁路桥长7194米；公路桥长1283米。", "两座桥都已通车。"],
    ["桥短；路长；山高。"],
    [
        "中方境内的线路由黑龙江省出资修建，全长三十一点六公里，设计时速一百公里；",
        "俄方境内的线路由俄罗斯远东的投资公司负责修建，包括桥梁三百零九米和引线五公里。",
    ],
    [
        "丝绸之路经济带与远东开发战略（俄方负责建设港口以及通往港口的铁路和公路；中方负责建设口岸以及通往口岸的铁路和公路）正在对接。"
    ],
    ["《你好，俄罗斯！》节目开播。", "收视率很高。"],
    ["他看了《大桥通车了吗？》一文。", "他很高兴。"],
    ["大桥（真的吗？）通车了。", "（本报记者张三。）", "他走了。"],
    ['他说："好。', '大家走吧。"', "他走了。"],
    ["他走了。", '"好。"大家说。'],
    ["ESPO管道（East Siberia–Pacific Ocean）于2011年投产。", "Gazprom没有参与。"],
    ["见https://example.com/a.html?b=1。", "谢谢。"],
    ["大桥于2022.06.10通车!", "货车很多?", "是的."],
    ["是吗?", "他不知道.", "他走了."],
    ["U.S. News报道了此事。", "Co., Ltd.没有回应。"],
    ["第一段结束。", "第二句也结束了。", "第三句没有标点"],
    ["“谁来买单？”的问题没有答案。", "会后再谈。"],
    ["（一）建桥。", "（二）修路。"],
    ["１．５亿元的投资已经到位。", "工程开工。"],
    ["货运量为500.2万吨，客运量为12,345人次。", "比上年增长。"],
    ["大桥通车了！！！", "太好了～"],
    ["他说：“好！”，然后走了。", "大家也走了。"],
    ["【新华社】大桥通车。", "〔记者李四〕报道完毕。"],
    ["口岸开放时间为8:30至17:00。", "节假日照常。"],
]
MIXED = [
    ["Мост открыт.", "The bridge is open.", "大桥通车了。", "Всё."],
    ["Компания China Railway Co., Ltd. построила мост.", "Цена 5 млн долл. США."],
    ["Gazprom (ПАО «Газпром») said: «Да!»", "俄气表示同意。", "Далее — тишина."],
    ["Что такое ESPO?", "Это труба."],
    ["The 黑河 bridge opened.", "黑河 is a city."],
    ["**Мост открыт.**", "Поезда идут.", "_The bridge is open._", "*Trucks* cross it.", "**大桥通车了。**", "好。"],
    ["Мост открыли 5 мая с.г.", "Поезда пошли."],
    ["Это Хинганский р-н.", "Это т.н. Среднеамурский р-н."],
]
MARKDOWN = [
    ("# Мост. Открыт? Да\nТекст идёт. Дальше.", ["# Мост. Открыт? Да", "Текст идёт.", "Дальше."]),
    ("Конец без точки\n## 2026: «завершено» или 97%\n\nТекст.", ["Конец без точки", "## 2026: «завершено» или 97%", "Текст."]),
    ("One line\nand its rest. Then\nmore.", ["One line\nand its rest.", "Then\nmore."]),
    ("No point here\n\nNew paragraph", ["No point here", "New paragraph"]),
    ("No point here\r\n \t\r\nNew paragraph", ["No point here", "New paragraph"]),
    ("#новости Мост открыт. Поезда идут.\nДальше.", ["#новости Мост открыт.", "Поезда идут.", "Дальше."]),
    ("Везут:\n- уголь\n- лес\n* соя", ["Везут:", "- уголь", "- лес", "* соя"]),
    ("Россия\n- это страна.", ["Россия\n- это страна."]),
    ("1) мост\n2) дорога", ["1) мост", "2) дорога"]),
    ("第一行\n第二行。\n\n第三行", ["第一行\n第二行。", "第三行"]),
    ("  \n\n  A. \n\n", ["A."]),
    ("", []),
    (" \n\t", []),
    ("...", ["..."]),
    ("。！？", ["。！？"]),
]


LOST_SPACES = [
    ["Мост открыли.", "Поезда пошли."],
    ["Готово!", "Мост открыли."],
    ["桥通了.", "Мост открыт."],
    ["The bridge is open.", "大桥通车了."],
    ["It is “done.”", "He left."],
]


def pieces(text: str) -> list[str]:
    return [text[span.start_char : span.end_char] for span in split_sentences(text)]


@pytest.mark.parametrize(
    ("texts", "separator"),
    [(ENGLISH, " "), (RUSSIAN, " "), (MIXED, " "), (CHINESE, ""), (CHINESE, " "), (LOST_SPACES, "")],
)
def test_joined_sentences_are_split_again(texts: list[list[str]], separator: str) -> None:
    def check(sentences: list[str]) -> None:
        assert pieces(separator.join(sentences)) == sentences

    check_each(texts, check, separator.join)


@pytest.mark.parametrize(("text", "expected"), MARKDOWN)
def test_lines_and_markdown(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected


ALPHABET = st.sampled_from(
    [*"aBяЖ中1. .。！？!?；…\"'”»)（《》-—#\n\r\t,:", "г.", "т. д.", "U.S.", "www.", "https://", "说。", "\n\n", "[1]"]
)


@settings(deadline=None)
@given(st.one_of(st.text(), st.lists(ALPHABET, max_size=60).map("".join)))
def test_spans_tile_the_text(text: str) -> None:
    end_char = 0
    for span in split_sentences(text):
        assert not text[end_char : span.start_char].strip()
        sentence = text[span.start_char : span.end_char]
        assert sentence
        assert sentence == sentence.strip()
        end_char = span.end_char
    assert not text[end_char:].strip()


@settings(deadline=None)
@given(st.lists(st.sampled_from(ENGLISH + RUSSIAN + CHINESE), min_size=1, max_size=4))
def test_paragraphs_are_independent(paragraphs: list[list[str]]) -> None:
    text = "\n\n".join(" ".join(sentences) for sentences in paragraphs)
    assert pieces(text) == [sentence for sentences in paragraphs for sentence in sentences]


def test_article() -> None:
    path = Path(__file__).parents[2] / "../shared/articles/china-daily-2025-05-10.txt"
    if not path.exists():
        pytest.skip("the article is absent")
    sentences = pieces(path.read_text(encoding="utf-8"))
    assert sum(sentence.endswith(".") for sentence in sentences) >= 24
    assert all("\n\n" not in sentence for sentence in sentences)


def test_the_words_of_an_answer_have_nothing_around_them() -> None:
    given = (
        " 24 December 2016, ",
        "的最大过货能力，写2100万吨",
        "，的长度",
        "的士站",
        "10 июня 2022 г.",
        "3,200",
        "的",
        " ,",
        "",
    )
    words = ("24 December 2016", "最大过货能力，写2100万吨", "长度", "的士站", "10 июня 2022 г.", "3,200", "的", " ,", "")
    assert [answer_words(text).of(text) for text in given] == list(words)
