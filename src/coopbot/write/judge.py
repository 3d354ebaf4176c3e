"""The reader as a judge: it reads the question with a sentence and with its quotes, and must find the same answer in both."""

from __future__ import annotations

from collections.abc import Sequence

from coopbot.ask.reader import Reader, head_of
from coopbot.domain import Citation, Passage, Span
from coopbot.text.figures import find_figures, say_the_same
from coopbot.text.gazetteer import find_names
from coopbot.text.glossary import find_concepts
from coopbot.text.tokens import lexical_tokens

# How much less than a quote a sentence may be held for an answer: start and end together, in log odds. As for disagreements.
_MOST_BEHIND = 4.0


def reads_alike(question: str, sentence: str, quotes: Sequence[Citation], reader: Reader) -> bool:
    """Whether a sentence answers a question hardly less than one of its quotes, and with the same words, figures or names."""
    texts = [(_head(quotes[0]), sentence), *((_head(one), one.quote) for one in quotes)]
    (own, answer), *others = _read(question, texts, reader)
    return any(own >= theirs - _MOST_BEHIND and _is_same(answer, quoted) for theirs, quoted in others)


def _read(question: str, texts: Sequence[tuple[str, str]], reader: Reader) -> list[tuple[float, str]]:
    """How much each text answers, and with which words; it is read as one sentence."""
    read = reader.read(question, [(head, _passage(text)) for head, text in texts])
    spans = [one.answers[0] for one in read]
    return [
        (float(one.best[0]), text[span.start_char : span.end_char])
        for one, span, (_, text) in zip(read, spans, texts, strict=True)
    ]


def _passage(text: str) -> Passage:
    whole = Span(start_char=0, end_char=len(text))
    return Passage(
        passage_id="", article_id="", start_char=0, end_char=len(text), text=text, heading_path=(), sentences=(whole,)
    )


def _head(citation: Citation) -> str:
    return head_of(citation.title, citation.published)


def _is_same(answer: str, quoted: str) -> bool:
    if find_figures(answer) or find_figures(quoted):
        return say_the_same(answer, quoted)
    alike = (find_names, find_concepts, lambda text: frozenset(lexical_tokens(text)))
    return any(find(answer) & find(quoted) for find in alike)
