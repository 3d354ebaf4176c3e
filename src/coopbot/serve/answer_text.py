"""An answer as plain text, in the language of its question."""

from __future__ import annotations

from collections.abc import Sequence

from coopbot.domain import Answer, Article, Claim
from coopbot.serve.messages import bracketed, format_date, labelled, message
from coopbot.serve.notes import claim_note


def answer_text(answer: Answer) -> str:
    """The claims with citation numbers, then disagreements; or the fixed text for no evidence, small talk or articles."""
    return "\n".join(answer_lines(answer))


def answer_lines(answer: Answer) -> list[str]:
    """The lines of `answer_text`: first one for each claim, in order, which begins with the text of the claim."""
    texts = message(answer.question_language)
    if answer.outcome == "no_evidence":
        return [texts.no_evidence]
    if answer.notice is not None:
        return [texts.notices[answer.notice], *(_article_line(article, answer) for article in answer.articles)]
    lines = [_claim_line(claim, answer) for claim in answer.claims]
    differ = [labelled(texts.sources_differ, found.about, answer.question_language) for found in answer.disagreements]
    return lines + [line + _numbers(found.citations) for line, found in zip(differ, answer.disagreements, strict=True)]


def _article_line(article: Article, answer: Answer) -> str:
    language = answer.question_language
    origin = filter(None, (article.publisher, format_date(article.published, language)))
    return f"- {article.title}" + bracketed(message(language).punctuation.comma.join(origin), language)


def _claim_line(claim: Claim, answer: Answer) -> str:
    return claim.text + bracketed(claim_note(answer, claim), answer.question_language) + _numbers(claim.citations)


def _numbers(citations: Sequence[int]) -> str:
    return "".join(f" [{number}]" for number in citations)
