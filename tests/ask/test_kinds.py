"""Questions that one sentence cannot answer: what kind they are, and their answers over a few invented articles."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from coopbot.ask.answer.answerer import Answerer
from coopbot.ask.answer.forms import said_plainly
from coopbot.ask.answer.overview import fitting_articles
from coopbot.ask.rank.reader import ModelReader
from coopbot.ask.understand.kinds import find_kind, load_kind_weights
from coopbot.ask.understand.question import understand
from coopbot.domain import Answer, Attribution, Language, Source, When
from coopbot.index.build import build
from coopbot.index.live import LiveIndex
from coopbot.index.model.encoder import Encoder
from tests.fakes import make_article

TODAY = date(2026, 12, 1)

ARTICLES = [
    make_article(
        "en/kama-ferry",
        "The Kama ferry is the oldest crossing of the Kama reservoir, open since 1954.\n\n"
        "## How much goes over it\n\n"
        "The Kama ferry carried 210,000 passengers in 2021 and 250,000 passengers in 2022. In 2023 the Kama ferry carried "
        "310,000 passengers, according to the port. The newspaper Volna reported 290,000 passengers on the Kama ferry in 2023. "
        "In 2024 the Kama ferry is to carry 900,000 passengers.\n\n"
        "## What it costs\n\n"
        "A ticket for the Kama ferry costs 300 roubles. A car on the Kama ferry costs 1,200 roubles.",
        title="The Kama ferry: passengers and tickets",
        published=date(2024, 3, 1),
    ),
    make_article(
        "en/kama-bridge",
        "The Kama bridge is 2,100 metres long and opened in 1998.\n\n## Tolls\n\nA car pays 5 yuan on the Kama bridge.",
        title="The Kama bridge",
        published=date(2024, 5, 1),
    ),
    make_article(
        "en/upper-bridge",
        "The Upper bridge is 1,450 metres long. It opened in 2006.",
        title="The Upper bridge",
        published=date(2023, 5, 1),
    ),
    make_article(
        "en/primorye",
        "In Primorye the Kraskino checkpoint takes lorries to Hunchun. The Poltavka checkpoint in Primorye leads to Dongning. "
        "The Turiy Rog checkpoint is open in Primorye too, towards Mishan.",
        title="Border checkpoints of Primorye",
        published=date(2025, 5, 1),
    ),
    make_article(
        "en/amur",
        "The Kani-Kurgan checkpoint takes lorries in Amur Oblast. It is a border checkpoint by the Heihe bridge.",
        title="A border checkpoint of Amur Oblast",
        published=date(2025, 5, 1),
    ),
    make_article(
        "en/league",
        "The Kama league of towns was founded in 1994. Its member towns are Perm, Sarapul, Chaikovsky and Chistopol.",
        title="The Kama league of towns",
        published=date(2025, 5, 1),
    ),
    make_article(
        "en/sledges",
        "A sledge crosses the Lena ice in 20 minutes, and a hovercraft crosses the Lena ice in 8 minutes.",
        title="Over the Lena ice",
        published=date(2025, 5, 1),
    ),
    make_article(
        "en/perm-trade",
        "Trade of Perm with Osa was $500 million in 2021. In 2022 trade of Perm with Osa rose to $800 million, with exports of "
        "$300 million and imports of $500 million. In 2023 trade of Perm with Osa came to $900 million, $100 million of it in "
        "timber.",
        title="Trade of Perm with Osa",
        published=date(2025, 5, 1),
    ),
    make_article(
        "en/onega",
        "In 2023 the Onega line carried 40,000 passengers. The Onega line runs from May to October.\n\n## Where it calls\n\n"
        "Kizhi lies 70 kilometres from Petrozavodsk by water.",
        title="The Onega line: boats, tickets and a day on Kizhi",
        published=date(2025, 5, 1),
    ),
    make_article(
        "en/two-bridges",
        "The Heihe bridge over the Amur was opened on 10 June 2022. The Tongjiang railway bridge takes trains with ore.",
        title="Bridges to China",
        published=date(2025, 5, 1),
    ),
    make_article(
        "en/osa-lock",
        "In May 2024 the Osa lock passed 120 ships a day. By the design of June 2024 the Osa lock is to pass 400 a day.",
        title="The Osa lock",
        published=date(2025, 5, 1),
    ),
    make_article(
        "en/rye",
        "Perm and Sarapul together may sell 52,000 tonnes of rye. Perm may sell 31,000 tonnes of rye in 2025. Sarapul may sell "
        "21,000 tonnes of rye in 2025. In 2019 Sarapul sold 9,000 tonnes of rye.",
        title="Who may sell rye",
        published=date(2025, 5, 1),
    ),
    make_article(
        "en/cranes",
        "There are now 40 cranes at Lake Khanka. Cranes nest on 12 islands.",
        title="Cranes of the lake",
        published=None,
    ),
    make_article(
        "ru/kama-parom",
        "Паром «Кама» — старейшая переправа через водохранилище, она открыта с 1954 года.\n\n"
        "## Сколько перевозит\n\n"
        "В 2021 году паром «Кама» перевёз 210 000 пассажиров, в 2022 году — 250 000 пассажиров. В 2023 году паром «Кама» "
        "перевёз 310 000 пассажиров, сообщил порт.\n\n"
        "## Сколько стоит\n\nБилет на паром «Кама» стоит 300 рублей.",
        language="ru",
        title="Паром «Кама»: пассажиры и билеты",
        published=date(2024, 3, 1),
    ),
    make_article(
        "zh/kama",
        "卡马轮渡是水库上最古老的渡口，1954年开通。\n\n## 客运量\n\n卡马轮渡2021年运送旅客21万人次，2022年为25万人次。"
        "卡马轮渡2023年运送旅客31万人次，港口公布。\n\n## 票价\n\n卡马轮渡票价300卢布。",
        language="zh",
        title="卡马轮渡：旅客与票价",
        published=date(2024, 3, 1),
    ),
]


# A footnote may say that a sentence is a plan where its words do not.
PLAN = "The Kama ferry carried 950,000 passengers in 2025."
ARTICLES[0] = replace(
    ARTICLES[0],
    text=f"{ARTICLES[0].text}\n\n{PLAN}",
    attributions=(
        Attribution(
            start_char=len(ARTICLES[0].text) + 2,
            end_char=len(ARTICLES[0].text) + 2 + len(PLAN),
            label="plan",
            sources=(Source(publisher="Volna"),),
            planned_for=When("2025"),
        ),
    ),
)


@pytest.fixture(scope="module")
def answerer(embedder: Encoder, reader: ModelReader, tmp_path_factory: pytest.TempPathFactory) -> Answerer:
    folder: Path = tmp_path_factory.mktemp("index")
    build(ARTICLES, embedder, folder, model=embedder.card.name, precision=embedder.card.precision)
    return Answerer(embedder, LiveIndex(folder, embedder.fingerprint).current, reader, today=lambda: TODAY)


def quoted_values(answer: Answer) -> list[tuple[str, str]]:
    """The year of each point, and the words that its citation quotes."""
    cited = {citation.number: citation for citation in answer.citations}
    return [(f"{point.first:%Y}", point.words.of(cited[point.citation].quote)) for point in answer.series]


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("soy exports to China by year", "series"),
        ("Как менялся товарооборот с 2019 по 2024 год?", "series"),
        ("历年旅客人数", "series"),
        ("Which is deeper, the old tunnel or the new one?", "compare"),
        ("что длиннее: старый мост или новый?", "compare"),
        ("新桥和旧桥哪个更长？", "compare"),
        ("Which ports can foreign ships use?", "list"),
        ("какие порты открыты для судов?", "list"),
        ("有哪些港口对外开放？", "list"),
        ("what is the latest on the tunnel?", "latest"),
        ("последние данные о туннеле", "latest"),
        ("隧道最新进展", "latest"),
        ("give me an overview of the tunnel", "summary"),
        ("расскажи про туннель", "summary"),
        ("介绍一下这条隧道", "summary"),
        ("where is this from?", "source"),
        ("how old is it?", "source"),
        ("откуда это?", "source"),
        ("когда это было?", "source"),
        ("来源是哪里", "source"),
        ("what kinds of questions can you answer?", "ability"),
        ("что ты вообще умеешь?", "ability"),
        ("你都能回答些什么问题", "ability"),
        ("How long is the tunnel?", "plain"),
        ("how old is the tunnel?", "plain"),
        ("When did the tunnel open?", "plain"),
        ("Сколько стоил туннель?", "plain"),
        ("кто построил туннель", "plain"),
        ("隧道有多长？", "plain"),
        ("隧道是谁建的", "plain"),
        ("What is the capacity of the tunnel?", "plain"),
        ("where does the gas of the pipeline come from?", "plain"),
    ],
)
def test_the_kind_of_a_question_is_told_from_its_words(embedder: Encoder, question: str, kind: str) -> None:
    assert find_kind(question, understand(question, embedder).vector, load_kind_weights()) == kind


@pytest.mark.parametrize(
    ("question", "values"),
    [
        (
            "passengers of the Kama ferry by year",
            [
                ("2021", "210,000 passengers"),
                ("2022", "250,000 passengers"),
                ("2023", "310,000"),
                ("2023", "290,000 passengers"),
            ],
        ),
        (
            "сколько пассажиров паром «Кама» перевозил по годам?",
            [("2021", "210 000 пассажиров"), ("2022", "250 000 пассажиров"), ("2023", "310 000 пассажиров")],
        ),
        ("卡马轮渡历年旅客人次", [("2021", "21万人次"), ("2022", "25万人次"), ("2023", "31万人次")]),
    ],
)
def test_a_series_has_each_year_with_its_words_and_no_plan(
    answerer: Answerer, question: str, values: list[tuple[str, str]]
) -> None:
    answer = answerer.ask(question)
    assert (answer.kind, answer.outcome) == ("series", "answered")
    found = [(year, words.replace("\n", " ")) for year, words in quoted_values(answer)]
    assert [(year, words) for year, words in found if year != "2023"] == [one for one in values if one[0] != "2023"]
    assert {words.split()[0] for year, words in found if year == "2023"} == {
        words.split()[0] for year, words in values if year == "2023"
    }
    assert {"2024", "2025"}.isdisjoint(year for year, _ in found)


def test_each_figure_of_a_series_is_of_what_is_asked_for(answerer: Answerer) -> None:
    answer = answerer.ask("trade of Perm with Osa by year")
    assert quoted_values(answer) == [("2021", "$500 million"), ("2022", "$800 million"), ("2023", "$900 million")]


def test_years_of_the_question_limit_a_series(answerer: Answerer) -> None:
    answer = answerer.ask("passengers of the Kama ferry by year from 2021 to 2022")
    assert [year for year, _ in quoted_values(answer)] == ["2021", "2022"]


def test_a_comparison_shows_each_side(answerer: Answerer) -> None:
    answer = answerer.ask("Which is longer, the Kama bridge or the Upper bridge?")
    assert answer.kind == "compare"
    assert {claim.label: claim.text for claim in answer.claims} == {
        "the Kama bridge": "The Kama bridge is 2,100 metres long and opened in 1998.",
        "the Upper bridge": "The Upper bridge is 1,450 metres long.",
    }
    assert answer.missing == ()


def test_what_both_sides_are_measured_by_is_compared_where_a_question_does_not_say(answerer: Answerer) -> None:
    answer = answerer.ask("Compare the Kama bridge and the Upper bridge")
    assert answer.kind == "compare"
    assert [(claim.label, "metres long" in claim.text) for claim in answer.claims[:2]] == [
        ("the Kama bridge", True),
        ("the Upper bridge", True),
    ]


def test_a_side_that_a_plain_answer_does_not_tell_of_is_named(answerer: Answerer) -> None:
    answer = answerer.ask("How long is the Kama bridge?")
    compared = replace(answer, searched_as="Which is busier, Harbin or Vladivostok?")
    quote = replace(answer.citations[0], quote="Harbin has a large station.")
    assert said_plainly(replace(compared, citations=(quote,)), "compare").missing == ("Vladivostok",)
    assert said_plainly(answer, "compare").missing == ()


def test_a_sentence_that_compares_is_the_answer(answerer: Answerer) -> None:
    answer = answerer.ask("Which is faster over the Lena ice, a sledge or a hovercraft?")
    assert answer.kind == "plain"
    assert answer.claims[0].text.endswith("a hovercraft crosses the Lena ice in 8 minutes.")


def test_sides_are_told_of_for_one_year_each_by_its_own_figure(answerer: Answerer) -> None:
    answer = answerer.ask("Which may sell more rye, Perm or Sarapul?")
    assert (answer.kind, answer.remarks) == ("compare", ())
    assert {claim.label: claim.text for claim in answer.claims} == {
        "Perm": "Perm may sell 31,000 tonnes of rye in 2025.",
        "Sarapul": "Sarapul may sell 21,000 tonnes of rye in 2025.",
    }


def test_a_side_that_nothing_tells_of_is_named(answerer: Answerer) -> None:
    answer = answerer.ask("Which is longer, the Kama bridge or the Zeya bridge?")
    assert (answer.kind, answer.missing) == ("compare", ("the Zeya bridge",))
    assert [claim.label for claim in answer.claims] == ["the Kama bridge"]


def test_a_comparison_of_three_has_three_sides(answerer: Answerer) -> None:
    answer = answerer.ask("Which is the longest: the Kama bridge, the Upper bridge or the Zeya bridge?")
    assert answer.kind == "compare"
    assert [*(claim.label for claim in answer.claims), *answer.missing] == [
        "the Kama bridge",
        "the Upper bridge",
        "the Zeya bridge",
    ]


def test_a_thing_compared_with_itself_is_said_to_be_one(answerer: Answerer) -> None:
    answer = answerer.ask("Which is longer, the Kama bridge or the Kama bridge?")
    assert (answer.kind, answer.remarks) == ("compare", ("one_thing",))


def test_other_currencies_are_shown_as_they_are(answerer: Answerer) -> None:
    answer = answerer.ask("Is a car on the Kama ferry or on the Kama bridge more expensive?")
    assert answer.kind == "compare"
    assert any("1,200 roubles" in claim.text for claim in answer.claims)
    assert any("5 yuan" in claim.text for claim in answer.claims)
    assert "other_units" in answer.remarks


@pytest.mark.parametrize("question", ["Which border checkpoints are there in Primorye?", "list the checkpoints in Primorye"])
def test_a_list_has_no_item_of_another_region(answerer: Answerer, question: str) -> None:
    answer = answerer.ask(question)
    assert answer.kind == "list"
    text = " ".join(claim.text for claim in answer.claims)
    assert all(name in text for name in ("Kraskino", "Poltavka", "Turiy Rog"))
    assert "Kani-Kurgan" not in text


def test_bridges_over_a_river_are_listed_though_only_the_map_says_which(answerer: Answerer) -> None:
    answer = answerer.ask("list the bridges over the Amur to China")
    assert answer.kind == "list"
    assert [claim.text for claim in answer.claims] == [
        "The Heihe bridge over the Amur was opened on 10 June 2022.",
        "The Tongjiang railway bridge takes trains with ore.",
    ]


def test_crossings_by_road_are_none_by_rail(answerer: Answerer) -> None:
    answer = answerer.ask("Which railway checkpoints are there in Primorye?")
    assert not any("lorries" in claim.text for claim in answer.claims if answer.kind == "list")


def test_a_sentence_that_lists_things_itself_is_a_list(answerer: Answerer) -> None:
    answer = answerer.ask("Which towns are members of the Kama league?")
    assert answer.kind == "list"
    assert "Sarapul" in answer.claims[0].text


@pytest.mark.parametrize(
    "question",
    ["卡马轮渡和卡马轮渡，哪个票价便宜？", "Что дешевле: паром «Кама» или паром «Кама»?"],
)
def test_a_thing_is_one_in_any_language(answerer: Answerer, question: str) -> None:
    assert answerer.ask(question).remarks == ("one_thing",)


def test_a_long_list_says_how_many_more_there_are(answerer: Answerer) -> None:
    answer = answerer.ask("Which border checkpoints are there in Primorye?", max_citations=1)
    assert (answer.kind, len(answer.claims)) == ("list", 1)
    assert answer.more >= 1


def test_the_latest_without_any_date_says_so(answerer: Answerer) -> None:
    answer = answerer.ask("what is the latest number of cranes at Lake Khanka?")
    assert (answer.kind, answer.remarks) == ("latest", ("undated",))
    assert answer.citations[0].as_of == "undated"


def test_the_latest_comes_first_with_its_date(answerer: Answerer) -> None:
    answer = answerer.ask("What is the latest number of passengers of the Kama ferry?")
    assert answer.kind == "latest"
    assert "2023" in answer.claims[0].text
    days = [citation.as_of for citation in answer.citations]
    assert days == sorted(days, key=str, reverse=True)


def test_the_latest_is_what_was_counted_not_what_is_planned(answerer: Answerer) -> None:
    answer = answerer.ask("the latest count: how many ships a day pass the Osa lock now?")
    assert answer.kind == "latest"
    assert [claim.text for claim in answer.claims] == ["In May 2024 the Osa lock passed 120 ships a day."]


@pytest.mark.parametrize(
    ("asked", "then", "language"),
    [
        ("How long is the Kama bridge?", "where is this from?", "en"),
        ("How long is the Kama bridge?", "how old is it?", "en"),
        ("Сколько стоит билет на паром «Кама»?", "откуда это?", "ru"),
        ("卡马轮渡票价多少？", "来源是哪里？", "zh"),
    ],
)
def test_the_source_of_the_last_answer_is_quoted_again(answerer: Answerer, asked: str, then: str, language: Language) -> None:
    first = answerer.ask(asked, conversation_id=f"source-{language}-{len(then)}")
    assert first.claims
    answer = answerer.ask(then, conversation_id=f"source-{language}-{len(then)}")
    assert (answer.kind, answer.outcome, answer.question_language) == ("source", "answered", language)
    assert answer.claims[0].text == first.claims[0].text
    assert answer.citations[0].as_of == answer.citations[0].said
    again = answerer.ask(then, conversation_id=f"source-{language}-{len(then)}")
    assert again.claims == answer.claims


@pytest.mark.parametrize("question", ["where is this from?", "откуда это?", "出处"])
def test_without_an_answer_before_there_is_no_source(answerer: Answerer, question: str) -> None:
    answer = answerer.ask(question)
    assert (answer.kind, answer.outcome, answer.remarks, answer.citations) == (
        "source",
        "no_evidence",
        ("no_answer_before",),
        (),
    )


def test_a_source_is_found_from_earlier_questions_alone(answerer: Answerer) -> None:
    answer = answerer.ask("where is this from?", earlier=["How long is the Kama bridge?"])
    assert answer.claims[0].text == "The Kama bridge is 2,100 metres long and opened in 1998."


@pytest.mark.parametrize(
    ("question", "lead", "heading"),
    [
        ("give me an overview of the Kama ferry", "The Kama ferry is the oldest crossing", "What it costs"),
        ("расскажи про паром «Кама»", "Паром «Кама» — старейшая переправа", "Сколько стоит"),
        ("介绍一下卡马轮渡", "卡马轮渡是水库上最古老的渡口", "票价"),
    ],
)
def test_an_overview_opens_with_the_lead_and_goes_by_headings(
    answerer: Answerer, question: str, lead: str, heading: str
) -> None:
    answer = answerer.ask(question)
    assert (answer.kind, answer.remarks) == ("summary", ())
    assert answer.claims[0].text.startswith(lead)
    assert heading in [claim.label for claim in answer.claims]
    assert len(answer.claims) <= 4


@pytest.mark.parametrize("subject", ["满洲里", "黑龙江省自贸试验区"])
def test_an_article_is_about_what_its_title_names_before_the_colon(embedder: Encoder, subject: str) -> None:
    first = make_article("zh/a", "。", language="zh", title=f"{subject}：边境、绥芬河、黑河与贸易")
    other = make_article("zh/b", "。", language="zh", title=f"木材贸易：关税与{subject}")
    assert fitting_articles(understand(subject, embedder), [other, first]) == [first, other]


def test_an_article_is_about_what_its_passages_are_about_if_it_has_the_words(embedder: Encoder) -> None:
    fee = make_article("en/a", "The scrapping fee for a car rose.", title="Duties of Russia")
    space = make_article("en/b", "Trade between Russia and China rose.", title="Trade between Russia and China")
    assert fitting_articles(understand("scrapping fee for a car", embedder), [fee, fee, fee, space]) == [fee]
    assert fitting_articles(understand("space between Russia and China", embedder), [space, space]) == []


def test_an_overview_of_what_an_article_names_late_opens_with_a_sentence_about_it(answerer: Answerer) -> None:
    answer = answerer.ask("give me an overview of Kizhi")
    assert (answer.kind, answer.remarks) == ("summary", ())
    assert [claim.text for claim in answer.claims] == ["Kizhi lies 70 kilometres from Petrozavodsk by water."]


@pytest.mark.parametrize("subject", ["Brazilian football", "football in Primorye"])
def test_an_overview_of_what_no_article_is_about_says_so(answerer: Answerer, subject: str) -> None:
    answer = answerer.ask(f"give me an overview of {subject}")
    assert (answer.kind, answer.remarks) == ("summary", ("not_about",))


def test_what_the_program_can_do_is_small_talk(answerer: Answerer) -> None:
    answer = answerer.ask("你都能回答些什么问题")
    assert (answer.outcome, answer.notice) == ("small_talk", "ability")
