import json

import pytest

from coopbot.domain import Source, When
from coopbot.errors import Unreadable
from coopbot.ingest.formats.markdown import read_markdown, render_article
from coopbot.ingest.page.html import read_html

BODY = """<h1>Паром добавит рейс</h1><div class="meta">1 июня 2025 | Иван Петров</div>
<p>Паром между Благовещенском и Хэйхэ с понедельника будет ходить четыре раза в день. Об этом сообщили в порту.</p>
<h2>Сколько стоит</h2>
<p>Билет стоит 2200 рублей. Дети до пяти лет <b>едут бесплатно</b>, если занимают место вместе со взрослым.</p>
<p>Билеты продают:</p><ul><li>в кассе порта</li><li>на сайте перевозчика</li></ul>
<p>Дополнительный рейс продержится до конца сентября, дальше решат по погоде и числу пассажиров на причале.</p>
<p>Читайте также: <a href="x">Мост закрыт</a></p>"""
TEXT = """Паром между Благовещенском и Хэйхэ с понедельника будет ходить четыре раза в день. Об этом сообщили в порту.

## Сколько стоит

Билет стоит 2200 рублей. Дети до пяти лет едут бесплатно, если занимают место вместе со взрослым.

Билеты продают:

- в кассе порта

- на сайте перевозчика

Дополнительный рейс продержится до конца сентября, дальше решат по погоде и числу пассажиров на причале."""


def page(head: str = "", body: str = BODY, charset: str = "utf-8") -> bytes:
    html = f"""<!doctype html><html lang="ru">
<head><meta charset="{charset}"><title>Паром добавит рейс — Амурские вести</title>{head}
</head>
<body><nav><a>Главная</a> <a>Новости</a></nav><div class="content">{body}</div>
<script>var a = "казино";</script><footer>© 2024 Амурские вести. Все права защищены.</footer></body></html>"""
    return html.encode(charset)


def mark(note: str, shown: str) -> str:
    return f'<sup id="ref-{note}" class="reference"><a href="#{note}"><span>[</span>{shown}<span>]</span></a></sup>'


def test_references_are_the_sources_of_their_sentences() -> None:
    body = f"""<h1>Паром добавит рейс</h1>
<p>Паром между Благовещенском и Хэйхэ ходит четыре раза в день.{mark("cite_note-1", "1")}{mark("cite_note-порт-2", "2")}
Об этом <a href="/port">сообщили</a> в порту. Билет стоит 2200 рублей{mark("n", "прим. 1")},
дети едут бесплатно.{mark("none", "9")}</p>
<p>Дополнительный рейс продержится до конца сентября.{mark("cite_note-1", "1")} Дальше решат по погоде и числу пассажиров.</p>
<h2>Примечания</h2><ol class="references">
<li id="cite_note-1">^ <cite><a class="external" href="https://vesti.example/parom">Рейсы парома</a>. Вести.</cite>
<span class="Z3988"
title="ctx_ver=Z39.88-2004&amp;rft.jtitle=Амурские+вести&amp;rft.atitle=Рейсы+парома&amp;rft.date=2025-06-01"></span></li>
<li id="cite_note-порт-2">^ <a href="https://web.archive.org/web/1/https://port.example/">Архив</a>
<a href="https://www.port.example/news">Порт Благовещенск</a></li>
<li id="n">Для взрослых.</li></ol>"""
    draft = read_html(page(body=body), "a.html")
    assert "[" not in draft.text
    cited = [(one.of(draft.text), one.label, one.sources[0]) for one in draft.attributions]
    vesti = Source(
        publisher="Амурские вести", title="Рейсы парома", url="https://vesti.example/parom", published=When("2025-06-01")
    )
    port = Source(publisher="port.example", title="Порт Благовещенск", url="https://www.port.example/news")
    first, last = (
        "Паром между Благовещенском и Хэйхэ ходит четыре раза в день.",
        "Дополнительный рейс продержится до конца сентября.",
    )
    assert cited == [(first, "1", vesti), (first, "2", port), (last, "1", vesti)]
    assert read_markdown(render_article(draft), "a.md").attributions == draft.attributions


@pytest.mark.parametrize("charset", ["utf-8", "windows-1251"])
def test_the_article_without_the_page(charset: str) -> None:
    draft = read_html(page(charset=charset), "a.html")
    assert draft.title == "Паром добавит рейс"
    assert draft.text == TEXT
    assert (draft.authors, str(draft.published)) == (("Иван Петров",), "2025-06-01")


def test_declared_metadata_takes_precedence() -> None:
    article = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": "Паром добавит рейс",
        "datePublished": "2025-05-31T10:00:00+09:00",
        "author": [{"@type": "Person", "name": "Анна СЕДЫХ"}],
    }
    head = f"""<script type="application/ld+json">{json.dumps(article)}</script>
<meta property="og:site_name" content="Амурские вести"><link rel="canonical" href="https://vesti.example/parom">"""
    draft = read_html(page(head), "a.html")
    assert (draft.authors, draft.publisher, str(draft.published)) == (("Анна Седых",), "Амурские вести", "2025-05-31")
    assert draft.url == "https://vesti.example/parom"


def test_no_date_is_guessed() -> None:
    body = BODY.replace("1 июня 2025 | Иван Петров", "")
    assert read_html(page(body=body), "a.html").published is None


def test_injected_spam_is_removed() -> None:
    spam = "<p>精品澳门真人娱乐城 注册送彩金 百家乐在线投注 六合彩开奖</p>"
    spam += "<p>казино вулкан играть онлайн | слоты бесплатно | ставки на спорт</p>"
    assert read_html(page(body=BODY + spam), "a.html").text == TEXT


def test_an_article_outside_of_paragraphs_is_found() -> None:
    body = "<br>".join(
        [
            "Паром между Благовещенском и Хэйхэ с понедельника будет ходить чаще, сообщили в порту.",
            "Билет стоит 2200 рублей, дети едут бесплатно.",
            "Рейс продержится до конца сентября, дальше решат по погоде.",
        ]
    )
    text = read_html(f"<html><body><h1>Паром добавит рейс</h1><font>{body}</font></body></html>".encode(), "a.html").text
    assert text.startswith("Паром между")
    assert text.endswith("по погоде.")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "0 bytes"),
        (b"<html><body></body></html>", "no article text"),
        (b"<html><body><nav>Home</nav><p>Share</p></body></html>", "no article text"),
        ("<p>Мост открыт.</p>".encode("windows-1251"), "not UTF-8"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "binary"),
        (b" ", "not a web page|no article text"),
    ],
)
def test_bad_pages_are_named_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=f"a\\.html: .*(?:{reason})"):
        read_html(data, "a.html")


def test_deep_nesting() -> None:
    prose = "<p>The crossing handled a record number of lorries in March, the customs service said. Most carried timber.</p>"
    assert "record number" in read_html(("<div>" * 150 + prose + "</div>" * 150).encode(), "a.html").text
    with pytest.raises(Unreadable, match="no article text"):
        read_html(("<div>" * 5000 + prose + "</div>" * 5000).encode(), "a.html")
