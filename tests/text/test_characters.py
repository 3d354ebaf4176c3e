from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from coopbot.text.characters import has_meaning, plain_characters


def test_what_is_no_text_is_left_out() -> None:
    assert plain_characters("\ud83d the\u202e \x00bri\u200bdge\ufeff") == " the bridge"
    assert plain_characters("one\r\ntwo\u2028three\tfour") == "one\ntwo\nthree\tfour"
    assert plain_characters("мост, 大桥, é") == "мост, 大桥, é"


@given(st.text(st.characters()))
def test_any_text_can_be_written_afterwards_and_stays_as_it_is(text: str) -> None:
    plain = plain_characters(text)
    plain.encode()
    assert plain_characters(plain) == plain


def test_a_letter_a_digit_or_an_emoji_can_be_read() -> None:
    assert [has_meaning(text) for text in ("桥", "9", "👍", "ы")] == [True] * 4
    assert [has_meaning(text) for text in ("", "...", "?!", "- -", "\n")] == [False] * 5
