"""An answer as Markdown, for front ends and models: numbers are links, and text from articles is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from coopbot.domain import Answer, Language, Span
from coopbot.serve import view
from coopbot.serve.answer_text import aged, figure_text
from coopbot.serve.links import said_address, source_address
from coopbot.serve.messages import labelled

# Of citations by number, of their sources by place, and of articles by id.
_Addresses = Mapping[int | str | tuple[int, int], str]

_SPACE = re.compile(r"\s+")
# The second line: what would make a link of an address without markup.
_SPECIAL = re.compile(
    r"[\\`*_{}\[\]<>|~&#$]|^(?:[-+=]|\d+(?=[.)]))"
    r"|:(?=//)|(?<=www)\.|@",
    re.IGNORECASE,
)
# What an address may hold inside the parentheses of a link.
_ADDRESS_CHARS = "%/:?#@!$&'*+,;=~-._"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkdownLine:
    """A line of Markdown. links: the number of each citation linked in it, with the span of the link."""

    text: str
    links: tuple[tuple[int, Span], ...] = ()


def answer_markdown(answer: Answer, base: str = "") -> Iterator[MarkdownLine]:
    """The answer by paragraphs and items of lists, each ending with a line break.

    base: the service's address, for sources without one.
    """
    addresses: dict[int | str | tuple[int, int], str] = {
        citation.number: source_address(citation, base) for citation in answer.citations
    }
    addresses |= {article.article_id: source_address(article, base) for article in answer.articles}
    addresses |= {(one.number, at): said_address(source) for one in answer.citations for at, source in enumerate(one.sources)}
    for block in view.answer_view(answer):
        for pieces in _paragraphs(block, addresses, answer.question_language):
            text, links = "", []
            for piece in pieces:
                if isinstance(piece, int):
                    mark = _linked(f"\\[{piece}\\]", addresses[piece])
                    links.append((piece, Span(start_char=len(text) + 1, end_char=len(text) + 1 + len(mark))))
                    piece = f" {mark}"
                text += piece
            yield MarkdownLine(text=text, links=tuple(links))


def markdown_text(answer: Answer, base: str = "") -> str:
    """The whole answer."""
    return "".join(line.text for line in answer_markdown(answer, base)).strip()


def escaped_markdown(text: str) -> str:
    """The text on one line, with all markup escaped."""
    # A number at the beginning would start a list: the period after it is escaped.
    return _SPECIAL.sub(lambda found: f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}", _SPACE.sub(" ", text))


def _paragraphs(block: view.Block, addresses: _Addresses, language: Language) -> Iterator[tuple[str | int, ...]]:
    """The lines of a block, in pieces: text, and the numbers of citations to link."""
    match block:
        case view.LeadBlock():
            yield (f"{block.text}\n\n",)
        case view.QuoteBlock():
            label = f"**{escaped_markdown(block.label)}**\n\n" if block.label else ""
            yield label, _aged(block, language), _words(block.words), _note(block.note), *block.numbers, "\n\n"
            if said := _said(block, addresses):
                yield (f"{said}\n\n",)
            if block.origin:
                yield (f"{_words(block.origin)}\n\n",)
            for one in block.folded:
                said = f" · {said}" if (said := _said(one, addresses)) else ""
                quote = labelled(one.label, _aged(one, language) + _words(one.words), language)
                yield f"> {quote}", _note(one.note), one.number, f"{said}\n\n"
        case view.SeriesBlock():
            yield (f"**{block.heading}**\n\n",)
            for row in block.rows:
                yield f"- {escaped_markdown(labelled(row.time, figure_text(row, language), language))}", row.number, "\n"
            yield ("\n",)
        case view.NoteBlock():
            yield (f"_{escaped_markdown(block.text)}_\n\n",)
        case view.DisagreementBlock():
            yield (f"**{block.heading}**\n\n",)
            for side in block.sides:
                line = _linked_said(side.said, addresses) or escaped_markdown(side.line)
                yield f"- {escaped_markdown(figure_text(side, language))}", side.number, f" · {line}\n"
            yield ("\n",)
        case view.NearestBlock(passages=sources) | view.SourcesBlock(articles=sources):
            yield (f"**{block.heading}**\n\n",)
            for source in sources:
                numbers = "".join(f"\\[{number}\\] " for number in source.numbers)
                yield (f"- {numbers}{_titled(source, addresses[source.numbers[0]])}\n",)
                for one in source.quotes:
                    said = f" · {said}" if (said := _said(one, addresses)) else ""
                    yield f"  > {_aged(one, language)}{_words(one.words)}", _note(one.note), f"{said}\n"
            yield ("\n",)
        case view.ArticlesBlock():
            if block.heading:
                yield (f"**{block.heading}**\n\n",)
            for source in block.articles:
                yield (f"- {_titled(source, addresses[source.article_id])}\n",)


def _aged(block: view.QuoteBlock | view.Quoted, language: Language) -> str:
    return escaped_markdown(aged(block, language))


def _said(block: view.QuoteBlock | view.Quoted, addresses: _Addresses) -> str:
    """Who said a quote and when, each linked, and where that was read."""
    return " · ".join(filter(None, (_linked_said(block.said, addresses), escaped_markdown(block.read_in))))


def _linked_said(said: Sequence[view.Said], addresses: _Addresses) -> str:
    return " · ".join(_linked(escaped_markdown(one.text), addresses[one.number, one.source]) for one in said)


def _words(words: view.Words) -> str:
    """The text, the answering words in bold if they begin and end with a letter or digit, as Markdown requires."""
    text, answer = words.text, words.answer
    if answer is None or not (text[answer.start_char].isalnum() and text[answer.end_char - 1].isalnum()):
        return escaped_markdown(text)
    before, marked, after = map(escaped_markdown, (text[: answer.start_char], answer.of(text), text[answer.end_char :]))
    return f"{before}**{marked}**{after}"


def _note(note: str) -> str:
    """A note in italics, which need a space before them."""
    return f" _{escaped_markdown(note.strip())}_" if note else ""


def _titled(source: view.Source, url: str) -> str:
    return f"{_linked(escaped_markdown(source.title), url)} · {escaped_markdown(source.line)}"


def _linked(text: str, url: str) -> str:
    return f"[{text}]({quote(url, safe=_ADDRESS_CHARS)})" if url else text
