from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import MessageEntity

from benchmarks.telegram.bot_api.checks import checked_text
from coopbot.domain import LANGUAGES, About, Answer, Citation, Claim, Disagreement, Language, Span
from coopbot.serve.messages import message, unbroken
from coopbot.serve.telegram.format import answer_parts
from coopbot.serve.telegram.parts import MAX_ENTITIES, MAX_LINK_CHARS, MAX_TEXT_UNITS, Block, Part, pack, utf16_units
from coopbot.serve.telegram.passages import context_parts


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


def _covered(part: Part, entity: MessageEntity) -> str:
    units = part.text.encode("utf-16-le")
    return units[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le")


def _all_covered(parts: list[Part], kind: str) -> list[str]:
    return [_covered(part, entity) for part in parts for entity in part.entities if entity.type == kind]


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_what_was_searched_is_shown_unless_the_answer_says_that_it_is_about_a_larger_place() -> None:
    (part,) = answer_parts(_answer(_citation()), asked="it")
    assert part.text.startswith("🔎 bridge")
    (part,) = answer_parts(_answer(_citation(), about=About(place="Heihe", around="China")), asked="it")
    assert "🔎" not in part.text


def test_an_answer_shows_its_sentences_once_then_the_sources() -> None:
    second = _citation(2, article_id="zh/freight", title="过境货运", publisher="", published=None, quote="货运量增长。")
    answer = _answer(_citation(), replace(second, url="", deep_link=""))
    (part,) = answer_parts(answer)
    assert part.text == (
        "The bridge opened in June. [1]\n\n"
        "货运量增长。 [2]\n\n"
        "[1] A bridge opens\nAmur Herald · 10\u00a0June\u00a02022\n\n"
        "[2] 过境货运\nundated"
    )
    link = "https://herald.example/bridge#:~:text=The%20bridge"
    assert [(entity.type, _covered(part, entity), entity.url) for entity in part.entities] == [
        ("text_link", "[1]", link),
        ("expandable_blockquote", "[1] A bridge opens\nAmur Herald · 10\u00a0June\u00a02022", None),
        ("text_link", "A bridge opens", link),
        ("expandable_blockquote", "[2] 过境货运\nundated", None),
    ]


def test_an_article_that_is_quoted_twice_is_one_source() -> None:
    (part,) = answer_parts(_answer(_citation(), _citation(2, quote="Lorries cross it.")))
    assert part.text.endswith(unbroken("Lorries cross it. [2]\n\n[1][2] A bridge opens\nAmur Herald · 10 June 2022"))
    assert len(_all_covered([part], "expandable_blockquote")) == 1


def test_a_quote_that_no_sentence_repeats_is_shown_with_its_source() -> None:
    answer = _answer(_citation(), claims=(Claim(text="It opened.", citations=(1,)),))
    (part,) = answer_parts(answer)
    assert part.text.startswith("It opened. [1]")
    assert part.text.endswith(unbroken("10 June 2022\nThe bridge opened in June."))


def test_disagreeing_sources_are_listed_together() -> None:
    quotes = ("The bridge is 540 m long.", "Its length is 19.9 km.")
    spans = (Span(start_char=14, end_char=19), Span(start_char=14, end_char=21))
    first = _citation(1, quote=quotes[0], answer=spans[0])
    second = _citation(2, quote=quotes[1], answer=spans[1], publisher="Voice", published=date(2020, 1, 2))
    answer = _answer(first, second, disagreements=(Disagreement(about="540 m / 19.9 km", citations=(1, 2)),))
    (part,) = answer_parts(answer)
    sides = "• 540 m [1] Amur Herald · 10 June 2022\n• 19.9 km [2] Voice · 2 January 2020"
    assert unbroken(f"⚖️ The sources differ\n{sides}") in part.text
    assert _all_covered([part], "bold") == ["540\u00a0m", "19.9\u00a0km", "⚖️ The sources differ", "540\u00a0m", "19.9\u00a0km"]


def test_a_quote_that_reports_both_figures_shows_both() -> None:
    quote = "It is 540 m long by one account and 545 m by another."
    one = _citation(1, quote=quote, answer=Span(start_char=6, end_char=11))
    (part,) = answer_parts(_answer(one, disagreements=(Disagreement(about="540 m / 545 m", citations=(1,)),)))
    assert unbroken("⚖️ The sources differ\n• 540 m / 545 m [1] Amur Herald · 10 June 2022") in part.text


def test_context_shows_each_quote_underlined_in_its_passage() -> None:
    (part,) = context_parts(_answer(_citation()), "In context")
    assert part.text.startswith(
        unbroken("In context\n\n[1] A bridge opens\nAmur Herald · 10 June 2022\nThe bridge opened in June. Lorries")
    )
    assert _all_covered([part], "underline") == ["The bridge opened in June."]
    assert _all_covered([part], "blockquote") == ["The bridge opened in June. Lorries cross it."]


def test_emoji_before_an_entity_count_two_units() -> None:
    claim = Claim(text="🚂🌉 Trains cross 👨‍👩‍👧.", citations=(1,))
    (part,) = answer_parts(_answer(_citation(quote="🚂 Goes.", title="Rail 🚂"), claims=(claim,)))
    (source,) = (entity for entity in part.entities if entity.type == "expandable_blockquote")
    assert source.offset == part.text.index("[1] Rail") + 5  # five of the emoji before it take two units
    assert _all_covered([part], "expandable_blockquote")[0].endswith("🚂 Goes.")
    assert _all_covered([part], "text_link") == ["[1]", "Rail 🚂"]


def test_the_words_that_answer_are_bold() -> None:
    quote = " 🚂 The 🌉 bridge opened in June. "
    start = quote.index(" in June")
    citation = _citation(quote=quote, answer=Span(start_char=start, end_char=start + len(" in June")))
    (part,) = answer_parts(_answer(citation))
    assert part.text.startswith("🚂 The 🌉 bridge opened in June. [1]")
    assert _all_covered([part], "bold") == ["in June"]
    assert part.entities[0].offset == part.text.index("in June") + 2  # two emoji before it take two units


@pytest.mark.parametrize("before", ["🚂" * 1950, "Слово " * 664, "桥" * 3990, "Lorries cross " * 284])
def test_the_words_that_answer_stay_bold_where_a_sentence_is_cut(before: str) -> None:
    words = "ten thousand and one 🚂 lorries on 10 June 2022 " * 3
    quote = f"{before}{words}or so."
    span = Span(start_char=len(before), end_char=len(before) + len(words))
    parts = answer_parts(_answer(_citation(quote=quote, answer=span)))
    bold = _all_covered(parts, "bold")
    assert len(bold) == 2
    assert _squeezed("".join(bold)) == _squeezed(words)
    assert all(text == text.strip() for text in bold)


def test_without_evidence_no_words_are_bold() -> None:
    nearest = _citation(answer=Span(start_char=0, end_char=3))
    parts = answer_parts(_answer(nearest, outcome="no_evidence", claims=()))
    assert _all_covered(parts, "bold") == ["🤷 The articles here give no clear answer."]


@pytest.mark.parametrize(
    ("language", "date_text"), [("en", "10 June 2022"), ("zh", "2022年6月10日"), ("ru", "10 июня 2022 г.")]
)
def test_dates_are_in_the_language_of_the_question(language: Language, date_text: str) -> None:
    (part,) = answer_parts(_answer(_citation(), language=language))
    assert part.text.endswith(unbroken(date_text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_evidence_offers_at_most_three_passages(language: Language) -> None:
    nearest = [_citation(number, quote=f"Passage {number}.") for number in range(1, 6)]
    parts = answer_parts(_answer(*nearest, language=language, outcome="no_evidence", claims=()))
    assert parts[0].text.startswith(f"🤷 {message(language).no_evidence}\n\n{message(language).nearest}\n\n[1] ")
    assert [quote[-10:] for quote in _all_covered(parts, "expandable_blockquote")] == ["Passage 1.", "Passage 2.", "Passage 3."]


def test_no_evidence_without_passages_is_one_sentence() -> None:
    (part,) = answer_parts(_answer(outcome="no_evidence"))
    assert part.text == "🤷 The articles here give no clear answer."


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
def test_only_addresses_that_telegram_accepts_are_linked(url: str, deep_link: str, linked: str | None) -> None:
    (part,) = answer_parts(_answer(_citation(url=url, deep_link=deep_link)))
    links = [entity.url for entity in part.entities if entity.type == "text_link"]
    assert links == ([] if linked is None else [linked] * 2)


@pytest.mark.parametrize("sentence", ["Lorries cross the bridge. ", "Поезда идут по мосту. ", "列车过桥。", "🚂", "нет"])
def test_a_nearest_sentence_of_9000_characters_is_shown_whole(sentence: str) -> None:
    passage = (sentence * 9000)[:9000].strip()
    parts = answer_parts(_answer(_citation(quote=passage), outcome="no_evidence", claims=()))
    assert len(parts) > 1
    assert all(utf16_units(part.text) <= MAX_TEXT_UNITS for part in parts)
    quoted = _all_covered(parts, "expandable_blockquote")
    assert _squeezed("".join(quoted)).endswith("10June2022" + _squeezed(passage))
    ends_of_pieces = {quote[-1] for quote in quoted[:-1]}
    assert ends_of_pieces == {sentence.strip()[-1]} or sentence == "нет"


def test_a_character_of_two_units_is_not_halved_at_the_limit() -> None:
    assert [utf16_units(part.text) for part in pack([Block(text="x" + "🚂" * 2000)])] == [MAX_TEXT_UNITS - 1, 2]


def test_messages_are_split_between_sentences_and_never_inside_a_quote() -> None:
    quotes = [f"Quote {number}. " + "word " * 300 + "end." for number in range(1, 11)]
    citations = [_citation(number, passage=quote) for number, quote in enumerate(quotes, 1)]
    parts = context_parts(_answer(*citations), "In context")
    assert len(parts) > 2
    assert _all_covered(parts, "blockquote") == quotes


def test_a_heading_stays_with_its_first_passage() -> None:
    passage = "a" * (MAX_TEXT_UNITS - 80)
    first, second = answer_parts(_answer(_citation(quote=passage), outcome="no_evidence", claims=()))
    assert first.text == "🤷 The articles here give no clear answer."
    assert second.text.startswith(message("en").nearest)


def test_many_short_citations_keep_within_100_entities() -> None:
    parts = answer_parts(
        _answer(*(_citation(n, article_id=f"en/{n}", quote="Q.", title="T", url="", deep_link="") for n in range(1, 151)))
    )
    marked = [_block_of_marks(90), _block_of_marks(20)]
    assert [len(part.entities) for part in pack(marked)] == [90, 20]
    assert sum(len(part.entities) for part in parts) == 150
    assert all(len(part.entities) <= MAX_ENTITIES for part in parts)


def test_many_long_links_are_spread_over_messages() -> None:
    url = "https://a.example/" + "x" * 900
    parts = answer_parts(_answer(*(_citation(n, article_id=f"en/{n}", url=url, deep_link="") for n in range(1, 10))))
    assert [sum(len(entity.url or "") for entity in part.entities) <= MAX_LINK_CHARS for part in parts] == [True] * len(parts)
    assert len(parts) > 3
    linked = _all_covered(parts, "text_link")
    assert (linked.count("A bridge opens"), len(linked)) == (9, 18)


def _block_of_marks(count: int) -> Block:
    return Block(text="x" * count, entities=tuple(MessageEntity("bold", place, 1) for place in range(count)))


# Three scripts, emoji of several code points, right-to-left and its marks, combining accents.
_LETTERS = st.one_of(
    st.sampled_from(
        [
            "bridge ",
            "мост. ",
            "大桥。",
            "🌉",
            "👨‍👩‍👧",
            "🇷🇺",
            "جسر ",
            "גשר ",
            "\u202e",
            "e\u0301",
            "\n",
            "\u2028",
            "\ufeff",
            "¿?! ",
        ]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5),
)
_TEXTS = st.lists(_LETTERS, min_size=1, max_size=12).map("".join).map(str.strip)


@st.composite
def _blocks(draw: st.DrawFn) -> Block:
    before, inside, after = (draw(_TEXTS) * draw(st.integers(1, 100)) for _ in range(3))
    text = f"{before}|{inside}|{after}"
    mark = MessageEntity("expandable_blockquote", len(before), len(inside) + 2)
    return Block(text=text.strip(), entities=(mark,) if text == text.strip() else ())


@given(st.lists(_blocks(), max_size=4))
def test_packing_loses_nothing_and_keeps_every_limit(blocks: list[Block]) -> None:
    parts = pack(blocks)
    assert _squeezed("".join(part.text for part in parts)) == _squeezed("".join(block.text for block in blocks))
    assert all(0 < utf16_units(part.text) <= MAX_TEXT_UNITS and part.text == part.text.strip() for part in parts)
    marked = [block.text[mark.offset : mark.offset + mark.length] for block in blocks for mark in block.entities]
    covered = _all_covered(parts, "expandable_blockquote")
    assert _squeezed("".join(covered)) == _squeezed("".join(marked))
    assert all(piece == piece.strip() for piece in covered)


@given(st.lists(st.tuples(_TEXTS, _TEXTS, _TEXTS), min_size=1, max_size=4), st.booleans())
def test_telegram_accepts_every_answer(texts: list[tuple[str, str, str]], answered: bool) -> None:
    citations = []
    for number, (before, words, after) in enumerate(texts, start=1):
        quote = f"{before} {words} {after}"
        span = Span(start_char=len(before), end_char=len(before) + len(words) + 1)
        citations.append(_citation(number, quote=quote, title=words, passage=f"{after} {quote}", answer=span))
    answer = _answer(*citations) if answered else _answer(*citations, outcome="no_evidence", claims=())
    shown = [*answer_parts(answer, asked=""), *context_parts(answer, "In context")]
    for part in shown:
        checked_text(part.text, [entity.to_dict() for entity in part.entities])
    assert all(
        _squeezed(quote) in _squeezed("".join(part.text for part in shown)) for quote in (one.quote for one in citations)
    )
