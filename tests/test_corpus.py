"""The briefs and the golden questions keep their promises: numbers have a source, and answers stand in their articles."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import pytest

from coopbot.domain import LANGUAGES, Article, Language
from coopbot.ingest.corpus.store import Corpus
from coopbot.text.sentences import split_sentences
from evals.facts_check import known_numbers, unknown_numbers
from evals.measure.facts import Accepted
from evals.measure.golden import SPLITS, GoldenQuestion, Split, load_questions
from tests.cases import check_each
from tests.evals.accepting import holding

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "corpus"

_FACT_SHEETS = ("facts.md", "facts-2.md")

# A quote is shown alone, so a sentence may not open with a word whose meaning stands in the sentence before.
_LEANS_ON_WHAT_PRECEDES: dict[Language, re.Pattern[str]] = {
    "en": re.compile(
        r"(?:Since then|By then|At that|In that|In the same|On the same|The next|Later)\b"
        r"|\w+ (?:days?|weeks?|months?|years?) (?:earlier|later|before|after)\b"
        r"|(?:It|Its|They|Their|Them|He|His|She|Her|This|That|These|Those|Such|Both|Neither|Either|Another)\b"
        r"|The (?:same|latter|former|other|others|two|second|figures?|numbers?|sums?|totals?|amounts?|shares?|results?"
        r"|dates?|prices?|costs?|changes?|rise|fall|growth|increase|decrease|reports?|pages?|texts?|articles?"
        r"|bridge|port|line|route|plant|bank|checkpoint|crossing|agreement|project)\b"
        r"(?! (?:of|for|in|at|on|from|to|about|by|between|that) | [A-Z0-9\"])"
    ),
    "ru": re.compile(
        r"(?:С тех пор|К тому времени|В том же|В то же|В тот же|Тогда же|Год спустя|Позже|Ранее)\b"
        r"|(?:\w+ )?(?i:дн[её]м|днями|недел\w+|месяц\w+|годом|годами|лет) (?:раньше|ранее|позже|позднее|спустя)\b"
        r"|(?:Он|Она|Оно|Они|Его|Её|Ее|Им|Их|Ему|Ей|Это|Этот|Эта|Эти|Этого|Этой|Этом|Этому|Этим|Этих|Тот|Та|Те|Такой|Такая|Такое"
        r"|Такие|Там|Туда|Оттуда|Здесь|Тогда|Оба|Обе|Обеих|Обоих|Последний|Последняя|Последнее|Последние)\b"
        r"|(?:Цифр[аы]|Числ[оа]|Показател[ьи]|Величин[аы]|Срок|Дата|Сумма|Доля|Рост|Снижение|Объ[её]м)"
        r" (?:эт|тот|та\b|те\b|был|выросл|вырос|упал|составил|остал|отличал|называ|относ|тоже|также)"
    ),
    "zh": re.compile(
        r"[它他她其该此这那](?!他)|上述|前者|后者|前一|后一|同年|同月|同日|同期|当时|当年|当天|当日|当月|两者|二者|双方都"
        r"|(?:数字|数据|数额|金额|日期|份额|比例|增幅)[是为也仅只，]"
    ),
}
# Openings that lean on nothing: "It is not known who pays".
_MAY_OPEN = re.compile(r"It is (?:not |un)(?:known|clear|stated|decided)\b")

# Parts of the fact sheets whose statements have no numbers.
_UNNUMBERED = {"section 0", "BT table"}


@cache
def briefs() -> tuple[Article, ...]:
    found = tuple(Corpus(CORPUS))
    assert all(isinstance(one, Article) for one in found)
    return tuple(one for one in found if isinstance(one, Article))


@cache
def questions() -> tuple[GoldenQuestion, ...]:
    return tuple(load_questions(ROOT / "evals" / "questions.jsonl"))


@cache
def every_question() -> tuple[GoldenQuestion, ...]:
    """Those to learn from as well."""
    return (
        *questions(),
        *(one for name in ("training", "judging") for one in load_questions(ROOT / "evals" / f"{name}.jsonl")),
    )


@pytest.fixture(scope="module")
def facts(shared: Path) -> str:
    paths = [shared / name for name in _FACT_SHEETS]
    if not all(path.is_file() for path in paths):
        pytest.skip("the fact sheets beside the repository are absent")
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


@pytest.mark.parametrize(
    ("text", "known", "unknown"),
    [
        ("过货2100万吨", "21 Mt", False),
        ("Через мост прошло 2,1 млн т", "2.1 million tonnes", False),
        ("供气104亿立方米", "bcm: 4.1 (2020), 10.4 (2021)", False),
        ("投资24.7亿元", "CNY 2.47bn", False),
        ("длина 1 283 м", "1,283 m", False),
        ("2022年11月16日", "16 Nov 2022; Nov = 11", False),
        ("过货2200万吨", "21 Mt", True),
        ("It is 1,284 m long.", "1,283 m", True),
        ("It grew by 12%.", "It grew by 12.5%", True),
    ],
)
def test_numbers_are_known_across_languages(text: str, known: str, unknown: bool) -> None:
    assert bool(unknown_numbers(text, known_numbers(known))) is unknown


def accepted(question: GoldenQuestion) -> tuple[Accepted, ...]:
    """All that must stand in its articles: what shows a side may be no right answer by itself."""
    return (*question.answers, *(one for side in question.conflict for one in side))


def test_there_are_enough_briefs() -> None:
    counts = Counter(brief.language for brief in briefs())
    assert counts.total() >= 160
    assert {language: counts[language] >= 50 for language in LANGUAGES} == dict.fromkeys(LANGUAGES, True)


def test_every_brief_names_its_sources_and_has_the_right_length() -> None:
    check_each(briefs(), names_its_sources_and_has_the_right_length, lambda brief: brief.article_id)


def names_its_sources_and_has_the_right_length(brief: Article) -> None:
    assert brief.article_id.startswith(f"{brief.language}/")
    assert brief.published is not None
    assert brief.sources
    assert all(source.publisher for source in brief.sources)
    assert any(source.facts for source in brief.sources)
    if brief.language == "zh":
        assert 300 <= len(re.findall(r"\S", brief.text)) <= 850
    else:
        assert 150 <= len(brief.text.split()) <= 450


def leans_on_what_precedes(sentence: str, language: Language) -> bool:
    return bool(_LEANS_ON_WHAT_PRECEDES[language].match(sentence)) and not _MAY_OPEN.match(sentence)


@pytest.mark.parametrize(
    ("sentence", "language", "leans"),
    [
        ("It carried 2 Mt in 2023.", "en", True),
        ("The figure was 2 Mt.", "en", True),
        ("The figure of 2 Mt is for 2023.", "en", False),
        ("The two differ by 1 Mt.", "en", True),
        ("It is not known when the bank reopened.", "en", False),
        ("Theirs is a long border.", "en", False),
        ("Срок этот выдержан не был.", "ru", True),
        ("Он открылся в 2022 году.", "ru", True),
        ("Эти данные относятся к 2023 году.", "ru", True),
        ("Онлайн-запись открыли в 2023 году.", "ru", False),
        ("Сумма пошлины составила 5%.", "ru", False),
        ("后一个数字是预期。", "zh", True),
        ("该桥2022年通车。", "zh", True),
        ("其他口岸2023年重新开放。", "zh", False),
        ("黑河大桥2022年通车。", "zh", False),
    ],
)
def test_sentences_that_lean_on_what_precedes_are_found(sentence: str, language: Language, leans: bool) -> None:
    assert leans_on_what_precedes(sentence, language) is leans


def test_every_sentence_can_be_quoted_alone() -> None:
    check_each(briefs(), can_be_quoted_alone, lambda brief: brief.article_id)


def can_be_quoted_alone(brief: Article) -> None:
    sentences = [brief.text[span.start_char : span.end_char] for span in split_sentences(brief.text)]
    assert [one for one in sentences if leans_on_what_precedes(one, brief.language)] == []


def test_every_number_has_a_source(facts: str) -> None:
    check_each(briefs(), lambda brief: numbers_have_a_source(brief, facts), lambda brief: brief.article_id)


def numbers_have_a_source(brief: Article, facts: str) -> None:
    front_matter = (CORPUS / f"{brief.article_id}.md").read_text(encoding="utf-8").split("\n---\n")[0]
    # The title is part of the front matter, so it may not vouch for itself.
    vouching = "\n".join(line for line in front_matter.splitlines() if not line.startswith("title:"))
    assert unknown_numbers(f"{brief.title}\n{brief.text}", known_numbers(facts) | known_numbers(vouching)) == []


def test_briefs_rest_on_facts_that_exist_and_cover_every_subject(facts: str) -> None:
    codes = set(re.findall(r"\*\*([A-Z][A-Z0-9]-(?:\d\d|N))\*\*", facts))
    languages = defaultdict(set)
    for brief in briefs():
        for fact in (fact for source in brief.sources for fact in source.facts):
            assert fact in codes | _UNNUMBERED, brief.article_id
            languages[fact[:2]].add(brief.language)
    assert {subject for subject in {code[:2] for code in codes} if len(languages[subject]) < len(LANGUAGES)} == set()


def test_there_are_enough_questions() -> None:
    assert len(questions()) >= 560
    assert len({question.id for question in every_question()}) == len(every_question())
    assert len({(question.question, question.after) for question in every_question()}) == len(every_question())


@pytest.mark.parametrize("split", SPLITS)
def test_a_third_of_the_questions_have_no_answer(split: Split) -> None:
    asked = [question for question in questions() if question.split == split and question.kind != "small-talk"]
    assert sum(not question.answers for question in asked) / len(asked) == pytest.approx(0.35, abs=0.01)


def test_no_topic_is_in_both_splits() -> None:
    splits = defaultdict(set)
    for question in every_question():
        splits[question.topic].add(question.split)
    assert {topic for topic, found in splits.items() if len(found) > 1} == set()


def test_training_questions_are_about_dev_topics_only() -> None:
    dev = {question.topic for question in questions() if question.split == "dev"}
    learned_from = every_question()[len(questions()) :]
    assert {question.split for question in learned_from} == {"dev"}
    assert {question.topic for question in learned_from} <= dev


@pytest.mark.parametrize("language", LANGUAGES)
def test_answers_stand_in_their_articles(language: Language) -> None:
    own = [question for question in every_question() if question.language == language]
    assert [question.id for question in own if not set(question.articles) <= holding(accepted(question))] == []


def test_every_answer_stands_in_an_article() -> None:
    """What is nowhere accepts nothing: a slip of the pen."""
    idle = [(question.id, one) for question in every_question() for one in accepted(question) if not holding([one])]
    assert idle == []


def test_sentences_that_say_unknown_are_in_an_article() -> None:
    wrong = [
        question.id
        for question in every_question()
        if question.says_unknown and (question.answers or not all(holding([said]) for said in question.says_unknown))
    ]
    assert wrong == []


def test_every_question_has_what_its_kind_needs() -> None:
    check_each(every_question(), has_what_its_kind_needs, lambda question: question.id)


def has_what_its_kind_needs(question: GoldenQuestion) -> None:
    assert bool(question.answers) == bool(question.articles)
    assert bool(question.after) == (question.kind == "follow-up")
    assert bool(question.conflict) == (question.kind == "conflict")
    assert not question.parts or question.kind in ("two-part", "compare", "list")
    assert not question.parts or {one for part in question.parts for one in part} == set(question.answers)
    match question.kind:
        case "unanswerable" | "small-talk":
            assert not question.answers
        case "two-part":
            assert question.pair == "same"
            assert len(question.parts) >= 2
        case "false-premise":
            pass
        case "cross-language":
            assert question.pair == "across"
            assert question.answers
        case "conflict":
            assert len(question.conflict) >= 2
            assert set(question.answers) <= {one for side in question.conflict for one in side}
        case "follow-up":
            assert question.answers
        case _:
            assert question.pair == "same"
            assert question.answers
