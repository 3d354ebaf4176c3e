"""An answer as plain text, in the language of its question: for programs and, with its sources, for people at a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from coopbot.domain import Answer, Citation, Language, Span
from coopbot.serve import view
from coopbot.serve.links import said_address
from coopbot.serve.messages import bracketed, labelled, source_text

_INDENT = "    "
# The longest bar of a series.
_BAR_CHARS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of text. answer: the words in it that answer the question; None if none are marked."""

    text: str
    answer: Span | None = None


def answer_text(answer: Answer) -> str:
    """The whole answer but for the nearest passages and the list of sources, which programs take from its citations."""
    return "\n".join(line.text for block in view.answer_view(answer) for line in _lines(block, answer.question_language))


def terminal_lines(answer: Answer) -> Iterator[Line]:
    """The whole answer, with the places and addresses of its sources, and a bar for each figure of a series."""
    cited = {citation.number: citation for citation in answer.citations}
    language = answer.question_language
    for block in view.answer_view(answer):
        match block:
            case view.NearestBlock(passages=sources) | view.SourcesBlock(articles=sources):
                yield from (Line(text=""), Line(text=block.heading))
                for source in sources:
                    yield from _source_lines(source, cited, language)
            case view.SeriesBlock():
                bars = ("█" * round(_BAR_CHARS * (row.share or 0)) for row in block.rows)
                yield from (
                    Line(text=f"{line.text}  {bar}".rstrip())
                    for line, bar in zip(_lines(block, language), ("", *bars), strict=True)
                )
            case view.DisagreementBlock() | view.ArticlesBlock() if block.heading:
                yield from (Line(text=""), *_lines(block, language))
            case _:
                yield from _lines(block, language)


def _lines(block: view.Block, language: Language) -> Iterator[Line]:
    """The lines of a block; none of nearest passages and of sources."""
    match block:
        case view.LeadBlock() | view.NoteBlock():
            yield Line(text=block.text)
        case view.QuoteBlock():
            before = (labelled(block.label, "", language) if block.label else "") + aged(block, language)
            marks = block.words.answer and block.words.answer.shifted(len(before))
            yield Line(text=before + block.words.text + block.note + _numbers(block.numbers), answer=marks)
            yield from _said_lines(block, _INDENT)
            if block.origin:
                yield Line(
                    text=_INDENT + block.origin.text, answer=block.origin.answer and block.origin.answer.shifted(len(_INDENT))
                )
            for one in block.folded:
                quote = labelled(one.label, aged(one, language) + one.words.text + one.note, language)
                yield Line(text=_INDENT + quote + _numbers([one.number]))
                yield from _said_lines(one, 2 * _INDENT)
        case view.SeriesBlock():
            yield Line(text=block.heading)
            for row in block.rows:
                yield Line(text=f"- {labelled(row.time, figure_text(row, language), language)} [{row.number}]")
        case view.DisagreementBlock():
            yield Line(text=block.heading)
            for side in block.sides:
                yield Line(text=f"- {figure_text(side, language)} [{side.number}] {side.line}")
        case view.ArticlesBlock():
            if block.heading:
                yield Line(text=block.heading)
            for article in block.articles:
                yield Line(text=f"- {article.title} · {article.line}")


def _source_lines(source: view.Source, cited: Mapping[int, Citation], language: Language) -> Iterator[Line]:
    yield Line(text=f"{_numbers(source.numbers).strip()} {source.title} · {source.line}")
    for one in source.quotes:
        yield Line(text=_INDENT + aged(one, language) + one.words.text + one.note)
        yield from _said_lines(one, 2 * _INDENT)
    for citation in map(cited.__getitem__, source.numbers):
        place = f"{citation.article_id}:{citation.start_char}-{citation.end_char}"
        yield Line(text=f"{_INDENT}{place} {citation.deep_link}".rstrip())
        for own in citation.sources if citation.attributions else ():
            if address := said_address(own):
                yield Line(text=f"{_INDENT}{source_text(own, language)} {address}")


def _numbers(numbers: Sequence[int]) -> str:
    return "".join(f" [{number}]" for number in numbers)


def _said_lines(block: view.QuoteBlock | view.Quoted, indent: str) -> Iterator[Line]:
    """Who said a quote and when, and where that was read; nothing where only its article says it."""
    if said := " · ".join([*(one.text for one in block.said), *filter(None, [block.read_in])]):
        yield Line(text=indent + said)


def figure_text(figure: view.Row | view.Side, language: Language) -> str:
    """A figure, in the question's language too if it is quoted in another."""
    return figure.words.text.strip() + bracketed(figure.restated, language)


def aged(block: view.QuoteBlock | view.Quoted, language: Language) -> str:
    """What stands before a quote: that it is out of date, and the heading that it needs, each in brackets and a space after."""
    return (f"{bracketed(block.age, language).strip()} " if block.age else "") + block.words.under
