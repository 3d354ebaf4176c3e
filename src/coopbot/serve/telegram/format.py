"""Formats an answer as Telegram messages: sentences with linked numbers, then the sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from telegram.constants import MessageEntityType as Kind

from coopbot.domain import Answer, Citation
from coopbot.serve import view
from coopbot.serve.answer_text import figure_text
from coopbot.serve.messages import labelled
from coopbot.serve.telegram.parts import GAP, Block, Part, around, join, lines, linked, marked, pack
from coopbot.serve.telegram.passages import said_line, source_line

_MAX_NEAREST = 3

# Precedes the query that a follow-up was searched as.
_SEARCHED = "🔎"
_DIFFER, _SILENT, _SERIES = "⚖️", "🤷", "📈"


def answer_parts(answer: Answer, asked: str | None = None, heading: str = "") -> list[Part]:
    """The messages that show `answer`, in order: at least one, each within Telegram's limits.

    They begin with the `heading`, and with the query searched if it is not what was `asked`, as for a follow-up; an
    answer about a larger place says so itself.
    """
    opening = [marked(heading, Kind.BOLD)] if heading else []
    if answer.about is None and asked not in (None, answer.searched_as):
        opening.append(marked(f"{_SEARCHED} {answer.searched_as}", Kind.ITALIC))
    writer = _Writer(answer, {citation.number: citation for citation in answer.citations})
    return pack([*opening, *(shown for block in view.answer_view(answer) for shown in writer.blocks(block))])


@dataclass(frozen=True, slots=True)
class _Writer:
    answer: Answer
    cited: dict[int, Citation]

    def blocks(self, block: view.Block) -> Iterator[Block]:
        match block:
            case view.LeadBlock() if self.answer.outcome == "no_evidence":
                yield marked(f"{_SILENT} {block.text}", Kind.BOLD)
            case view.LeadBlock():
                yield (
                    marked(block.text, Kind.BOLD) if self.answer.articles and not self.answer.claims else Block(text=block.text)
                )
            case view.QuoteBlock():
                yield lines(
                    marked(block.label, Kind.BOLD),
                    marked(block.age, Kind.ITALIC),
                    join([_words(block.words, block.note), self._numbers(block.numbers)], " "),
                    self._said(block),
                    around(Kind.ITALIC, _words(block.origin)) if block.origin else Block(text=""),
                )
                for one in block.folded:
                    label = Block(text=labelled(one.label, "", self.answer.question_language))
                    quote = join([join([label, _words(one.words, one.note)], ""), self._numbers([one.number])], " ")
                    yield around(Kind.EXPANDABLE_BLOCKQUOTE, lines(marked(one.age, Kind.ITALIC), quote, self._said(one)))
            case view.SeriesBlock():
                rows = (join([self._row(row), self._numbers([row.number])], " ") for row in block.rows)
                yield lines(marked(f"{_SERIES} {block.heading}", Kind.BOLD), *rows)
            case view.NoteBlock():
                yield marked(block.text, Kind.ITALIC)
            case view.DisagreementBlock():
                sides = (self._side(side) for side in block.sides)
                yield lines(marked(f"{_DIFFER} {block.heading}", Kind.BOLD), *sides)
            case view.NearestBlock():
                passages = [self._source(source) for source in block.passages[:_MAX_NEAREST]]
                # The heading is part of the first, so that no message ends with it.
                yield join([Block(text=block.heading), passages[0]], GAP)
                yield from passages[1:]
            case view.SourcesBlock():
                for source in block.articles:
                    yield self._source(source)
            case view.ArticlesBlock():
                if block.heading:
                    yield marked(block.heading, Kind.BOLD)
                for source, article in zip(block.articles, self.answer.articles, strict=True):
                    yield lines(
                        linked(source.title, article.url), source_line(source.line, article, self.answer.question_language)
                    )

    def _numbers(self, numbers: Iterable[int]) -> Block:
        """Such as [1][2], each linked to its sentence."""
        return join([linked(f"[{n}]", self.cited[n].deep_link, self.cited[n].url) for n in numbers], "")

    def _quoted(self, one: view.Quoted) -> Block:
        return lines(marked(one.age, Kind.ITALIC), _words(one.words, one.note), self._said(one))

    def _said(self, quote: view.QuoteBlock | view.Quoted) -> Block:
        """Who said it and when, linked, and where that was read."""
        return said_line(self.cited[quote.said[0].number], self.answer.question_language) if quote.said else Block(text="")

    def _row(self, row: view.Row) -> Block:
        language = self.answer.question_language
        return join([marked(row.time, Kind.BOLD), Block(text=labelled("", figure_text(row, language), language))], "")

    def _side(self, side: view.Side) -> Block:
        citation, language = self.cited[side.number], self.answer.question_language
        figure = marked(figure_text(side, language), Kind.BOLD)
        origin = said_line(citation, language) if side.said else source_line(side.line, citation, language)
        return join([Block(text="•"), figure, self._numbers([side.number]), origin], " ")

    def _source(self, source: view.Source) -> Block:
        """Numbers and title, a line with who published it when, and quotes."""
        citation = self.cited[source.numbers[-1]]
        numbers = Block(text="".join(f"[{number}]" for number in source.numbers))
        title = linked(source.title, citation.deep_link, citation.url)
        origin = source_line(source.line, citation, self.answer.question_language)
        shown = lines(join([numbers, title], " "), origin, *map(self._quoted, source.quotes))
        return around(Kind.EXPANDABLE_BLOCKQUOTE, shown)


def _words(words: view.Words, note: str = "") -> Block:
    """The text stripped of white space, with the answering words in bold, and a note in italics."""
    text, answer = words.text, words.answer
    marks = answer.of(text) if answer else ""
    space = " " if note.startswith(" ") else ""
    noted = [Block(text=space), marked(note.strip(), Kind.ITALIC)] if note else []
    if answer is None or not marks.strip():
        return join([Block(text=words.under + text.strip()), *noted], "")
    before = text[: answer.start_char] + marks[: len(marks) - len(marks.lstrip())]
    after = marks[len(marks.rstrip()) :] + text[answer.end_char :]
    return join(
        [Block(text=words.under + before.lstrip()), marked(marks.strip(), Kind.BOLD), Block(text=after.rstrip()), *noted], ""
    )
