import pytest

from coopbot.ingest.addresses import is_meant_as_address, is_web_address, page_key


@pytest.mark.parametrize(
    "same",
    [
        "http://river.example/news/1",
        "https://RIVER.example/news/1",
        "https://river.example:443/news/1",
        "http://river.example:80/news/1",
        "https://river.example./news/1",
        "https://river.example/news/1/",
        "https://river.example/news/1#comments",
        "https://river.example/news/1?utm_source=a&UTM_Medium=b&fbclid=c&yclid=d",
        " https://river.example/news/1 ",
        "https://user:secret@river.example/news/1",
    ],
)
def test_one_page_has_many_addresses(same: str) -> None:
    assert page_key(same) == page_key("https://river.example/news/1")


@pytest.mark.parametrize(
    "other",
    [
        "https://river.example/news/2",
        "https://river.example/News/1",
        "https://river.example:8080/news/1",
        "https://lake.example/news/1",
        "https://river.example/news/1?id=2",
        "ftp://river.example/news/1",
        "river.example/news/1",
    ],
)
def test_other_pages_have_other_keys(other: str) -> None:
    assert page_key(other) != page_key("https://river.example/news/1")


def test_parameters_that_name_a_page_count_in_any_order() -> None:
    assert page_key("https://a.example/?id=1&page=2&utm_term=x") == page_key("http://a.example?page=2&id=1")
    assert page_key("https://a.example/?id=1") != page_key("https://a.example/?id=2")


def test_letters_may_be_escaped_or_not() -> None:
    assert page_key("https://a.example/%D0%BC%D0%BE%D1%81%D1%82") == page_key("https://a.example/мост")


@pytest.mark.parametrize(
    "url", ["", "https://river.example", "https://river.example/", "http://river.example/?utm_source=a#top"]
)
def test_a_front_page_is_no_article(url: str) -> None:
    assert page_key(url) == ""


@pytest.mark.parametrize("url", ["https://[broken/a", "https://a.example:port/a", "urn:isbn:1"])
def test_what_is_no_web_address_equals_itself(url: str) -> None:
    assert page_key(f" {url}") == url


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "https://",
        "https://user:secret@river.example/a",
        "https://river.example:0/a",
        "https://river.example/a b",
        "https://river.example/<script>",
        'https://river.example/"onclick',
        "https://river.example/`a`",
        "https://river.example/a\\b",
        "https://river.example/\u202ea",
        "https://river.example/" + "a" * 2000,
    ],
)
def test_what_could_end_an_address_or_begin_markup_is_in_none(url: str) -> None:
    assert not is_web_address(url)


def test_an_address_may_have_letters_of_any_script() -> None:
    assert is_web_address("https://река.example/мост?id=1&a=[2]#top")


@pytest.mark.parametrize(
    ("text", "is_meant"),
    [("HTTPS://News.example/a", True), ("http://[wrong", True), ("corpus/https/a.md", False), ("news.example", False)],
)
def test_what_is_meant_as_an_address_is_no_file(text: str, is_meant: bool) -> None:
    assert is_meant_as_address(text) == is_meant
