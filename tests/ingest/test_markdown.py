from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coopbot.domain import Source, When
from coopbot.errors import Unreadable
from coopbot.ingest.draft import Draft
from coopbot.ingest.formats.markdown import amend_article, read_markdown, render_article
from coopbot.ingest.tidy import normal_form, one_line

CORPUS = Path(__file__).parents[2] / "corpus"


def article(front: str, body: str = "Text.") -> str:
    return f"---\n{front}\n---\n{body}\n"


def test_every_field() -> None:
    front = """title: "Bridge: a year on"
authors: [Anna Low, Bo Chen]
publisher: River Daily
published: 2025-05-10
url: https://river.example/a
language: en
sources:
  - publisher: TASS
    title: Bridge opens
    url: https://tass.example/1
    published: 2022-06-10
    facts: [HB-01, HB-02]
  - publisher: Xinhua
also_published_by:
  - publisher: Lake Daily
    title: A bridge
    url: https://lake.example/1
    published: 2025-05-11"""
    assert read_markdown(article(front), "a.md") == Draft(
        title="Bridge: a year on",
        text="Text.",
        authors=("Anna Low", "Bo Chen"),
        publisher="River Daily",
        published=date(2025, 5, 10),
        url="https://river.example/a",
        language="en",
        sources=(
            Source(
                publisher="TASS",
                title="Bridge opens",
                url="https://tass.example/1",
                published=When("2022-06-10"),
                facts=("HB-01", "HB-02"),
            ),
            Source(publisher="Xinhua"),
        ),
        also_published_by=(
            Source(publisher="Lake Daily", title="A bridge", url="https://lake.example/1", published=When("2025-05-11")),
        ),
    )


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("One\nparagraph.\n\nTwo.", "One paragraph.\n\nTwo."),
        ("黑河\n口岸。", "黑河口岸。"),
        ("# H1\n\n### H3 ###\n\nSetext\n---", "## H1\n\n## H3\n\n## Setext"),
        ("**Bold**, *it*, __b__, `code` and snake_case.", "Bold, it, b, code and snake_case."),
        ("A [link](https://a.example 'title') and <https://b.example>.", "A link and https://b.example."),
        ("An ![image](a.png) goes.", "An goes."),
        ("- one\n- *two*\n\n3. three\n4. four", "- one\n\n- two\n\n3. three\n\n4. four"),
        ("* one\n  more", "- one more"),
        ("> Quoted\n> text.", "Quoted text."),
        ("| a | b |\n|---|---|\n| 1 | **2** |", "a | b\n\n1 | 2"),
        ("<div>Raw <b>html</b></div>\n\n<!-- note -->\n\nA<br>b", "Raw html\n\nAb"),
        ("```\ncode\nhere\n```", "code here"),
        ("Tom &amp; Co \\*not bold\\*", "Tom & Co *not bold*"),
        ("Zero\u200bwidth\u00a0space", "Zerowidth space"),
        ("---\n\nAfter a rule.", "After a rule."),
    ],
)
def test_the_body_is_plain_text(body: str, text: str) -> None:
    assert read_markdown(article("title: T", body), "a.md").text == text


def test_without_front_matter_the_first_heading_is_the_title() -> None:
    draft = read_markdown("# Bridge\n\nText.\n", "a.md")
    assert (draft.title, draft.text, draft.published) == ("Bridge", "Text.", None)
    assert read_markdown("First sentence. Second.\n", "a.md").title == "First sentence."


