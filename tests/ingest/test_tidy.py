import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopbot.ingest.tidy import columns, ends_sentence, join_lines, line_groups, normal_form, one_line, opening, repair


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  a\u00a0 b\t c ", "a b c"),
        ("zero\u200bwidth\ufeff so\u00adft", "zerowidth soft"),
        ("й", "й"),
        ("перенос\nстроки", "перенос строки"),
        ("cross-\nborder", "cross-border"),
        ("黑河\n口岸，\n开通", "黑河口岸，开通"),
        ("黑河\nbridge", "黑河 bridge"),
        ("a\r\nb\u2028c\x0bd", "a b c d"),
        ("\u3000\u3000黑河", "黑河"),
        ("\x07bell\x1b", "bell"),
    ],
)
def test_one_line(text: str, line: str) -> None:
    assert one_line(text) == line


def test_normal_form() -> None:
    assert normal_form("one\ntwo  three\n \n\n\nfour \u200b\n\n\u200b\n") == "one two three\n\nfour"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_normal_form_is_idempotent(text: str) -> None:
    once = normal_form(text)
    assert normal_form(once) == once


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        ("schÃ¶n", "schön"),
        ("ÐŸÑ€Ð¸Ð²ÐµÑ‚, Ð¼Ð¸Ñ€", "Привет, мир"),
        ("Tom &amp; Co", "Tom & Co"),
        ("“quotes” ‘stay’", "“quotes” ‘stay’"),
        ("黑河：２０２５年", "黑河：２０２５年"),
        ("Хорошая строка — 5,2 %", "Хорошая строка — 5,2 %"),
    ],
)
def test_mend(text: str, repaired: str) -> None:
    assert repair(text) == repaired


@pytest.mark.parametrize("text", ["End.", "Конец?»", "完。”", "Well…", 'He said: "No!")'])
def test_ends_sentence(text: str) -> None:
    assert ends_sentence(text)


@pytest.mark.parametrize("text", ["Title", "List:", "", "»", "相关阅读"])
def test_ends_no_sentence(text: str) -> None:
    assert not ends_sentence(text)


def test_columns_and_joints() -> None:
    assert columns("ab黑河。") == 8
    assert join_lines("one", "two") == "one two"


def test_opening_is_the_first_sentence_or_what_fits_of_it() -> None:
    assert opening("First. Second.") == "First."
    assert opening("黑河口岸开通。第二句。") == "黑河口岸开通。"
    long = opening("word " * 60)
    assert len(long) <= 121
    assert long.endswith("word…")


WRAPPED = """    The first paragraph of this essay is wrapped by hand at about
    seventy columns, as old mailing lists used to do it. It ends
    with a short line.

    The second paragraph is wrapped in the same manner, so the two
    of them are enough to tell that the page is wrapped throughout."""


def test_hand_wrapped_lines_are_joined_and_menus_are_not() -> None:
    groups = line_groups(f"Home\nNews about the border\nSport\n\n{WRAPPED}\n\nBy somebody\nShare")
    assert groups[0] == ["Home", "News about the border", "Sport"]
    assert groups[1][0].endswith(
        "hand at about seventy columns, as old mailing lists used to do it. It ends with a short line."
    )
    assert len(groups[1]) == len(groups[2]) == 1
    assert groups[3] == ["By somebody", "Share"]


def test_an_indent_starts_a_paragraph() -> None:
    text = "\u3000\u3000馆子不大，三间屋，一股艾草味。墙上的经络图是双语的，\n俄文那一半是手写的。\n\u3000\u3000第二段。"
    assert line_groups(text) == [["馆子不大，三间屋，一股艾草味。墙上的经络图是双语的，俄文那一半是手写的。"], ["第二段。"]]
