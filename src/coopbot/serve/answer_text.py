"""An answer as plain text, in the language of its question."""

from __future__ import annotations

from collections.abc import Sequence

from coopbot.domain import Answer, Article, Claim
from coopbot.serve.messages import format_date, message
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
    return lines + [f"{texts.sources_differ}: {found.about}{_numbers(found.citations)}" for found in answer.disagreements]


def _article_line(article: Article, answer: Answer) -> str:
    origin = (article.publisher, format_date(article.published, answer.question_language))
    return f"- {article.title} ({', '.join(filter(None, origin))})"


def _claim_line(claim: Claim, answer: Answer) -> str:
    note = claim_note(answer, claim)
    return claim.text + (f" ({note})" if note else "") + _numbers(claim.citations)


def _numbers(citations: Sequence[int]) -> str:
    return "".join(f" [{number}]" for number in citations)
