"""An answer as plain text, in the language of its question."""

from __future__ import annotations

from coopbot.domain import Answer, Language
from coopbot.serve import view
from coopbot.serve.messages import bracketed, labelled


def answer_text(answer: Answer) -> str:
    """The whole answer but for the nearest passages and the list of sources, which programs take from its citations."""
    lines: list[str] = []
    for block in view.answer_view(answer):
        match block:
            case view.LeadBlock():
                lines.append(block.text)
            case view.QuoteBlock():
                label = labelled(block.label, "", answer.question_language) if block.label else ""
                quote = aged(block, answer.question_language) + block.words.text + block.note
                lines.append(label + quote + "".join(f" [{number}]" for number in block.numbers))
                if said := origin_text(block):
                    lines.append(f"  {said}")
                if block.origin:
                    lines.append(f"  {block.origin.text}")
                for one in block.folded:
                    quote = aged(one, answer.question_language) + one.words.text + one.note
                    lines.append(f"  {labelled(one.label, quote, answer.question_language)} [{one.number}]")
                    if said := origin_text(one):
                        lines.append(f"    {said}")
            case view.SeriesBlock():
                lines.append(block.heading)
                for row in block.rows:
                    figure = labelled(row.time, figure_text(row, answer.question_language), answer.question_language)
                    lines.append(f"- {figure} [{row.number}]")
            case view.NoteBlock():
                lines.append(block.text)
            case view.DisagreementBlock():
                lines.append(block.heading)
                for side in block.sides:
                    lines.append(f"- {figure_text(side, answer.question_language)} [{side.number}] {side.line}")
            case view.ArticlesBlock():
                if block.heading:
                    lines.append(block.heading)
                for article in block.articles:
                    lines.append(f"- {article.title} · {article.line}")
    return "\n".join(lines)


def figure_text(figure: view.Row | view.Side, language: Language) -> str:
    """A figure, in the question's language too if it is quoted in another."""
    return figure.words.text.strip() + bracketed(figure.restated, language)


def aged(block: view.QuoteBlock | view.Quoted, language: Language) -> str:
    """What stands before a quote: that it is out of date, and the heading that it needs, each in brackets and a space after."""
    return (f"{bracketed(block.age, language).strip()} " if block.age else "") + block.words.under


def origin_text(block: view.QuoteBlock | view.Quoted) -> str:
    """Who said a quote and when, and where that was read; "" where only its article says it."""
    return " · ".join([*(one.text for one in block.said), *filter(None, [block.read_in])])
