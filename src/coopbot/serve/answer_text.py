"""An answer as plain text, in the language of its question."""

from __future__ import annotations

from collections.abc import Iterator

from coopbot.domain import Answer
from coopbot.serve import view
from coopbot.serve.messages import labelled


def answer_text(answer: Answer) -> str:
    """The whole answer but for the nearest passages and the list of sources, which programs take from its citations."""
    return "\n".join(_lines(answer))


def _lines(answer: Answer) -> Iterator[str]:
    for block in view.answer_view(answer):
        match block:
            case view.LeadBlock():
                yield block.text
            case view.QuoteBlock():
                yield block.words.text + block.note + "".join(f" [{number}]" for number in block.numbers)
                if block.origin:
                    yield f"  {block.origin.text}"
                for one in block.folded:
                    quote = labelled(one.label, one.words.text, answer.question_language)
                    yield f"  {quote}{one.note} [{one.number}]"
            case view.DisagreementBlock():
                yield block.heading
                for side in block.sides:
                    yield f"- {side.words.text} [{side.number}] {side.line}"
            case view.ArticlesBlock():
                for article in block.articles:
                    yield f"- {article.title} · {article.line}"
