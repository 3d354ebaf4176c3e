"""Footnotes: marks of sources in a Markdown article."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coopbot.domain import Source, When
from coopbot.errors import Unreadable
from coopbot.ingest.corpus.store import Corpus
from coopbot.ingest.formats.markdown import amend_article, read_markdown, render_article
from coopbot.ingest.formats.sandbox import Sandbox
from coopbot.text.sentences import split_sentences

FERRY = """---
title: The ferry at Ostrov
language: en
footnotes:
  OF-01:
    as_of: 2026-03-05
    valid_until: 2026-09-14
    sources:
      - {publisher: People's Daily, title: The ferry, published: 2019-08-21, url: "https://people.example/1"}
      - {publisher: RIA, via: mail.example, published: 2026-03}
  "01":
    planned_for: 2026
    sources: [{publisher: TASS}]
---

The ferry carries 1,283 cars a day.[^OF-01] It *opened*
in 2022.[^01][^OF-01] Nobody counts the dogs.

## When it runs

- from May.[^b]
- to October

第一句。[^b]第二句。

[^b]: ТАСС via RIA, "Паром открыт", 10 June 2022, <https://tass.example/1>
"""


def test_a_mark_gives_its_sentence_sources_and_age() -> None:
    draft = read_markdown(FERRY, "ferry.md")
    assert draft.text == (
        "The ferry carries 1,283 cars a day. It opened in 2022. Nobody counts the dogs.\n\n"
        "## When it runs\n\n- from May.\n\n- to October\n\n第一句。第二句。"
    )
    assert [(one.label, one.of(draft.text)) for one in draft.attributions] == [
        ("OF-01", "The ferry carries 1,283 cars a day."),
        ("01", "It opened in 2022."),
        ("OF-01", "It opened in 2022."),
        ("b", "- from May."),
        ("b", "第一句。"),
    ]
    first, second, _, fourth, _ = draft.attributions
    assert first.sources == (
        Source(publisher="People's Daily", title="The ferry", published=When("2019-08-21"), url="https://people.example/1"),
        Source(publisher="RIA", via="mail.example", published=When("2026-03")),
    )
    assert (first.as_of, first.valid_until, first.planned_for) == ("2026-03-05", "2026-09-14", None)
    assert second.planned_for == "2026"
    assert fourth.sources == (
        Source(publisher="ТАСС", via="RIA", title="Паром открыт", published=When("2022-06-10"), url="https://tass.example/1"),
    )


@pytest.mark.parametrize(
    ("definition", "source"),
    [
        ("People's Daily, 21 August 2019", Source(publisher="People's Daily", published=When("2019-08-21"))),
        ("《人民日报》, 2019年8月", Source(publisher="人民日报", published=When("2019-08"))),
        ("«Коммерсантъ», 2024", Source(publisher="Коммерсантъ", published=When("2024"))),
        ("<https://river.example/a>", Source(publisher="river.example", url="https://river.example/a")),
        (
            "River, [The ferry](https://river.example/a).",
            Source(publisher="River", title="The ferry", url="https://river.example/a"),
        ),
        (
            "River News, The ferry\n  runs again, May 2025",
            Source(publisher="River News", title="The ferry runs again", published=When("2025-05")),
        ),
    ],
)
def test_what_can_be_read_from_a_definition_below_the_text(definition: str, source: Source) -> None:
    (found,) = read_markdown(f"It runs.[^1]\n\n[^1]: {definition}\n", "a.md").attributions
    assert found.sources == (source,)


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("[^OF-01] It", "[^zz] It", "line 16: there is no footnote zz"),
        ("[^01]", "", "line 13: no sentence has the footnote 01"),
        ("1,283", "1,2[^01]83", "line 16: the mark .* is inside a word or number"),
        ("1,283", "1,[^01]283", "line 16: the mark .* is inside a word or number"),
        ("opened", "op[^01]ened", "line 16: the mark .* is inside a word or number"),
        ("in 2022", "in [^zz]\n2022", "line 17: there is no footnote zz"),
        ("第一句", "第1[^b]月", "line 24: the mark .* is inside a word or number"),
        ("第一句", "[^b]第一句", "line 24: the mark .* follows no sentence"),
        ("valid_until: 2026", "valid_until: 2025", "line 7: .*valid_until 2025-09-14 is before as_of 2026-03-05"),
        ("https://people", "ftp://people", "line 9: .*url must be an address"),
        ("https://tass", "ftp://tass", "line 26: .*not an address"),
        ("published: 2026-03}", "published: 2026-13}", "line 10: .*published must be a day, a month or a year"),
        ("published: 2026-03}", "published: soon}", "line 10: .*published must be"),
        ("2019-08-21", "2019-08-41", "in line 9 "),
        ("10 June", "30 February", "line 26: .*no such date"),
        ("planned_for", "planned", "line 11: .*unknown key: planned"),
        ("[{publisher: TASS}]", "[{title: TASS}]", "line 13: .*no publisher"),
        ("[{publisher: TASS}]", "[]", "footnote 01 has no sources"),
        ('  "01"', "  OF-01", "line 11: footnote OF-01 is defined twice"),
        ("\n[^b]:", "\n[^01]:", "line 26: footnote 01 is defined twice"),
    ],
)
def test_what_is_wrong_with_a_footnote_is_named_with_its_line(old: str, new: str, error: str) -> None:
    assert old in FERRY
    with pytest.raises(Unreadable, match=f"^ferry.md: (?:.* )?{error}"):
        read_markdown(FERRY.replace(old, new, 1), "ferry.md")


def test_a_mark_at_the_end_of_a_chinese_sentence_is_for_both_of_its_clauses() -> None:
    first = "黑河公路大桥主桥全长一千二百八十三米，桥面宽十四米半，主跨一百四十七米；"
    second = "大桥二〇二二年六月十日开通货运，两年多以后的二〇二四年十二月才开通定期客运。"
    notes = "\n\n[^b]: TASS, 2019\n[^c]: RIA, 2020\n"
    draft = read_markdown(f"前一句到这里为止。{first}{second}[^b][^c]{notes}", "a.md")
    said = [("b", first), ("c", first), ("b", second), ("c", second)]
    assert [(one.label, one.of(draft.text)) for one in draft.attributions] == said
    assert read_markdown(render_article(draft), "a.md") == draft
    own = read_markdown(f"前一句到这里为止。{first[:-1]}[^c]；{second}[^b]{notes}", "a.md")
    assert [(one.label, one.of(own.text)) for one in own.attributions] == [("c", first), ("b", second)]


def test_a_title_cannot_have_a_footnote() -> None:
    with pytest.raises(Unreadable, match=r"line 1: the mark \[\^1\] is in the title"):
        read_markdown("# Ferry[^1]\n\nIt runs.[^1]\n\n[^1]: River News\n", "a.md")


def test_an_article_with_footnotes_is_written_and_read_back() -> None:
    draft = read_markdown(FERRY, "ferry.md")
    assert read_markdown(render_article(draft), "ferry.md") == draft
    amended = replace(draft, publisher="River News")
    text = amend_article(FERRY, amended)
    assert read_markdown(text, "ferry.md") == amended
    assert text.endswith(FERRY[FERRY.index("\nThe ferry carries") :])


SIGNS = "#-+*_<>[]`\\&:1\n"
PIECES = st.sampled_from(
    [
        *f'ab .,。！яё"/{SIGNS}',
        *("\n\n", "## ", "- ", "1. ", "第一", "In 2022. ", "e\u0301", "\u0301", "\ufdd0", "[^q]", "]("),
    ]
)
MARKS = st.sampled_from(["", "[^x]", "[^y]", "[^x][^y]"])
BODIES = st.lists(st.tuples(st.lists(PIECES, max_size=8).map("".join), MARKS), max_size=8)


@settings(max_examples=400, deadline=None)
@given(BODIES)
def test_marks_change_neither_text_nor_offsets(pieces: list[tuple[str, str]]) -> None:
    """Whatever the text: an article is refused, or read as without marks, and each span is that of a sentence."""
    front = "---\nfootnotes:\n  x: {sources: [{publisher: A}]}\n  y: {sources: [{publisher: B}]}\n---\n"
    body = "".join(text for text, _ in pieces)
    try:
        marked = read_markdown(f"{front}Ferry.[^x] Boat.[^y]\n\n" + "".join(map("".join, pieces)), "a.md")
        plain = read_markdown(f"Ferry. Boat.\n\n{body}", "a.md")
    except Unreadable:
        return
    spans = {(span.start_char, span.end_char) for span in split_sentences(marked.text)}
    assert {(one.start_char, one.end_char) for one in marked.attributions} <= spans
    assert read_markdown(render_article(marked), "a.md") == marked
    if not set(body) & set(SIGNS):  # nothing that a mark beside it may keep from being markup
        assert marked.text == plain.text


@pytest.mark.parametrize("wrong", ["2026-13", "2026-02-30", "26", "0999", "2026-3", "soon", "", "２０２６"])
def test_a_time_is_a_day_a_month_or_a_year(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"not a day, a month|month must be|day is out|bad month"):
        When(wrong)


def test_a_time_has_a_first_and_a_last_day() -> None:
    assert (When("2024-02").first, When("2024-02").last) == (date(2024, 2, 1), date(2024, 2, 29))
    assert (When("2024").first, When("2024").last) == (date(2024, 1, 1), date(2024, 12, 31))
    assert When(date(2024, 2, 3)) == When("2024-02-03") == "2024-02-03"


@pytest.mark.process
def test_the_corpus_keeps_an_article_with_a_wrong_footnote_out_and_serves_the_rest(tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text(FERRY, encoding="utf-8")
    (tmp_path / "wrong.md").write_text(FERRY.replace("[^01]", "[^02]"), encoding="utf-8")
    with Sandbox() as sandbox:
        good, wrong = Corpus(tmp_path, read=sandbox.read)
    assert not isinstance(good, Unreadable)
    assert good.attributions == read_markdown(FERRY, "a.md").attributions
    assert isinstance(wrong, Unreadable)
    assert "wrong.md: line 17: there is no footnote 02" in str(wrong)


def test_a_correction_has_the_footnotes_of_the_new_text(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path)
    old = replace(read_markdown(FERRY, "a.md"), url="https://river.example/ferry", text="An old text.", attributions=())
    corpus.add(old)
    new = replace(read_markdown(FERRY, "a.md"), url="https://river.example/ferry")
    arrival = corpus.add(new)
    assert arrival.change == "replaced"
    assert corpus.read(arrival.article.article_id).attributions == new.attributions
