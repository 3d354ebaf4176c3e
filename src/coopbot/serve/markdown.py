"""An `Answer` as Markdown, for front ends and models: numbers are links, and text from articles is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from coopbot.domain import Answer, Article, Citation, Language, Span
from coopbot.serve.links import source_address
from coopbot.serve.messages import bracketed, format_date, labelled, message, publisher_line
from coopbot.serve.notes import citation_note, claim_note

_SPACE = re.compile(r"\s+")
_SPECIAL = re.compile(r"[\\`*_{}\[\]<>|~&#$]|^(?:[-+=]|\d+(?=[.)]))")
# What an address may hold inside the parentheses of a link.
_ADDRESS_CHARS = "%/:?#@!$&'*+,;=~-._"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkdownLine:
    """A line of Markdown. links: the number of each citation linked in it, with the span of the link."""

    text: str
    links: tuple[tuple[int, Span], ...] = ()


def answer_markdown(answer: Answer, base: str = "") -> Iterator[MarkdownLine]:
    """The answer by paragraphs: claims, disagreements, and the list of sources. Each ends with a line break.

    base: the service's address, for sources without one.
    """
    texts = message(answer.question_language)
    answered = answer.outcome == "answered"
    if answer.notice is not None:
        yield MarkdownLine(text=f"{texts.notices[answer.notice]}\n\n")
        yield from (MarkdownLine(text=f"- {_titled(article, answer, base)}\n") for article in answer.articles)
    elif not answered:
        yield MarkdownLine(text=f"{texts.no_evidence}\n\n")
    for claim in answer.claims:
        text, note = _claim_text(claim.text, answer.answer_within(claim)), claim_note(answer, claim)
        yield _line(text + _noted(note, answer.question_language), claim.citations, answer, base)
    for found in answer.disagreements:
        about = labelled(texts.sources_differ, escaped_markdown(found.about), answer.question_language)
        yield _line(about, found.citations, answer, base)
    if answer.citations:
        heading = texts.sources if answered else texts.nearest
        sources = "".join(_source(citation, answer, base) for citation in answer.citations)
        yield MarkdownLine(text=f"{heading}\n\n{sources}")


def markdown_text(answer: Answer, base: str = "") -> str:
    """The whole answer."""
    return "".join(line.text for line in answer_markdown(answer, base)).strip()


def escaped_markdown(text: str) -> str:
    """The text on one line, with all markup escaped."""
    return _SPECIAL.sub(_escape, _SPACE.sub(" ", text))


def _escape(found: re.Match[str]) -> str:
    # A number at the beginning would start a list: the period after it is escaped.
    return f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}"


def _claim_text(text: str, answer: Span | None) -> str:
    """The claim, the answering words in bold if they begin and end with a letter or digit, as Markdown requires."""
    if answer is None or not (text[answer.start_char].isalnum() and text[answer.end_char - 1].isalnum()):
        return escaped_markdown(text)
    parts = text[: answer.start_char], text[answer.start_char : answer.end_char], text[answer.end_char :]
    before, words, after = map(escaped_markdown, parts)
    return f"{before}**{words}**{after}"


def _line(text: str, numbers: tuple[int, ...], answer: Answer, base: str) -> MarkdownLine:
    """A sentence, followed by its citation numbers as links."""
    links: list[tuple[int, Span]] = []
    for citation in answer.citations:
        if citation.number in numbers:
            mark = _mark(citation, base)
            text += " "
            links.append((citation.number, Span(start_char=len(text), end_char=len(text) + len(mark))))
            text += mark
    return MarkdownLine(text=f"{text}\n\n", links=tuple(links))


def _mark(citation: Citation, base: str) -> str:
    url = source_address(citation, base)
    return f"[\\[{citation.number}\\]]({_address(url)})" if url else f"\\[{citation.number}\\]"


def _source(citation: Citation, answer: Answer, base: str) -> str:
    """An entry in the list of sources, with the quote unless a claim repeats it."""
    note = citation_note(citation, answer.question_language)
    quote = escaped_markdown(citation.quote) + _noted(note, answer.question_language)
    quoted = "" if citation.quote in {claim.text for claim in answer.claims} else f"\n   > {quote}"
    return f"{citation.number}. {_titled(citation, answer, base)}{quoted}\n"


def _noted(note: str, language: Language) -> str:
    """A note in italics, which need a space before them; "" for no note."""
    return f" _{bracketed(escaped_markdown(note), language).strip()}_" if note else ""


def _titled(article: Article | Citation, answer: Answer, base: str) -> str:
    """The linked title, publisher and date."""
    language = answer.question_language
    title = escaped_markdown(article.title.strip() or article.article_id)
    url = source_address(article, base)
    origin = [escaped_markdown(publisher_line(article, language)), format_date(article.published, language)]
    return " · ".join([f"[{title}]({_address(url)})" if url else title, *filter(None, origin)])


def _address(url: str) -> str:
    return quote(url, safe=_ADDRESS_CHARS)
