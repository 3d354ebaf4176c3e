"""Formats passages as Telegram messages: those around the quotes of an answer, and those that a search found."""

from __future__ import annotations

from collections.abc import Sequence

from telegram.constants import MessageEntityType as Kind

from coopbot.ask.answer.answerer import SearchResult
from coopbot.ask.answer.cite import deep_link
from coopbot.domain import Answer, Article, Citation, Hit, InterfaceLanguage, Source
from coopbot.serve.links import said_address
from coopbot.serve.messages import age_note, bracketed, citation_note, format_date, publisher_line, read_in
from coopbot.serve.telegram.parts import Block, Part, around, join, lines, linked, marked, pack, web_url
from coopbot.serve.view import said_by
from coopbot.text.publishers import publisher_name

# One line may contain several of these.
_MAX_SOURCE_URL_CHARS = 300


def context_parts(answer: Answer, heading: str) -> list[Part]:
    """Each quote of an answer, underlined in its passage."""
    return pack([marked(heading, Kind.BOLD), *(_in_passage(one, answer.question_language) for one in answer.citations)])


def passage_parts(found: SearchResult, hits: Sequence[Hit], language: InterfaceLanguage, heading: str) -> list[Part]:
    """Passages of a search."""
    blocks = (_hit(number, hit, found.articles[hit.passage.article_id], language) for number, hit in enumerate(hits, 1))
    return pack([marked(heading, Kind.BOLD), *blocks])


def article_line(article: Article, language: InterfaceLanguage) -> Block:
    """The linked title of an article, with publisher and date below."""
    name = publisher_name(article.publisher, language)
    return lines(linked(article.title, article.url), Block(text=_origin(name, article, language)))


def source_line(line: str, citation: Article | Citation, language: InterfaceLanguage) -> Block:
    """A line that begins with the publisher of a brief and names some publishers of its sources: these are linked."""
    links = {publisher_name(one.publisher, language): _said_url(one) for one in reversed(citation.sources)}
    at = len(publisher_name(citation.publisher, language))
    pieces = [Block(text=line[:at])]
    for name in dict.fromkeys(publisher_name(source.publisher, language) for source in citation.sources):
        url = links[name]
        found = line.find(name, at) if url else -1
        if found >= 0:
            pieces += [Block(text=line[at:found]), marked(name, Kind.TEXT_LINK, url=url)]
            at = found + len(name)
    return join([*pieces, Block(text=line[at:])], "")


def said_line(citation: Citation, language: InterfaceLanguage) -> Block:
    """Who said it and when, linked, and where that was read; empty where only its article says it."""
    said = [linked(one.text, _said_url(citation.sources[one.source])) for one in said_by(citation, language)]
    if not said:
        return Block(text="")
    return join([Block(text="—"), join([*said, Block(text=read_in(citation, language))], " · ")], " ")


def _said_url(source: Source) -> str:
    return web_url(said_address(source), _MAX_SOURCE_URL_CHARS)


def _in_passage(citation: Citation, language: InterfaceLanguage) -> Block:
    passage, quote = citation.passage.strip(), citation.quote.strip()
    before, quote, after = passage.partition(quote) if quote else (passage, "", "")
    marks = join([Block(text=before), marked(quote, Kind.UNDERLINE), Block(text=after)], "")
    title = linked(citation.title.strip() or citation.article_id, citation.deep_link, citation.url)
    origin = source_line(_origin(publisher_line(citation, language), citation, language), citation, language)
    note = marked(bracketed(citation_note(citation, language), language), Kind.ITALIC)
    return lines(
        join([Block(text=f"[{citation.number}]"), title], " "),
        join([origin, note], ""),
        marked(age_note(citation, language), Kind.ITALIC),
        around(Kind.BLOCKQUOTE, marks),
        said_line(citation, language),
    )


def _hit(number: int, hit: Hit, article: Article, language: InterfaceLanguage) -> Block:
    link = linked(article.title, deep_link(article.url, hit.passage.text), article.url)
    origin = Block(text=_origin(publisher_name(article.publisher, language), article, language))
    shown = lines(join([Block(text=f"{number}."), link], " "), origin, Block(text=hit.passage.text.strip()))
    return around(Kind.EXPANDABLE_BLOCKQUOTE, shown)


def _origin(publisher: str, article: Article | Citation, language: InterfaceLanguage) -> str:
    """Such as: Publisher · 10 May 2025."""
    return " · ".join(filter(None, (publisher, format_date(article.published, language))))
