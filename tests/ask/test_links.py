from __future__ import annotations

from urllib.parse import unquote

import pytest

from coopbot.ask.answer.cite import deep_link


@pytest.mark.parametrize(
    ("url", "quote", "expected"),
    [
        ("https://n.example/a", "Short quote.", "https://n.example/a#:~:text=Short%20quote."),
        ("https://n.example/a#top", "Dash-free, no", "https://n.example/a#:~:text=Dash%2Dfree%2C%20no"),
        ("https://n.example/a?x=1", "桥长1283米。", "https://n.example/a?x=1#:~:text=%E6%A1%A5%E9%95%BF1283%E7%B1%B3%E3%80%82"),
        ("", "anything", ""),
        ("javascript:alert(1)", "anything", ""),
    ],
)
def test_links(url: str, quote: str, expected: str) -> None:
    assert deep_link(url, quote) == expected


def test_a_long_quote_is_given_by_whole_words_at_both_ends() -> None:
    quote = "Первый железнодорожный мост через пограничную реку соединил Тунцзян и Нижнеленинское в ноябре 2022 года."
    first, last = unquote(deep_link("https://n.example/a", quote).split("text=")[1]).split(",")
    assert quote.startswith(first + " ")
    assert quote.endswith(" " + last)


def test_a_long_chinese_quote_is_cut_anywhere() -> None:
    quote = "桥" * 60 + "河" * 60
    assert unquote(deep_link("https://n.example/a", quote).split("text=")[1]) == "桥" * 30 + "," + "河" * 30
