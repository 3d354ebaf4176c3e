"""The conversations: that articles hold what they accept, and that they are as promised."""

from __future__ import annotations

import zlib
from collections import Counter
from functools import cache

import pytest

from coopbot.domain import LANGUAGES, Language
from evals.measure.chains import Chain, ChainsPart, ChainTurn, ask_chains, load_chains
from evals.measure.golden import SPLITS, Split
from tests.cases import check_each
from tests.evals.accepting import EVALS, asked_twice, holding, subjects, topic_splits, unstated
from tests.evals.test_golden import ARTICLES, GAS, LONG, OPENED, Scripted


@cache
def chains() -> tuple[Chain, ...]:
    return tuple(load_chains(EVALS / "chains.jsonl"))


def turns(language: Language | None = None) -> list[ChainTurn]:
    return [turn for chain in chains() if language in (None, chain.language) for turn in chain.turns]


def follow_ups(split: Split | None = None) -> list[ChainTurn]:
    return [turn for chain in chains() if split in (None, chain.split) for turn in chain.turns[1:] if not turn.switch]


def test_there_are_as_many_as_the_readme_says() -> None:
    ids = [
        f"ch-{language}-{number:02}"
        for language, count in (("en", 32), ("zh", 28), ("ru", 28))
        for number in range(1, count + 1)
    ]
    assert [chain.id for chain in chains()] == ids
    readme = (EVALS / "README.md").read_text(encoding="utf-8")
    assert (
        f"| `chains.jsonl` | 88 conversations with {len(turns())} questions, {len(follow_ups())} of them follow-ups" in readme
    )


def test_what_is_accepted_is_stated_in_each_language() -> None:
    assert [turn.id for turn in turns() if unstated(turn)] == []
    assert [(turn.id, one) for turn in turns() for one in turn.answers if not holding([one])] == []
    assert [(turn.id, said) for turn in turns() for said in turn.says_unknown if not holding([said])] == []


def test_every_conversation_is_whole() -> None:
    check_each(chains(), is_whole, lambda chain: chain.id)


def is_whole(chain: Chain) -> None:
    assert 2 <= len(chain.turns) <= 4
    assert not chain.turns[0].switch
    assert chain.turns[0].answers
    assert chain.topic in subjects()
    for turn in chain.turns:
        assert bool(turn.answers) == (turn.kind != "unanswerable")
        assert not (turn.answers and turn.says_unknown)
        assert not turn.after


def test_no_conversation_of_a_language_asks_for_a_fact_twice() -> None:
    for language in LANGUAGES:
        assert asked_twice(turns(language)) == []


@pytest.mark.parametrize("split", SPLITS)
def test_switches_and_follow_ups_without_an_answer_have_their_shares(split: Split) -> None:
    later = [turn for chain in chains() if chain.split == split for turn in chain.turns[1:]]
    assert sum(turn.switch for turn in later) / len(later) == pytest.approx(0.15, abs=0.05)
    open_ones = [turn for turn in follow_ups(split) if not turn.answers]
    assert len(open_ones) / len(follow_ups(split)) == pytest.approx(0.16, abs=0.05)
    languages = Counter(turn.language for turn in follow_ups(split))
    assert min(languages[language] for language in LANGUAGES) >= 25


def test_topics_are_in_the_half_that_the_golden_questions_put_them_in() -> None:
    golden = topic_splits()
    for chain in chains():
        assert chain.split == golden.get(chain.topic, SPLITS[zlib.crc32(chain.topic.encode()) % 2]), chain.id


def chain(split: Split) -> Chain:
    bridge = {"articles": ["en/bridge"], "answers": ["1,283 metres"]}
    return Chain.model_validate(
        {
            "id": f"ch-{split}",
            "language": "en",
            "split": split,
            "topic": "HB",
            "turns": [
                {"kind": "date", "question": "When did the bridge open?", "articles": ["en/bridge"], "answers": ["in 2022"]},
                {"kind": "number", "question": "how long", **bridge},
                {"kind": "unanswerable", "question": "toll?", "articles": [], "answers": []},
                {"kind": "number", "question": "How long is the bridge?", "switch": True, **bridge},
            ],
        }
    )


def test_a_conversation_is_asked_in_order_and_in_one() -> None:
    answerer = Scripted(LONG)
    ask_chains([chain("dev"), chain("test")], answerer, ARTICLES)
    assert answerer.asked == [(turn.question, f"eval-ch-{split}") for split in SPLITS for turn in chain(split).turns]


def test_follow_ups_count_apart_from_first_questions_and_switches() -> None:
    replies = [
        *ask_chains([chain("dev")], Scripted(GAS), ARTICLES),
        *ask_chains([chain("test")], Scripted(LONG, OPENED, outcome="possible"), ARTICLES),
    ]
    part = ChainsPart(replies=replies)
    figures = {name: figure.value for name, figure in part.figures.items()}
    assert figures["chains.dev.follow_up.right"] == 0.0
    assert figures["chains.test.first_question.right"] == 0.0
    assert figures["chains.test.follow_up.right"] == 0.5
    assert figures["chains.test.follow_up_without_answer.right"] == 0.0
    assert figures["chains.test.switch.right"] == 1.0
    assert figures["chains.test.answer.all.first"] == 1.0
    assert figures["chains.test.grade.possible.right"] == 0.5
    sections = part.sections()
    assert "| number | ch-dev.2, ch-dev.4 |" in sections
    assert "ch-test" not in sections
