from __future__ import annotations

import importlib.resources
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopbot.domain import LANGUAGES
from coopbot.text.glossary import concept_mentions, find_concepts
from coopbot.text.tokens import lexical_tokens
from tests.cases import check_each

_ENTRIES: dict[str, dict[str, list[str]]] = json.loads(
    importlib.resources.files("coopbot.text").joinpath("glossary.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize(
    ("text", "concepts"),
    [
        # One thing in three languages, in any form of the word.
        ("the bridges' costs", "bridge cost"),
        ("Стоимости мостов", "bridge cost"),
        ("大橋的造價", "bridge cost"),
        # Phrases before their parts that begin alike.
        ("border crossings", "border-crossing bridge"),
        ("пункты пропуска", "border-crossing"),
        ("自贸试验区", "free-trade-zone"),
        # Months, where the longer number is not the shorter.
        ("11月", "november"),
        ("1月", "january"),
        ("в январе", "january"),
        # Nothing of the field.
        ("", ""),
        ("quiz", ""),
        ("2024", ""),
    ],
)
def test_concepts_in_a_text_are_found(text: str, concepts: str) -> None:
    assert find_concepts(text) == set(concepts.split())


@pytest.mark.parametrize(
    ("text", "tokens"), [("Mosty", []), ("the bridge", ["bridg"]), ("пункт пропуска", ["пункт", "пропуск"]), ("造价", ["造价"])]
)
def test_mentions_are_search_tokens(text: str, tokens: list[str]) -> None:
    assert [token for phrase, _ in concept_mentions(text) for token in phrase] == tokens


def test_a_single_character_is_found_by_the_pair_that_it_begins() -> None:
    ((tokens, ids),) = concept_mentions("桥梁")
    assert (tokens, ids) == (("桥梁",), ("bridge",))


def test_every_word_of_an_entry_finds_it() -> None:
    def check(id_: str) -> None:
        assert set(_ENTRIES[id_]) == set(LANGUAGES)
        for words in _ENTRIES[id_].values():
            assert words
            assert all(id_ in find_concepts(word) for word in words)

    check_each(_ENTRIES, check)


def test_no_entry_has_a_word_twice_in_a_language() -> None:
    twice = {
        (id_, language)
        for id_, entry in _ENTRIES.items()
        for language, words in entry.items()
        if len({tuple(lexical_tokens(word)) if language != "zh" else word for word in words}) < len(words)
    }
    assert twice == set()


@given(st.text(alphabet="мост桥大造价bridgecost 1月пункт-"))
def test_mentions_have_known_concepts(text: str) -> None:
    assert find_concepts(text) <= set(_ENTRIES)
