"""An `Answer` as Telegram messages: claims with their numbers, then each citation's quote and where it is from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from coopbot.domain import Answer, Citation, Language, Span
from coopbot.serve.messages import format_date, message, publisher_line
from coopbot.serve.telegram.parts import GAP, Block, Kind, Mark, Part, join, pack

MAX_NEAREST = 3

# Stands before what a follow-up was understood as.
_SEARCHED = "🔎"

# A text fragment in Cyrillic or Chinese takes up to nine characters a letter; beyond this the plain address is linked.
_MAX_URL_CHARS = 1000


def answer_parts(answer: Answer, asked: str | None = None) -> list[Part]:
    """The messages that show `answer`, in order: at least one, each within Telegram's limits, nothing left out.

    They begin with what was searched if that is not what was `asked`, as with a follow-up.
    """
    blocks = _answered(answer) if answer.outcome == "answered" else _no_evidence(answer)
    searched = [Block(text=f"{_SEARCHED} {answer.searched_as}")] if asked not in (None, answer.searched_as) else []
    return pack(chain(searched, blocks))


def text_parts(text: str) -> list[Part]:
    """Plain text as messages."""
    return pack([Block(text=text.strip())])


def _answered(answer: Answer) -> Iterator[Block]:
    texts = message(answer.question_language)
    for claim in answer.claims:
        said = _trimmed(claim.text, answer.answer_within(claim))
        yield Block(text=f"{said.text} {_numbers(claim.citations)}", marks=said.marks)
    for disagreement in answer.disagreements:
        yield Block(text=f"{texts.sources_differ}: {disagreement.about} {_numbers(disagreement.citations)}")
    quotes = (_cited(one, one.quote, answer.question_language, one.answer) for one in answer.citations)
    yield from _headed(Block(text=texts.sources, marks=_whole("bold", texts.sources)), quotes)


def _no_evidence(answer: Answer) -> Iterator[Block]:
    texts = message(answer.question_language)
    yield Block(text=texts.no_evidence)
    nearest = answer.citations[:MAX_NEAREST]
    passages = (_cited(citation, citation.passage, answer.question_language) for citation in nearest)
    yield from _headed(Block(text=texts.nearest), passages)


def _numbers(citations: tuple[int, ...]) -> str:
    return "".join(f"[{number}]" for number in citations)


def _headed(heading: Block, blocks: Iterable[Block]) -> Iterator[Block]:
    """`blocks` with `heading` as part of the first, so that no message ends with a heading; no block, no heading."""
    for index, block in enumerate(blocks):
        yield join([heading, block], GAP) if index == 0 else block


def _cited(citation: Citation, quote: str, language: Language, answer: Span | None = None) -> Block:
    """The quote, the words that answer in bold, and below it a line such as: [1] Title · Publisher · 10 May 2025."""
    title = citation.title.strip() or citation.article_id
    origin = (publisher_line(citation, language), format_date(citation.published, language))
    url = _link(citation)
    reference = [
        Block(text=f"[{citation.number}] "),
        Block(text=title, marks=_whole("text_link", title, url) if url else ()),
        Block(text="".join(f" · {part}" for part in origin if part)),
    ]
    said = _trimmed(quote, answer)
    quoted = Block(text=said.text, marks=(*_whole("expandable_blockquote", said.text), *said.marks))
    return join([quoted, join(reference, "")], "\n")


def _trimmed(text: str, answer: Span | None) -> Block:
    """A text without white space around it, the words that answer in bold, likewise."""
    if answer is None:
        return Block(text=text.strip())
    lead = len(text) - len(text.lstrip())
    words = text[answer.start_char : answer.end_char]
    start = answer.start_char - lead + len(words) - len(words.lstrip())
    mark = Mark(kind="bold", start_char=start, end_char=start + len(words.strip()))
    return Block(text=text.strip(), marks=(mark,) if words.strip() else ())


def _link(citation: Citation) -> str:
    """The address that leads closest to the quote, or "": Telegram takes web addresses only."""
    for url in (citation.deep_link, citation.url):
        if url.startswith(("https://", "http://")) and len(url) <= _MAX_URL_CHARS:
            return url
    return ""


def _whole(kind: Kind, text: str, url: str = "") -> tuple[Mark, ...]:
    return (Mark(kind=kind, start_char=0, end_char=len(text), url=url),)
