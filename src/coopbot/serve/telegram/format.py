"""Formats answers and passages as Telegram messages: sentences with linked numbers, then the sources."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain

from telegram.constants import MessageEntityType as Kind

from coopbot.ask.answer.answerer import SearchResult
from coopbot.ask.answer.deep_links import deep_link
from coopbot.domain import Answer, Article, Citation, Disagreement, Hit, Language, Span
from coopbot.serve.messages import bracketed, format_date, message, publisher_line
from coopbot.serve.notes import citation_note, claim_note
from coopbot.serve.telegram.parts import GAP, Block, Part, around, join, marked, pack

_MAX_NEAREST = 3

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
    return _lines(_linked(article.title, article.url), _published(article.publisher, article, language))


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
        yield join(
            [_noted(sentence, claim_note(answer, claim), answer.question_language), _numbers(answer, claim.citations)], " "
        )
    for disagreement in answer.disagreements:
        yield _differing(answer, disagreement)
    shown = {claim.text for claim in answer.claims}
    for article_id in dict.fromkeys(citation.article_id for citation in answer.citations):
        of_article = [citation for citation in answer.citations if citation.article_id == article_id]
        yield _source(of_article, answer.question_language, shown)


def _noted(block: Block, note: str, language: Language) -> Block:
    """The block with a note on its time, if there is one."""
    text = bracketed(note, language)
    return join([block, marked(text.strip(), Kind.ITALIC)], " " if text.startswith(" ") else "") if note else block


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
    for index, citation in enumerate(answer.citations[:_MAX_NEAREST]):
        passage = _with_passage(citation, answer.question_language)
        # The heading is part of the first, so that no message ends with it.
        yield passage if index else join([Block(text=texts.nearest), passage], GAP)


def _numbers(answer: Answer, numbers: Iterable[int]) -> Block:
    """Such as [1][2], each linked to its sentence."""
    cited = {citation.number: citation for citation in answer.citations}
    addresses = {number: (cited[number].deep_link, cited[number].url) for number in numbers if number in cited}
    return join([_linked(f"[{number}]", *addresses.get(number, ())) for number in numbers], "")


def _source(citations: Sequence[Citation], language: Language, shown: Collection[str]) -> Block:
    """An article in a quote that unfolds: numbers and title, who published it when, and what it says that is not `shown`."""
    numbers = [Block(text=f"[{one.number}]") for one in citations[:-1]]
    title = join([*numbers, _reference(citations[-1])], "")
    new = [one for one in citations if one.quote not in shown]
    quotes = [_noted(_trimmed(one.quote, one.answer), citation_note(one, language), language) for one in new]
    return around(Kind.EXPANDABLE_BLOCKQUOTE, _lines(title, _origin(citations[0], language), *quotes))


def _with_passage(citation: Citation, language: Language) -> Block:
    passage = Block(text=citation.passage.strip())
    return around(Kind.EXPANDABLE_BLOCKQUOTE, _lines(*_head(citation, language), passage))


def _in_passage(citation: Citation, language: Language) -> Block:
    """Where a passage is from, and the passage with the quote underlined."""
    passage, quote = citation.passage.strip(), citation.quote.strip()
    before, quote, after = passage.partition(quote) if quote else (passage, "", "")
    return _lines(*_head(citation, language), around(Kind.BLOCKQUOTE, _marked_within(before, quote, after, Kind.UNDERLINE)))


def _hit(number: int, hit: Hit, article: Article, language: Language) -> Block:
    link = _linked(article.title, deep_link(article.url, hit.passage.text), article.url)
    origin = _published(article.publisher, article, language)
    lines = _lines(join([Block(text=f"{number}."), link], " "), origin, Block(text=hit.passage.text.strip()))
    return around(Kind.EXPANDABLE_BLOCKQUOTE, lines)


def _head(citation: Citation, language: Language) -> tuple[Block, Block]:
    """Number and title, and a line with who published it when."""
    return _reference(citation), _noted(_origin(citation, language), citation_note(citation, language), language)


def _reference(citation: Citation) -> Block:
    link = _linked(citation.title.strip() or citation.article_id, citation.deep_link, citation.url)
    return join([Block(text=f"[{citation.number}]"), link], " ")


def _origin(citation: Citation, language: Language) -> Block:
    """A line such as: Publisher · 10 May 2025. Publishers of a brief's sources are linked to these."""
    text = _published(publisher_line(citation, language), citation, language).text
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
    words = words.strip()
    return _marked_within(text[:start].lstrip(), words, text[start + len(words) :].rstrip(), Kind.BOLD)


def _marked_within(before: str, text: str, after: str, kind: Kind) -> Block:
    return join([Block(text=before), marked(text, kind), Block(text=after)], "")


def _published(publisher: str, article: Article | Citation, language: Language) -> Block:
    """Such as: Publisher · 10 May 2025."""
    return Block(text=" · ".join(filter(None, (publisher, format_date(article.published, language)))))


def _lines(*blocks: Block) -> Block:
    """Blocks on a line each, without those that are empty."""
    return join([block for block in blocks if block.text], "\n")


def _linked(text: str, *urls: str) -> Block:
    """The text, linked to the first of the addresses that Telegram accepts."""
    url = next(filter(None, map(_web, urls)), None)
    return marked(text, Kind.TEXT_LINK, url=url) if url else Block(text=text)


def _web(url: str) -> str:
    """The address if it is a web address and short enough for Telegram, or ""."""
    return url if url.startswith(("https://", "http://")) and len(url) <= _MAX_URL_CHARS else ""
