from __future__ import annotations

from coopbot.domain import Answer, Claim, Writing, WritingOutcome
from evals.measure.golden import AskedQuestion
from evals.measure.writing import WritingPart, Written


def reply(outcome: WritingOutcome, kept: int, *dropped: str, right: bool = True) -> Written:
    row = {"id": "a", "language": "en", "kind": "number", "question": "How many?", "answers": ["5"]}
    question = AskedQuestion.model_validate(row)
    answer = Answer(
        outcome="answered",
        question_language="en",
        claims=tuple(Claim(text=f"Sentence {number}.", citations=(1,)) for number in range(kept)),
        citations=(),
        disagreements=(),
        confidence=0.9,
        searched_as="How many?",
        snapshot="s",
        writing=Writing(model="m", outcome=outcome, dropped=dropped),
    )
    return Written(question=question, written=answer, right=right, right_quoted=True)


def test_support_is_of_sentences_and_coverage_of_answers() -> None:
    # The claims of an answer that stayed quoted are no sentences of the model's.
    replies = [
        reply("written", 2, "number"),
        reply("written", 1, right=False),
        reply("nothing_held", 3, "word", "word", "number"),
        reply("unavailable", 4),
    ]
    part = WritingPart(model="some-model", asked=9, replies=replies)
    figures = {name: (figure.value, figure.count) for name, figure in part.figures.items()}
    assert figures == {
        "llm.support": (3 / 7, 7),
        "llm.coverage": (0.5, 4),
        "llm.right": (0.5, 2),
        "llm.right_quoted": (1.0, 2),
    }
    assert part.faults == {"number": 2, "word": 2}
    board = part.sections()
    assert board.startswith("## ")
    assert "some-model writes answers to 9 of" in board
    assert "| nothing_held | 1 |" in board


def test_without_an_answer_there_is_no_figure() -> None:
    part = WritingPart(model="m", asked=1, replies=[])
    assert all(figure.value is None for figure in part.figures.values())
    assert "| written | 0 |" in part.sections()
