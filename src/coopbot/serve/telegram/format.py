"""Formats answers and passages as Telegram messages: sentences with linked numbers, then the sources."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain

from telegram.constants import MessageEntityType as Kind

from coopbot.ask.answer.answerer import SearchResult
from coopbot.ask.answer.deep_links import deep_link
from coopbot.domain import Answer, Article, Citation, Disagreement, Hit, Language, Span
from coopbot.serve.messages import format_date, message, publisher_line
from coopbot.serve.notes import citation_note, claim_note
from coopbot.serve.telegram.parts import GAP, Block, Part, around, join, marked, pack

MAX_NEAREST = 3

# Precedes the query that a follow-up was searched as.
_SEARCHED = "🔎"
_DIFFER, _SILENT = "⚖️", "🤷"

# A text fragment in Cyrillic or Chinese takes up to nine characters a letter. Longer addresses are linked without it.
_MAX_URL_CHARS = 1000
# One line may contain several of these.
_MAX_SOURCE_URL_CHARS = 300


def answer_parts(answer: Answer, asked: str | None = None, heading: str = "") -> list[Part]:
    """The messages that show `answer`, in order: at least one, each within Telegram's limits.

    They begin with the `heading`, and with the query searched if it is not what was `asked`, as for a follow-up.
    """
    if answer.notice is not None:
        blocks = _listed(answer, message(answer.question_language).notices[answer.notice])
    else:
        blocks = _answered(answer) if answer.outcome == "answered" else _no_evidence(answer)
    return pack(chain(_opening(answer, asked, heading), blocks))


def context_parts(answer: Answer, heading: str) -> list[Part]:
    """Each quote within its passage."""
    blocks = (_in_passage(one, answer.question_language) for one in answer.citations)
    return pack(chain(_opening(answer, None, heading), blocks))


def passage_parts(found: SearchResult, hits: Sequence[Hit], language: Language, heading: str) -> list[Part]:
    """Passages of a search."""
    blocks = (_hit(number, hit, found.articles[hit.passage.article_id], language) for number, hit in enumerate(hits, 1))
    return pack(chain([marked(heading, Kind.BOLD)], blocks))


def article_line(article: Article, language: Language) -> Block:
    """The linked title of an article, with publisher and date below."""
    origin = (article.publisher, format_date(article.published, language))
    title = marked(article.title, *_linking(url := _web(article.url)), url=url or None)
    return join([title, Block(text=" · ".join(part for part in origin if part))], "\n")


def hit_link(hit: Hit, article: Article) -> str:
    """The most specific address of a passage, or ""."""
    return _web(deep_link(article.url, hit.passage.text)) or _web(article.url)


def _opening(answer: Answer, asked: str | None, heading: str) -> Iterator[Block]:
    if heading:
        yield marked(heading, Kind.BOLD)
    if asked not in (None, answer.searched_as):
        yield marked(f"{_SEARCHED} {answer.searched_as}", Kind.ITALIC)


def _listed(answer: Answer, line: str) -> Iterator[Block]:
    """A fixed line, in bold if articles follow, and the articles."""
    yield marked(line, Kind.BOLD) if answer.articles else Block(text=line)
    for article in answer.articles:
        yield article_line(article, answer.question_language)


def _answered(answer: Answer) -> Iterator[Block]:
    for claim in answer.claims:
        sentence = _trimmed(claim.text, answer.answer_within(claim))
        yield join([sentence, *_note(claim_note(answer, claim)), _numbers(answer, claim.citations)], " ")
    for disagreement in answer.disagreements:
        yield _differing(answer, disagreement)
    shown = {claim.text for claim in answer.claims}
    for article_id in dict.fromkeys(citation.article_id for citation in answer.citations):
        of_article = [citation for citation in answer.citations if citation.article_id == article_id]
        yield _source(of_article, answer.question_language, shown)


def _note(text: str) -> list[Block]:
    """The note on a quote's time."""
    return [marked(f"({text})", Kind.ITALIC)] if text else []


def _differing(answer: Answer, found: Disagreement) -> Block:
    """A heading, and a line for each citation. A single citation that reports both figures shows both."""
    language = answer.question_language
    sides = [one for number in found.citations for one in answer.citations if one.number == number]
    words = [_words(one) for one in sides] if len(sides) > 1 else [marked(found.about, Kind.BOLD)]
    lines = [
        join([Block(text="•"), figure, _numbers(answer, (one.number,)), _origin(one, language)], " ")
        for one, figure in zip(sides, words, strict=True)
    ]
    return join([marked(f"{_DIFFER} {message(language).sources_differ}", Kind.BOLD), *lines], "\n")


def _words(citation: Citation) -> Block:
    """The answering words of a citation, or the whole quote if none are marked."""
    span = citation.answer
    return marked((citation.quote if span is None else citation.quote[span.start_char : span.end_char]).strip(), Kind.BOLD)


def _no_evidence(answer: Answer) -> Iterator[Block]:
    texts = message(answer.question_language)
    yield marked(f"{_SILENT} {texts.no_evidence}", Kind.BOLD)
    nearest = answer.citations[:MAX_NEAREST]
    passages = (_with_passage(citation, answer.question_language) for citation in nearest)
    yield from _headed(Block(text=texts.nearest), passages)


