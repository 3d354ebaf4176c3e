from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopbot.domain import LANGUAGES, Answer, Citation, Claim, Disagreement, Language, Span
from coopbot.serve.messages import message
from coopbot.serve.telegram.format import answer_parts
from coopbot.serve.telegram.parts import (
    MAX_ENTITIES,
    MAX_LINK_CHARS,
    MAX_TEXT_UNITS,
    Block,
    Entity,
    Kind,
    Mark,
    Part,
    pack,
    utf16_units,
)


def _citation(number: int = 1, **changes: object) -> Citation:
    citation = Citation(
        number=number,
        article_id="en/bridge",
        title="A bridge opens",
        authors=(),
        publisher="Amur Herald",
        published=date(2022, 6, 10),
        url="https://herald.example/bridge",
        language="en",
        sources=(),
        quote="The bridge opened in June.",
        start_char=0,
        end_char=26,
        passage="The bridge opened in June. Lorries cross it.",
        deep_link="https://herald.example/bridge#:~:text=The%20bridge",
        score=0.9,
    )
    return replace(citation, **changes)  # type: ignore[arg-type]  # mypy cannot see through the keywords


def _answer(*citations: Citation, language: Language = "en", **changes: object) -> Answer:
    answer = Answer(
        outcome="answered",
        question_language=language,
        claims=tuple(Claim(text=one.quote, citations=(one.number,)) for one in citations),
        citations=citations,
        disagreements=(),
        confidence=0.9,
        searched_as="bridge",
        snapshot="s",
    )
    return replace(answer, **changes)  # type: ignore[arg-type]  # as above


