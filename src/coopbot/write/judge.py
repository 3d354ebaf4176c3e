"""Uses the reader to judge a sentence: it must find the same answer to the question in the sentence and in its quotes."""

from __future__ import annotations

from collections.abc import Sequence

from coopbot.ask.rank.reader import Reader, head_of
from coopbot.domain import Citation, Passage, Span
from coopbot.text.figures import figures_agree, find_figures
from coopbot.text.gazetteer import find_names
from coopbot.text.glossary import find_concepts
from coopbot.text.language import detect_language
from coopbot.text.tokens import lexical_tokens

# Maximum by which the log odds that a sentence answers (start plus end) may lie below a quote's; the same for disagreements.
_MOST_BEHIND = 4.0
# The least share of a quote's answering words that a sentence in the same language must have, besides all names and figures.
_LEAST_SHARE = 0.5


def reads_alike(question: str, sentence: str, quotes: Sequence[Citation], reader: Reader) -> bool:
    """Whether a sentence answers the question almost as well as one of its quotes, with the same answer."""
    heads = [head_of(one.title, one.published) for one in quotes]
    texts = [(heads[0], sentence), *zip(heads, (one.quote for one in quotes), strict=True)]
    read = reader.read(question, [(head, _passage(text)) for head, text in texts])
    spans = [one.answers[0] for one in read]
    (own, answer), *others = [
        (float(one.best[0]), span.of(text)) for one, span, (_, text) in zip(read, spans, texts, strict=True)
    ]
    return any(own >= theirs - _MOST_BEHIND and _is_same(answer, quoted, sentence) for theirs, quoted in others)


def _passage(text: str) -> Passage:
    whole = Span(start_char=0, end_char=len(text))
    return Passage(
        passage_id="", article_id="", start_char=0, end_char=len(text), text=text, heading_path=(), sentences=(whole,)
    )


def _is_same(answer: str, quoted: str, sentence: str) -> bool:
    """Whether `answer`, found in the sentence, is the same as `quoted`, found in its quote, and the sentence has all of it."""
    figures = find_figures(answer) or find_figures(quoted)
    if figures and not (figures_agree(answer, quoted) and figures_agree(quoted, answer)):
        return False
    names, concepts = find_names(quoted), find_concepts(quoted)
    # The words themselves suffice: what they mean may depend on those around them, as in "people crossed".
    if quoted not in sentence and not (names <= find_names(sentence) and concepts <= find_concepts(sentence)):
        return False
    across = detect_language(quoted) != detect_language(sentence)
    if across and (figures or names or concepts):
        return True
    words = set(lexical_tokens(quoted))
    return not words or len(words & set(lexical_tokens(sentence))) / len(words) >= _LEAST_SHARE
