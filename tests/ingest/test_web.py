from __future__ import annotations

from datetime import date
from functools import partial

import pytest

from coopbot.errors import Unreachable, Unreadable
from coopbot.ingest.web.fetch import fetch, read_url
from tests.ingest.web import Site, redirect, reply

TEXT = (
    "Паром между Благовещенском и Хэйхэ с понедельника будет ходить четыре раза в день. Об этом сообщили в порту. "
    "Билет стоит 2200 рублей. Дополнительный рейс продержится до конца сентября, дальше решат по погоде и числу пассажиров."
)


def page(head: str = "") -> bytes:
    return f"""<!doctype html><html lang="ru"><head><title>Паром добавит рейс</title>{head}</head>
<body><article><h1>Паром добавит рейс</h1><p>1 июня 2025</p><p>{TEXT}</p></article></body></html>""".encode()


def test_an_article_by_its_address(site: Site) -> None:
    site.routes["/short"] = redirect("/parom")
    site.routes["/parom"] = reply(page())
    draft = read_url(site.url("/short"), partial(fetch, network=site.network()))
    assert (draft.title, draft.text, draft.published) == ("Паром добавит рейс", TEXT, date(2025, 6, 1))
    assert (draft.url, draft.publisher) == (site.url("/parom"), "news.example")


@pytest.mark.parametrize(
    ("declared", "own"),
    [
        ("https://news.example/parom", True),
        ("https://www.news.example/parom", True),
        ("https://bank.example/parom", False),
        ("https://news.example.bank.example/parom", False),
        ("javascript:alert(1)", False),
        ("http://[", False),
    ],
)
def test_a_page_may_declare_addresses_on_its_own_host_only(site: Site, declared: str, own: bool) -> None:
    site.routes["/a?print=1"] = reply(page(f'<link rel="canonical" href="{declared}">'))
    draft = read_url(site.url("/a?print=1"), partial(fetch, network=site.network()))
    assert draft.url == (declared if own else site.url("/a?print=1"))


def test_text_and_markdown(site: Site) -> None:
    front = f"---\ntitle: Паром\npublisher: Порт\nlanguage: ru\n---\n\n{TEXT}\n"
    site.routes["/a.md"] = reply(front.encode(), content_type="text/plain; charset=utf-8")
    draft = read_url(site.url("/a.md"), partial(fetch, network=site.network()))
    assert (draft.title, draft.publisher, draft.text.strip(), draft.url) == ("Паром", "Порт", TEXT, site.url("/a.md"))


def test_errors_name_the_address(site: Site) -> None:
    site.routes["/menu"] = reply(b"<html><body><nav>Home News</nav></body></html>")
    for path, error in (("/menu", Unreadable), ("/gone", Unreachable)):
        with pytest.raises(error, match=rf"^{site.url(path)}: ") as caught:
            read_url(site.url(path), partial(fetch, network=site.network()))
        assert isinstance(caught.value, Unreadable | Unreachable)
        assert caught.value.source == site.url(path)