def _covered(part: Part, entity: Entity) -> str:
    units = part.text.encode("utf-16-le")
    return units[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le")


def _all_covered(parts: list[Part], kind: Kind) -> list[str]:
    return [_covered(part, entity) for part in parts for entity in part.entities if entity.kind == kind]


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_an_answer_is_claims_then_sources() -> None:
    second = _citation(2, title="过境货运", publisher="", published=None, quote="货运量增长。", url="", deep_link="")
    answer = _answer(
        _citation(),
        second,
        claims=(Claim(text="It opened.", citations=(1,)), Claim(text="Freight grew.", citations=(1, 2))),
        disagreements=(Disagreement(about="freight", citations=(1, 2)),),
    )
    (part,) = answer_parts(answer)
    assert part.text == (
        "It opened. [1]\n\n"
        "Freight grew. [1][2]\n\n"
        "The sources differ: freight [1][2]\n\n"
        "Sources\n\n"
        "The bridge opened in June.\n[1] A bridge opens · Amur Herald · 10 June 2022\n\n"
        "货运量增长。\n[2] 过境货运 · undated"
    )
    assert [(entity.kind, _covered(part, entity), entity.url) for entity in part.entities] == [
        ("bold", "Sources", ""),
        ("expandable_blockquote", "The bridge opened in June.", ""),
        ("text_link", "A bridge opens", "https://herald.example/bridge#:~:text=The%20bridge"),
        ("expandable_blockquote", "货运量增长。", ""),
    ]


def test_emoji_before_a_quote_count_two_units() -> None:
    claim = Claim(text="🚂🌉 Trains cross 👨‍👩‍👧.", citations=(1,))
    (part,) = answer_parts(_answer(_citation(quote="🚂 Goes.", title="Rail 🚂"), claims=(claim,)))
    quote = next(entity for entity in part.entities if entity.kind == "expandable_blockquote")
    assert quote.offset == utf16_units(part.text[: part.text.index("🚂 Goes.")])
    assert quote.offset == part.text.index("🚂 Goes.") + 5  # five of the emoji before it take two units
    assert _all_covered([part], "expandable_blockquote") == ["🚂 Goes."]
    assert _all_covered([part], "text_link") == ["Rail 🚂"]


def test_the_words_that_answer_are_bold_in_claim_and_quote() -> None:
    quote = " 🚂 The 🌉 bridge opened in June. "
    start = quote.index(" in June")
    citation = _citation(quote=quote, answer=Span(start_char=start, end_char=start + len(" in June")))
    (part,) = answer_parts(_answer(citation))
    assert part.text.startswith("🚂 The 🌉 bridge opened in June. [1]")
    assert _all_covered([part], "bold") == ["in June", "Sources", "in June"]
    in_claim = next(entity for entity in part.entities if entity.kind == "bold")
    assert in_claim.offset == part.text.index("in June") + 2  # two emoji before it take two units
    (quoted,) = (entity for entity in part.entities if entity.kind == "expandable_blockquote")
    in_quote = part.entities[-2]
    assert in_quote.kind == "bold"
    assert quoted.offset < in_quote.offset
    assert in_quote.offset + in_quote.length <= quoted.offset + quoted.length


@pytest.mark.parametrize("before", ["🚂" * 2000, "Слово " * 680, "桥" * 4090, "Lorries cross " * 291])
def test_the_words_that_answer_stay_bold_where_a_quote_is_cut(before: str) -> None:
    words = "ten thousand and one 🚂 lorries on 10 June 2022 " * 3
    quote = f"{before}{words}or so."
    span = Span(start_char=len(before), end_char=len(before) + len(words))
    parts = answer_parts(_answer(_citation(quote=quote, answer=span)))
    bold = [text for text in _all_covered(parts, "bold") if text != "Sources"]
    assert len(bold) > 2
    assert _squeezed("".join(bold)) == _squeezed(words) * 2
    assert all(text == text.strip() for text in bold)


def test_nothing_is_bold_where_nothing_answers() -> None:
    nearest = _citation(answer=Span(start_char=0, end_char=3))
    assert _all_covered(answer_parts(_answer(nearest, outcome="no_evidence", claims=())), "bold") == []


@pytest.mark.parametrize(
    ("language", "date_text"), [("en", "10 June 2022"), ("zh", "2022年6月10日"), ("ru", "10 июня 2022 г.")]
)
def test_fixed_texts_and_dates_are_in_the_language_of_the_question(language: Language, date_text: str) -> None:
    (part,) = answer_parts(_answer(_citation(), language=language))
    assert message(language).sources in part.text
    assert part.text.endswith(date_text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_evidence_offers_at_most_three_passages(language: Language) -> None:
    nearest = [_citation(number, passage=f"Passage {number}.") for number in range(1, 6)]
    parts = answer_parts(_answer(*nearest, language=language, outcome="no_evidence", claims=()))
    assert parts[0].text.startswith(f"{message(language).no_evidence}\n\n{message(language).nearest}\n\nPassage 1.")
    assert _all_covered(parts, "expandable_blockquote") == ["Passage 1.", "Passage 2.", "Passage 3."]


def test_no_evidence_without_passages_is_one_sentence() -> None:
    assert answer_parts(_answer(outcome="no_evidence")) == [Part(text="The sources do not say.")]


@pytest.mark.parametrize(
    ("url", "deep_link", "linked"),
    [
        ("https://a.example/1", "", "https://a.example/1"),
        ("https://a.example/1", "https://a.example/1#:~:text=" + "%D0%90" * 300, "https://a.example/1"),
        ("", "", None),
        ("javascript:alert(1)", "file:///etc/hosts", None),
        ("https://a.example/" + "x" * 2000, "", None),
    ],
)
def test_only_links_that_telegram_takes(url: str, deep_link: str, linked: str | None) -> None:
    (part,) = answer_parts(_answer(_citation(url=url, deep_link=deep_link)))
    links = [entity.url for entity in part.entities if entity.kind == "text_link"]
    assert links == ([] if linked is None else [linked])


@pytest.mark.parametrize("sentence", ["Lorries cross the bridge. ", "Поезда идут по мосту. ", "列车过桥。", "🚂", "нет"])
def test_a_passage_of_9000_characters_is_shown_whole(sentence: str) -> None:
    passage = (sentence * 9000)[:9000].strip()
    parts = answer_parts(_answer(_citation(passage=passage), outcome="no_evidence", claims=()))
    assert len(parts) > 1
    assert all(utf16_units(part.text) <= MAX_TEXT_UNITS for part in parts)
    assert _squeezed("".join(_all_covered(parts, "expandable_blockquote"))) == _squeezed(passage)
    assert parts[-1].text.endswith("[1] A bridge opens · Amur Herald · 10 June 2022")
    ends_of_pieces = {quote[-1] for quote in _all_covered(parts, "expandable_blockquote")[:-1]}
    assert ends_of_pieces == {sentence.strip()[-1]} or sentence == "нет"


def test_a_character_of_two_units_is_not_halved_at_the_limit() -> None:
    assert [utf16_units(part.text) for part in pack([Block(text="x" + "🚂" * 2048)])] == [MAX_TEXT_UNITS - 1, 2]


def test_messages_are_split_between_citations() -> None:
    quotes = [f"Quote {number}. " + "word " * 300 + "end." for number in range(1, 11)]
    parts = answer_parts(_answer(*(_citation(number, quote=quote) for number, quote in enumerate(quotes, 1)), claims=()))
    assert len(parts) > 2
    assert _all_covered(parts, "expandable_blockquote") == quotes
    for part in parts:
        assert part.text.endswith("10 June 2022")


def test_a_heading_stays_with_its_first_citation() -> None:
    claim = Claim(text="a" * (MAX_TEXT_UNITS - 30), citations=(1,))
    first, second = answer_parts(_answer(_citation(), claims=(claim,)))
    assert first.text.endswith("[1]")
    assert second.text.startswith("Sources\n\nThe bridge")


def test_many_short_citations_keep_within_100_entities() -> None:
    parts = answer_parts(_answer(*(_citation(n, quote="Q.", title="T", url="", deep_link="") for n in range(1, 151))))
    marked = [_block_of_marks(90), _block_of_marks(20)]
    assert [len(part.entities) for part in pack(marked)] == [90, 20]
    assert sum(len(part.entities) for part in parts) == 151
    assert all(len(part.entities) <= MAX_ENTITIES for part in parts)


def test_many_long_links_are_spread_over_messages() -> None:
    url = "https://a.example/" + "x" * 900
    parts = answer_parts(_answer(*(_citation(number, url=url, deep_link="") for number in range(1, 10)), claims=()))
    assert [sum(len(entity.url) for entity in part.entities) <= MAX_LINK_CHARS for part in parts] == [True] * 3
    assert _all_covered(parts, "text_link") == ["A bridge opens"] * 9


def _block_of_marks(count: int) -> Block:
    return Block(text="x" * count, marks=tuple(Mark(kind="bold", start_char=i, end_char=i + 1) for i in range(count)))


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60).map(str.strip)


@st.composite
def _blocks(draw: st.DrawFn) -> Block:
    before, inside, after = (draw(_TEXTS) * draw(st.integers(1, 200)) for _ in range(3))
    text = f"{before}|{inside}|{after}"
    mark = Mark(kind="expandable_blockquote", start_char=len(before), end_char=len(before) + len(inside) + 2)
    return Block(text=text.strip(), marks=(mark,) if text == text.strip() else ())


@given(st.lists(_blocks(), max_size=4))
def test_packing_loses_nothing_and_keeps_every_limit(blocks: list[Block]) -> None:
    parts = pack(blocks)
    assert _squeezed("".join(part.text for part in parts)) == _squeezed("".join(block.text for block in blocks))
    assert all(0 < utf16_units(part.text) <= MAX_TEXT_UNITS and part.text == part.text.strip() for part in parts)
    marked = [block.text[mark.start_char : mark.end_char] for block in blocks for mark in block.marks]
    covered = _all_covered(parts, "expandable_blockquote")
    assert _squeezed("".join(covered)) == _squeezed("".join(marked))
    assert all(piece == piece.strip() for piece in covered)