@pytest.mark.parametrize(
    ("front", "reason"),
    [
        ("title: T\nwriter: A", "unknown key: writer"),
        ("title: T\nauthors: A\nauthor: B", "unknown key: author"),
        ("title: 2025", "title must be text"),
        ("title: T\npublished: soon", "published must be a date"),
        ("title: T\npublished: 'May 2025'", "published must be a date"),
        ("title: T\npublished: 2025", "published must be a date"),
        ("title: T\npublished: 1733011200", "published must be a date"),
        ("title: T\npublished: '1733011200'", "published must be a date"),
        ("title: T\npublished: '1733011200000'", "published must be a date"),
        ("title: T\ndate: later", "published must be a date"),
        ("title: T\npublished: 2025-13-45", "not valid YAML"),
        ("title: T\nlanguage: de", "language must be one of en, zh, ru"),
        ("title: T\nlanguage: [en]", "language must be one of"),
        ("title: T\nauthors: {first: Anna}", "authors must be a list"),
        ("title: T\nauthors: [1]", "authors must be a list of texts"),
        ("title: T\nurl: 5", "url must be text"),
        ("title: T\nsources: TASS", "sources must be a list"),
        ("title: T\nsources: [TASS]", "an entry of sources must be"),
        ("title: T\nsources: [{publisher: A, date: 2025-05-10}]", "unknown key: date"),
        ("title: T\nsources: [{title: A}]", "no publisher"),
        ("title: T\nsources: [{publisher: A, facts: HB-01}]", "facts must be a list"),
        ("title: T\nalso_published_by: TASS", "also_published_by must be a list"),
        ("title: T\nalso_published_by: [{title: A}]", "an entry of also_published_by has no publisher"),
        ("title: T\nalso_published_by: [{publisher: A, facts: [B]}]", "also_published_by has an unknown key: facts"),
        ("- a list", "must be a list of keys and values"),
        ("title: 'open", "not valid YAML"),
        ("published: 2024-01-01\ntitle: Heihe: the bridge", "not valid YAML in line 3 .mapping values"),
        ("title: !!python/object:os.system x", "not valid YAML"),
        ("title: " + "[" * 5000, "not valid YAML"),
    ],
)
def test_wrong_front_matter_is_named(front: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=f"a\\.md: .*{reason}"):
        read_markdown(article(front), "a.md")


@pytest.mark.parametrize(
    "front",
    [
        'published: "2024-01-02"\nauthors: [Anna Low]\nlanguage: en',
        "published: 2024-01-02 08:30:00\nauthors: Anna Low\nlanguage: en-GB",
        "date: 2024/01/02\nauthor: {name: Anna Low, email: a@lake.example}\nlang: en",
        "date: 2 January 2024\nauthor: [{name: Anna Low}]\nlang: en",
        "date: 2024/01/02 08:30:00\nauthors: [Anna Low]\nlang: en",
        'date: "2024-01-02T08:30:00Z"\nauthor: Anna Low\nlang: en',
        "date: 2024-01-02T08:30:00+10:00\nauthor: [Anna Low]\nlanguage: en_US",
    ],
)
def test_front_matter_as_other_tools_write_it(front: str) -> None:
    draft = read_markdown(article(f"title: T\n{front}"), "a.md")
    assert (str(draft.published), draft.authors, draft.language) == ("2024-01-02", ("Anna Low",), "en")


@pytest.mark.parametrize("text", ["", "---\ntitle: T\n---\n", "---\ntitle: T\n---\n\n<!-- nothing -->\n", "# Only a title\n"])
def test_no_text_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable, match="no text"):
        read_markdown(text, "a.md")


MARKUP = st.sampled_from(
    [
        *"ab1 .)(#-+*_`~<>[]!&;=|\\\"'中，。яё:/©@\n\t",
        "\n\n",
        "## ",
        "- ",
        "1. ",
        "&amp;",
        "http://a.b",
        "---",
        "***",
        "<b>",
        "```",
        "\u200b",
    ]
)


@settings(max_examples=500, deadline=None)
@given(st.lists(MARKUP, max_size=30).map("".join) | st.text(st.characters(exclude_categories=["Cs"])))
def test_a_stored_text_is_read_back_identical(text: str) -> None:
    stored = normal_form(text)
    if stored:
        draft = Draft(title="T", text=stored, published=date(2025, 5, 10), language="en")
        assert read_markdown(render_article(draft), "a.md") == draft


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).map(one_line).filter(bool))
def test_any_title_is_read_back(title: str) -> None:
    draft = Draft(
        title=title,
        text="Text.",
        authors=(title,),
        publisher=title,
        sources=(Source(publisher=title),),
        also_published_by=(Source(publisher=title, title=title),),
    )
    assert read_markdown(render_article(draft), "a.md") == draft


BODIES = ["Some *text* with a [link](https://a.example).\r\n\r\n* item\r\n", "# A heading\n\nText.\n", "Text"]


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("front", ["---\ntitle: T\n---\n", "---\npublisher: P\n---\n", "---\n---\n", ""])
def test_an_amended_file_has_the_same_text_and_the_new_fields(front: str, body: str) -> None:
    amended = replace(read_markdown(front + body, "a.md"), also_published_by=(Source(publisher="TASS"),))
    text = amend_article(front + body, amended)
    assert read_markdown(text, "a.md") == amended
    if "title" in front:
        assert text.endswith(f"---\n{body}")


def test_every_article_of_the_corpus_is_read_and_written_back() -> None:
    for path in CORPUS.rglob("*.md"):
        if path.name != "README.md":
            draft = read_markdown(path.read_text(encoding="utf-8"), path.name)
            assert draft.attributions
            assert read_markdown(render_article(draft), path.name) == draft
