from __future__ import annotations

import re
from dataclasses import asdict
from datetime import date
from pathlib import Path

import pytest

from coopbot import errors
from coopbot.domain import LANGUAGES, MAX_QUESTION_CHARS, NOTICES, REMARKS, Citation, Language, Source
from coopbot.serve.messages import error_text, format_date, language_of_locale, message, publisher_line, unbroken
from coopbot.text.language import detect_language
from coopbot.text.questions import needs_antecedent

_SCRIPT = {"en": re.compile(r"[A-Za-z]"), "zh": re.compile(r"[\u4e00-\u9fff]"), "ru": re.compile(r"[А-Яа-яЁё]")}


# What stands around a word of a quote has no letters.
_SIGNS = {"quoted"}


def _texts(language: Language) -> dict[str, str]:
    texts = asdict(message(language))
    del texts["dates"], texts["punctuation"]
    questions = texts.pop("questions")
    notices = texts.pop("notices")
    assert set(notices) == set(NOTICES)
    remarks = texts.pop("remarks")
    assert set(remarks) == set(REMARKS)
    notices |= remarks
    for name in ("from_article", "also_in", "stale"):
        notices |= {f"{name} {code}": text for code, text in texts.pop(name).items()}
    notices |= {question: question for own in questions.values() for question in own}
    return {name: text for name, text in (texts | notices).items() if name not in _SIGNS}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_in_its_own_script(language: Language) -> None:
    for name, whole in _texts(language).items():
        text = re.sub(r"/[a-z]+|coopbot|Alipay", "", whole)  # commands and these names are the same in all
        assert _SCRIPT[language].search(text), name
        for other in LANGUAGES:
            assert other == language or not _SCRIPT[other].search(text), (name, other)


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_plain_and_trimmed(language: Language) -> None:
    for name, text in _texts(language).items():
        assert not re.search(r"[*_`<>{}\[\]]", text), name
        assert text == text.strip(), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_given_questions_are_complete_and_of_articles_that_there_are(language: Language) -> None:
    given = message(language).questions
    assert set(given) <= {path.stem for path in (Path("corpus") / language).glob("*.md")}
    every = [question for own in given.values() for question in own]
    assert len(every) == len(set(every))
    assert all(detect_language(one) == language and one[-1] in "?？" and not needs_antecedent(one) for one in every)


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_about_length_name_the_limit(language: Language) -> None:
    assert str(MAX_QUESTION_CHARS) in message(language).question_too_long
    assert str(MAX_QUESTION_CHARS) in message(language).help


@pytest.mark.parametrize(
    ("published", "language", "expected"),
    [
        (date(2025, 5, 10), "en", "10 May 2025"),
        (date(2025, 5, 10), "zh", "2025年5月10日"),
        (date(2025, 5, 10), "ru", "10 мая 2025 г."),
        (date(2022, 1, 1), "en", "1 January 2022"),
        (date(2022, 12, 31), "en", "31 December 2022"),
        (date(2022, 1, 1), "ru", "1 января 2022 г."),
        (date(2022, 12, 31), "ru", "31 декабря 2022 г."),
        (date(2022, 12, 31), "zh", "2022年12月31日"),
        (None, "en", "undated"),
        (None, "zh", "日期不详"),
        (None, "ru", "без даты"),
    ],
)
def test_dates(published: date | None, language: Language, expected: str) -> None:
    assert format_date(published, language) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ru", "ru"),
        ("ru-RU", "ru"),
        ("zh", "zh"),
        ("zh-hans", "zh"),
        ("zh_TW", "zh"),
        ("ZH-CN", "zh"),
        ("en-GB", "en"),
        ("de", "en"),
        ("run", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_language_of_locale(code: str | None, expected: Language) -> None:
    assert language_of_locale(code) == expected


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("error", "field"),
    [
        (errors.Busy("lock held by 4711"), "busy"),
        (errors.IndexMissing("run coopbot index"), "unavailable"),
        (errors.IndexBroken("checksum"), "unavailable"),
        (errors.IndexMismatch("fingerprint"), "unavailable"),
        (errors.ModelUnavailable("no weights"), "unavailable"),
        (errors.Misconfigured("port"), "unavailable"),
        (errors.NotFound("x"), "went_wrong"),
        (RuntimeError("secret"), "went_wrong"),
    ],
)
def test_errors_shown_to_users_are_not_technical(error: Exception, field: str, language: Language) -> None:
    assert error_text(error, language) == asdict(message(language))[field].replace("…", "5")


def _cited(*publishers: str) -> Citation:
    return Citation(
        number=1,
        article_id="en/a",
        title="t",
        authors=(),
        publisher="coopbot briefs",
        published=None,
        url="",
        language="en",
        sources=tuple(Source(publisher=publisher) for publisher in publishers),
        quote="q",
        start_char=0,
        end_char=1,
        passage="q",
        deep_link="",
        score=0.0,
    )


@pytest.mark.parametrize(
    ("publishers", "language", "line"),
    [
        ((), "en", "coopbot briefs"),
        (("TASS", "TASS", "Xinhua"), "en", "coopbot briefs (based on TASS, Xinhua)"),
        (("ТАСС", "РБК", "Интерфакс", "РИА"), "ru", "справки coopbot (по материалам: ТАСС, РБК, «Интерфакс» и др.)"),
        (("新华社", "澎湃"), "zh", "coopbot 简报（综合自新华社、澎湃）"),
        (("A", "B", "C", "D"), "en", "coopbot briefs (based on A, B, C and others)"),
    ],
)
def test_the_publisher_line_of_a_brief_names_its_sources(publishers: tuple[str, ...], language: Language, line: str) -> None:
    assert publisher_line(_cited(*publishers), language) == line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("26 февраля 2026 г.", "26~февраля~2026~г."),
        ("10 June 2022, 5 yuan", "10~June~2022, 5~yuan"),
        ("в 2026 году: 1 283 м, 6,9 %", "в 2026~году: 1~283~м, 6,9~%"),
        ("2025 年 12 月 7 日", "2025~年 12~月 7~日"),
        ("[1] [2] and 3. Then", "[1] [2] and 3. Then"),
        ("tables 3 1234 5", "tables 3 1234 5"),
    ],
)
def test_no_line_ends_within_a_date_or_before_a_unit(text: str, shown: str) -> None:
    assert unbroken(text) == shown.replace("~", "\u00a0")