def _numbers(answer: Answer, numbers: Iterable[int]) -> Block:
    """Such as [1][2], each linked to its sentence."""
    links = {citation.number: _link(citation) for citation in answer.citations}
    return join(
        [marked(f"[{number}]", *_linking(links.get(number, "")), url=links.get(number) or None) for number in numbers], ""
    )


def _headed(heading: Block, blocks: Iterable[Block]) -> Iterator[Block]:
    """`blocks` with `heading` as part of the first, so that no message ends with a heading; nothing if there is no block."""
    for index, block in enumerate(blocks):
        yield join([heading, block], GAP) if index == 0 else block


def _source(citations: Sequence[Citation], language: Language, shown: Collection[str]) -> Block:
    """An article in a quote that unfolds: numbers and title, who published it when, and what it says that is not `shown`."""
    first = citations[0]
    numbers = [Block(text=f"[{one.number}]") for one in citations[:-1]]
    lines = [join([*numbers, _reference(citations[-1])], ""), _origin(first, language)]
    lines += [
        join([_trimmed(one.quote, one.answer), *_note(citation_note(one, language))], " ")
        for one in citations
        if one.quote not in shown
    ]
    return around(Kind.EXPANDABLE_BLOCKQUOTE, join([line for line in lines if line.text], "\n"))


def _with_passage(citation: Citation, language: Language) -> Block:
    origin = join([_origin(citation, language), *_note(citation_note(citation, language))], " ")
    lines = [_reference(citation), origin, Block(text=citation.passage.strip())]
    return around(Kind.EXPANDABLE_BLOCKQUOTE, join([line for line in lines if line.text], "\n"))


def _in_passage(citation: Citation, language: Language) -> Block:
    """Where a passage is from, and the passage with the quote underlined."""
    passage = citation.passage.strip()
    start = passage.find(citation.quote.strip())
    before, quote = (passage, "") if start < 0 else (passage[:start], citation.quote.strip())
    after = passage[len(before) + len(quote) :]
    inside = join([Block(text=before), marked(quote, Kind.UNDERLINE), Block(text=after)], "")
    origin = join([_origin(citation, language), *_note(citation_note(citation, language))], " ")
    lines = [_reference(citation), origin, around(Kind.BLOCKQUOTE, inside)]
    return join([line for line in lines if line.text], "\n")


def _hit(number: int, hit: Hit, article: Article, language: Language) -> Block:
    url = hit_link(hit, article)
    title = join([Block(text=f"{number}. "), marked(article.title, *_linking(url), url=url or None)], "")
    origin = " · ".join(part for part in (article.publisher, format_date(article.published, language)) if part)
    lines = [title, Block(text=origin), Block(text=hit.passage.text.strip())]
    return around(Kind.EXPANDABLE_BLOCKQUOTE, join(lines, "\n"))


def _reference(citation: Citation) -> Block:
    title, url = citation.title.strip() or citation.article_id, _link(citation)
    return join([Block(text=f"[{citation.number}] "), marked(title, *_linking(url), url=url or None)], "")


def _origin(citation: Citation, language: Language) -> Block:
    """A line such as: Publisher · 10 May 2025. Publishers of a brief's sources are linked to these."""
    parts = (publisher_line(citation, language), format_date(citation.published, language))
    text = " · ".join(part for part in parts if part)
    links = {source.publisher: url for source in reversed(citation.sources) if (url := _web(source.url))}
    links = {name: url for name, url in links.items() if len(url) <= _MAX_SOURCE_URL_CHARS}
    at, pieces = len(citation.publisher), [Block(text=text[: len(citation.publisher)])]
    for source in citation.sources:
        found = text.find(source.publisher, at) if source.publisher in links else -1
        if found >= 0:
            pieces += [Block(text=text[at:found]), marked(source.publisher, Kind.TEXT_LINK, url=links.pop(source.publisher))]
            at = found + len(source.publisher)
    return join([*pieces, Block(text=text[at:])], "")


def _trimmed(text: str, answer: Span | None) -> Block:
    """The text stripped of white space, with the answering words in bold."""
    words = "" if answer is None else text[answer.start_char : answer.end_char]
    if answer is None or not words.strip():
        return Block(text=text.strip())
    start = answer.start_char + len(words) - len(words.lstrip())
    bold = marked(words.strip(), Kind.BOLD)
    before, after = text[:start].lstrip(), text[start + len(bold.text) :].rstrip()
    return join([Block(text=before), bold, Block(text=after)], "")


def _link(citation: Citation) -> str:
    """The most specific address of a citation, or ""."""
    return _web(citation.deep_link) or _web(citation.url)


def _web(url: str) -> str:
    """The address if it is a web address and short enough for Telegram, or ""."""
    return url if url.startswith(("https://", "http://")) and len(url) <= _MAX_URL_CHARS else ""


def _linking(url: str) -> tuple[Kind, ...]:
    return (Kind.TEXT_LINK,) if url else ()
