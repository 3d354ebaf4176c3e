from __future__ import annotations

from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from coopbot.domain import Answer, Disagreement, Span
from coopbot.serve.links import source_address
from coopbot.serve.markdown import answer_markdown, escaped_markdown, markdown_text
from tests.cases import check_each
from tests.serve.small_service import BRIDGE, PARK, PORT, QUESTION, answerer_over, built

BASE = "https://coopbot.example"


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> Answer:
    return answerer_over(built(tmp_path_factory.mktemp("index"))).ask(QUESTION, max_citations=1)


def test_numbers_are_links_to_the_source_at_the_quote(answer: Answer) -> None:
    html = MarkdownIt().render(markdown_text(answer, BASE))
    (citation,) = answer.citations
    assert f'<a href="{citation.deep_link.replace("(", "%28").replace(")", "%29")}">[1]</a>' in html
    assert ">Bridge [opened](now)</a>" in html
    assert "<strong>" in html


def test_answering_words_are_bold_where_markdown_allows(answer: Answer) -> None:
    (citation,) = answer.citations
    start = citation.quote.index("on 16")
    marked = replace(answer, citations=(replace(citation, answer=Span(start_char=start + 3, end_char=start + 19)),))
    assert "**16 November 2022**" in markdown_text(marked)
    spaced = replace(answer, citations=(replace(citation, answer=Span(start_char=start + 2, end_char=start + 19)),))
    assert "**" not in markdown_text(spaced).partition("\n")[0]


def test_text_from_articles_is_escaped() -> None:
    def check(text: str) -> None:
        assert MarkdownIt().render(f"x {escaped_markdown(text)}").count("<") == 2
        assert "<" not in MarkdownIt().render(escaped_markdown(text)).removeprefix("<p>").removesuffix("</p>\n")

    cases = [
        "[click](https://evil.example)",
        "![x](https://evil.example/x.png)",
        "<script>alert(1)</script>",
        "**bold** _slanted_ `code` ~~gone~~",
        "# heading",
        "1. list",
        "2) list",
        "- list",
        "+ list",
        "> quote",
        "a\n\n# b\n=====\n---",
        "| a | b |\n|---|---|",
        "&lt;b&gt;",
        "\\[x](y)",
    ]
    check_each(cases, check)


def test_addresses_in_names_and_texts_are_no_links() -> None:
    escaped = escaped_markdown("www.evil.example, WWW.evil.example, https://evil.example/a, ftp://evil.example, a@evil.example")
    assert escaped == (r"www\.evil.example, WWW\.evil.example, https\://evil.example/a, ftp\://evil.example, a\@evil.example")
    assert MarkdownIt().render(escaped).count("\\") == 0


def test_links_have_the_stated_spans(answer: Answer) -> None:
    lines = list(answer_markdown(answer, BASE))
    (number, span), *more = lines[0].links
    assert (number, more) == (1, [])
    assert lines[0].text[span.start_char : span.end_char].startswith("[\\[1\\]](https://news.example/")


def test_disagreements_are_listed_with_citation_numbers(answer: Answer) -> None:
    differing = replace(answer, disagreements=(Disagreement(about="1 km / 2 km", citations=(1,)),))
    assert "**The sources differ**\n\n- 1 km / 2 km [\\[1\\]](" in markdown_text(differing, BASE)


def test_without_evidence_the_nearest_passages_are_quoted(answer: Answer) -> None:
    nothing = replace(answer, outcome="no_evidence", claims=())
    html = MarkdownIt().render(markdown_text(nothing, BASE))
    assert html.startswith("<p>The articles here give no clear answer.</p>")
    assert "<blockquote>" in html
    assert "16 November 2022" in html


def test_an_article_without_an_address_is_linked_through_the_service() -> None:
    assert source_address(BRIDGE, BASE) == BRIDGE.url
    assert source_address(PORT, BASE) == f"{BASE}/article/ru/port"
    assert source_address(PARK, BASE) == f"{BASE}/article/zh/park"
    assert source_address(PORT, "") == ""
