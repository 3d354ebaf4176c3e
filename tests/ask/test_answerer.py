"""What is no question, what asks for articles, and what time a question means: one small index, in this process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from coopbot.ask.answer.answerer import Answerer
from coopbot.domain import Answer, Citation, Filters
from coopbot.errors import InvalidRequest
from coopbot.index.build import build
from coopbot.index.live import LiveIndex
from tests.fakes import BagOfWords, FigureReader, make_article

TODAY = date(2026, 1, 20)
ARTICLES = [
    make_article("en/toll-2012", "A lorry pays a toll of 500 roubles this year.", title="The toll", published=date(2012, 7, 3)),
    make_article("en/toll-2025", "A lorry pays a toll of 900 roubles now.", title="A new toll", published=date(2025, 12, 1)),
    make_article("en/leopards", "In 2026 there were 130 leopards in the park.", title="Leopards", published=date(2026, 1, 5)),
    make_article("en/cranes", "There are 40 cranes at the lake.", title="Cranes", published=None),
    make_article("ru/toll", "Фура платит за проезд 700 рублей.", language="ru", title="Проезд", published=date(2024, 5, 1)),
    make_article("zh/toll", "黑河的卡车过桥费为800卢布。", language="zh", title="过桥费", published=date(2024, 6, 1)),
]


@pytest.fixture(scope="module")
def answerer(tmp_path_factory: pytest.TempPathFactory) -> Answerer:
    folder: Path = tmp_path_factory.mktemp("index")
    build(ARTICLES, BagOfWords(), folder, model="bag of words", precision="f32")
    index = LiveIndex(folder, BagOfWords().fingerprint)
    return Answerer(BagOfWords(), index.current, FigureReader(), today=lambda: TODAY)


@pytest.mark.parametrize(
    ("said", "language", "notice"),
    [
        ("Hi there!", "en", "greeting"),
        ("Who are you?", "en", "identity"),
        ("谢谢您", "zh", "thanks"),
        ("你能做什麼？", "zh", "ability"),
        ("пока", "ru", "farewell"),
        ("ты дурак", "ru", "abuse"),
    ],
)
def test_small_talk_gets_a_line_and_no_passages(answerer: Answerer, said: str, language: str, notice: str) -> None:
    answer = answerer.ask(said)
    assert (answer.outcome, answer.question_language, answer.notice) == ("small_talk", language, notice)
    assert (answer.claims, answer.citations, answer.articles) == ((), (), ())


def ids(answerer: Answerer, said: str, filters: Filters | None = None) -> list[str]:
    return [article.article_id for article in answerer.ask(said, filters=filters).articles]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("What do you know about leopards?", {"en/leopards"}),
        ("sources about toll", {"en/toll-2012", "en/toll-2025"}),
        ("статьи про проезд", {"ru/toll"}),
        ("有哪些关于过桥费的文章？", {"zh/toll"}),
    ],
)
def test_a_request_for_articles_lists_those_about_the_subject(answerer: Answerer, said: str, found: set[str]) -> None:
    answer = answerer.ask(said)
    assert (answer.outcome, answer.notice, answer.citations) == ("articles", "about", ())
    assert {article.article_id for article in answer.articles} == found


@pytest.mark.parametrize("said", ["What do you know about football?", "статьи про футбол", "关于足球你知道什么"])
def test_of_an_unknown_subject_there_is_no_evidence(answerer: Answerer, said: str) -> None:
    answer = answerer.ask(said)
    assert (answer.outcome, answer.notice, answer.articles) == ("no_evidence", None, ())


@pytest.mark.parametrize(("said", "language"), [("What is new?", "en"), ("что нового?", "ru"), ("有什么新消息", "zh")])
def test_what_is_new_is_the_newest_first_after_the_askers_language(answerer: Answerer, said: str, language: str) -> None:
    def own_first(*newest: str) -> list[str]:
        return sorted(newest, key=lambda article_id: not article_id.startswith(language))

    assert answerer.ask(said).notice == "newest"
    assert ids(answerer, said) == own_first("en/leopards", "en/toll-2025", "zh/toll", "ru/toll", "en/toll-2012")
    assert ids(answerer, said, Filters(languages=("zh", "ru"))) == own_first("zh/toll", "ru/toll")
    assert ids(answerer, said, Filters(published_to=date(2024, 5, 31))) == own_first("ru/toll", "en/toll-2012")
    assert ids(answerer, said, Filters(places=("heihe", "mohe"))) == ["zh/toll"]


@pytest.mark.parametrize("said", ["what is new this month?", "что нового в этом месяце?", "本月有什么新文章"])
def test_what_is_new_of_a_time(answerer: Answerer, said: str) -> None:
    assert ids(answerer, said) == ["en/leopards"]


@pytest.mark.parametrize(
    ("said", "newest"),
    [("what is new this week?", "en/leopards"), ("новости сегодня", "ru/toll"), ("本周有什么新闻", "zh/toll")],
)
def test_of_a_time_without_articles_the_newest_of_all(answerer: Answerer, said: str, newest: str) -> None:
    answer = answerer.ask(said)
    assert (answer.notice, answer.articles[0].article_id) == ("none_then", newest)


@pytest.mark.parametrize(
    ("asked", "read"),
    [
        ("How many leopards were in the park this year?", "How many leopards were in the park in 2026?"),
        ("Сколько в этом году леопардов?", "Сколько в 2026 году леопардов?"),
        ("今年有多少只豹？", "2026年有多少只豹？"),
    ],
)
def test_this_year_is_searched_by_its_number(answerer: Answerer, asked: str, read: str) -> None:
    assert answerer.ask(asked).searched_as == read


@pytest.mark.parametrize(
    ("written", "searched"),
    [("哈巴罗夫斯克", "哈巴罗夫斯克"), ("伯力", "伯力"), ("哈巴罗夫斯克（伯力）", "伯力")],
)
def test_a_name_is_searched_as_the_articles_write_it(tmp_path: Path, written: str, searched: str) -> None:
    boats = [make_article(f"zh/{hours}", f"从{written}坐船到抚远要{hours}个小时。", language="zh") for hours in range(1, 21)]
    build(boats, BagOfWords(), tmp_path, model="bag of words", precision="f32")
    answerer = Answerer(BagOfWords(), LiveIndex(tmp_path, BagOfWords().fingerprint).current, FigureReader())
    assert answerer.ask("伯力到抚远坐船多久？").searched_as == f"{searched}到抚远坐船多久？"
    assert answerer.search("伯力到抚远坐船多久？", top_k=1).hits[0].passage.article_id.startswith("zh/")


def test_the_latest_is_the_newer_of_two_answers_and_an_old_one_is_dated(answerer: Answerer) -> None:
    quotes = {c.article_id: c for c in answerer.ask("What toll of roubles does a lorry pay?", max_citations=10).citations}
    assert quotes["en/toll-2012"].as_of == "2012-07-03"
    assert quotes["en/toll-2012"].dated_words[0].first == date(2012, 1, 1)
    now = answerer.ask("What toll of roubles does a lorry pay at present?").citations
    assert (now[0].article_id, now[0].as_of) == ("en/toll-2025", None)
    (undated, *_) = answerer.ask("How many cranes are at the lake?").citations
    assert undated.as_of == "undated"


def test_each_part_of_a_question_is_answered_though_both_stand_in_one_passage(tmp_path: Path) -> None:
    text = "The Amur bridge was opened in 2022. The Amur bridge has a length of 1,283 m. The Amur bridge is grey."
    build([make_article("en/bridge", text)], BagOfWords(), tmp_path, model="bag of words", precision="f32")
    index = LiveIndex(tmp_path, BagOfWords().fingerprint)
    answer = Answerer(BagOfWords(), index.current, FigureReader(), today=lambda: TODAY).ask(
        "When was the Amur bridge opened and what length has the Amur bridge?"
    )
    assert sorted(citation.quote for citation in answer.citations) == [
        "The Amur bridge has a length of 1,283 m.",
        "The Amur bridge was opened in 2022.",
    ]


def test_a_conversation_continues_from_a_subject_and_after_small_talk(answerer: Answerer) -> None:
    answerer.ask("What do you know about leopards in the park?", conversation_id="c")
    answerer.ask("thanks", conversation_id="c")
    searched = answerer.ask("and how many are there?", conversation_id="c").searched_as
    assert "leopards" in searched
    assert searched.endswith("and how many are there?")
    with pytest.raises(InvalidRequest):
        answerer.ask("hi", conversation_id="not an id")


def test_another_subject_within_a_conversation_is_not_taken_for_a_follow_up(answerer: Answerer) -> None:
    answerer.ask("What toll of roubles does a lorry pay?", conversation_id="d")
    answer = answerer.ask("How many cranes at the lake?", conversation_id="d")
    assert (answer.searched_as, answer.citations[0].article_id) == ("How many cranes at the lake?", "en/cranes")


def test_what_is_only_found_is_no_answer_and_no_turn(tmp_path: Path) -> None:
    build(
        [make_article("en/bridge", "The Amur bridge has a length of 1,283 m.")], BagOfWords(), tmp_path, model="", precision=""
    )
    index, heard = LiveIndex(tmp_path, BagOfWords().fingerprint), list[Answer]()

    class Loud:
        def write(self, quoted: Answer, citations: Sequence[Citation]) -> Answer:
            raise AssertionError("a language model was asked")

    answerer = Answerer(BagOfWords(), index.current, FigureReader(), writer=Loud(), on_answer=heard.append)
    assert [claim.text for claim in answerer.find("What length has the Amur bridge?").claims]
    assert heard == []


def test_a_conversation_goes_on_though_its_articles_are_gone(tmp_path: Path) -> None:
    bridge, road = (
        make_article(f"en/{name}", f"The {name} has a length of {km} km.") for name, km in (("bridge", 5), ("road", 9))
    )
    build([bridge, road], BagOfWords(), tmp_path, model="", precision="")
    index = LiveIndex(tmp_path, BagOfWords().fingerprint)
    answerer = Answerer(BagOfWords(), index.current, FigureReader())
    first = answerer.ask("What length has the bridge?", conversation_id="c")
    assert first.citations[0].article_id == "en/bridge"
    build([road], BagOfWords(), tmp_path, model="", precision="")
    answer = answerer.ask("and its length?", conversation_id="c")
    assert {citation.article_id for citation in answer.citations} <= {"en/road"}


def test_a_filter_may_leave_out_the_askers_language(answerer: Answerer) -> None:
    answer = answerer.ask("Сколько рублей платит фура за проезд?", filters=Filters(languages=("en", "zh")))
    assert {citation.language for citation in answer.citations} <= {"en", "zh"}
    assert answer.citations


def test_a_chain_of_fifty_follow_ups_stays_short(answerer: Answerer) -> None:
    answerer.ask("What toll of roubles does a lorry pay?", conversation_id="long")
    for number in range(50):
        answer = answerer.ask(f"and in {1970 + number}?", conversation_id="long")
    assert len(answer.searched_as) < 100
    assert answer.searched_as.endswith("2019?")
    assert "1970" not in answer.searched_as


@pytest.mark.parametrize("asked", ["how much is it?", "а сколько он?", "它多少？"])
def test_a_follow_up_that_comes_first_is_never_answered_as_if_sure(answerer: Answerer, asked: str) -> None:
    answer = answerer.ask(asked, conversation_id=f"first-{len(asked)}")
    assert answer.outcome in ("possible", "no_evidence")
    # It may be taken for a question about where an answer is from; both remarks say that there is none.
    assert answer.remarks in (("refers_back",), ("no_answer_before",))


def test_a_question_in_two_languages_finds_both(answerer: Answerer) -> None:
    answer = answerer.ask("Сколько платит lorry, a toll of roubles?")
    assert answer.citations
    assert {"en", "ru"} <= {
        citation.language for citation in answerer.search("платит lorry a toll of roubles проезд").articles.values()
    }


def test_an_answer_that_was_given_is_less_likely_to_be_the_next(answerer: Answerer) -> None:
    first = answerer.ask("What toll does a lorry pay?", conversation_id="said")
    alone = answerer.find("What toll does a lorry pay?")
    again = answerer.ask("and what does a lorry pay?", conversation_id="said")
    assert first.confidence == alone.confidence
    assert again.citations[0].quote != first.citations[0].quote or again.confidence < first.confidence
