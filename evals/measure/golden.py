"""The golden questions: read, asked once each, and judged against what they accept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, Literal, Protocol, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from coopbot.ask.answer.answerer import MAX_HITS, SearchResult
from coopbot.ask.answer.plain import DEFAULT_CITATIONS
from coopbot.domain import LANGUAGES, Answer, Article, Citation, Filters, Language, Outcome, Span
from coopbot.errors import IndexMissing, Unreadable
from coopbot.index.model.embedder import Progress
from evals.measure.facts import Accepted, Quoted, articles_stating, is_right, quoted, sentences_by_fact

Split = Literal["dev", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)

SharedKind = Literal[
    "number",
    "date",
    "who",
    "where",
    "list",
    "explain",
    "practical",
    "rules",
    "claim",
    "latest",
    "compare",
    "keyword",
    "two-part",
    "summary",
    "source",
    "follow-up",
    "conflict",
    "unanswerable",
    "small-talk",
]
"""The kinds of question that all files have."""
Grade = Literal["answered", "possible", "no_evidence"]
Kind = Literal[SharedKind, "cross-language", "false-premise"]
KINDS: tuple[Kind, ...] = get_args(Kind)

M = TypeVar("M", bound=BaseModel)
Q = TypeVar("Q", bound="AskedQuestion")
Q_co = TypeVar("Q_co", bound="AskedQuestion", covariant=True)

# Kinds that a right quote answers.
PLAIN: frozenset[Kind] = frozenset(KINDS) - {"conflict", "false-premise", "unanswerable", "small-talk"}

# Those of them that say what is asked for, in any file.
PLAIN_SHARED = tuple(kind for kind in get_args(SharedKind) if kind in PLAIN and kind != "follow-up")


class AskedQuestion(BaseModel):
    """The fields that all files of questions share; evals/README.md describes them.

    articles: those that have the answer; where facts are accepted, filled in by `located`. answers: if left out, all parts, or
    all sides. after: the question before, for a follow-up. conflict: for each side of a disagreement, what shows it. fact: the
    same for questions that ask for the same fact, which is filled in on reading: they accept something in common.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    language: Language
    kind: str
    question: str
    articles: tuple[str, ...] = ()
    answers: tuple[Accepted, ...] = ()
    after: str = ""
    conflict: tuple[tuple[Accepted, ...], ...] = ()
    parts: tuple[tuple[Accepted, ...], ...] = ()
    says_unknown: tuple[Accepted, ...] = ()
    fact: str = ""

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, row: dict[str, Any]) -> dict[str, Any]:
        several = row.get("parts") or row.get("conflict") or ()
        return row if row.get("answers") else {**row, "answers": [one for part in several for one in part]}

    @property
    def pair(self) -> Literal["same", "across"]:
        """Whether an article in the question's own language holds the answer, or only others do."""
        return "same" if self.articles_in(self.language) else "across"

    def articles_in(self, language: Language) -> frozenset[str]:
        """The listed articles in one language."""
        return frozenset(article_id for article_id in self.articles if article_id.startswith(f"{language}/"))


class GoldenQuestion(AskedQuestion):
    """One line of `evals/questions.jsonl`."""

    split: Split
    topic: str
    kind: Kind


@dataclass(frozen=True, kw_only=True)
class Reply(Generic[Q_co]):
    """The verdict on the answer to a question.

    first, any: whether the first quote, or one of all, holds an accepted answer, be they given as an answer or only offered;
    of a question in parts, only if each part is among the quotes. own_language: whether the first quote is in the question's.
    admits: whether a quote is a sentence by which an article says that it does not know.
    exact: how many of the `citations` stand in their article where they say.
    disputed: whether the answer reports a disagreement; sides: how many of the question's sides the best such report quotes.
    ranked: by language of its listed articles, the ids of the articles found, best first; empty if it was not searched for.
    """

    question: Q_co
    outcome: Outcome
    confidence: float
    first: bool
    any: bool
    citations: int
    exact: int
    own_language: bool = False
    admits: bool = False
    disputed: bool = False
    sides: int = 0
    ranked: Mapping[Language, tuple[str, ...]] = field(default_factory=dict)

    @property
    def grade(self) -> Grade:
        """How far the answer is trusted; what is neither likely nor possible has no evidence."""
        return self.outcome if self.outcome in ("answered", "possible") else "no_evidence"

    @property
    def shown(self) -> bool:
        """Whether it got an answer, be it likely or possible."""
        return self.grade != "no_evidence"

    @property
    def found(self) -> bool:
        """Whether it got an answer, with an accepted one in the first quote."""
        return self.shown and self.first

    @property
    def declined(self) -> bool:
        """Whether it was refused, or answered with the sentence that says that the sources do not know."""
        return not self.shown or self.admits

    @property
    def right(self) -> bool:
        """Whether it got what its kind asks for: an answer, both sides, a correction, none, or to small talk no passages."""
        match self.question.kind:
            case "conflict":
                return self.sides >= 2
            case "false-premise" | "unanswerable":
                return self.declined or self.any
            case "small-talk":
                return self.citations == 0
            case _:
                return self.found


Judged = Reply[GoldenQuestion]


class QuestionAnswerer(Protocol):
    """What is measured. `ask.answerer.Answerer` keeps this contract."""

    def ask(
        self,
        question: str,
        *,
        filters: Filters | None = None,
        max_citations: int = DEFAULT_CITATIONS,
        conversation_id: str | None = None,
    ) -> Answer:
        """See `Answerer`."""

    def search(self, question: str, *, top_k: int = 10, filters: Filters | None = None) -> SearchResult:
        """See `Answerer`."""


def load_questions(path: Path) -> list[GoldenQuestion]:
    """The golden questions of a JSONL file. Raises Unreadable."""
    return read_questions(path, GoldenQuestion, option="--questions")


def read_questions(path: Path, form: type[Q], *, option: str) -> list[Q]:
    """The questions of a JSONL file, one per line. option: names the file on the command line. Raises Unreadable."""
    return _with_facts(read_rows(path, form, option=option))


def read_rows(path: Path, form: type[M], *, option: str) -> list[M]:
    """The records of a JSONL file, one per line. option: names the file on the command line. Raises Unreadable."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [form.model_validate_json(line) for line in lines if line.strip()]
    except OSError as exc:
        raise Unreadable(str(path), f"{exc.strerror}; name a file of questions with {option}") from exc
    except ValidationError as exc:
        problem = exc.errors(include_url=False)[0]
        raise Unreadable(str(path), f"not a question: {problem['msg']} ({problem['loc']}); see evals/README.md") from exc


def _with_facts(questions: Sequence[Q]) -> list[Q]:
    """The questions with `fact` filled in: the id of the first question that accepts something that it accepts, or itself."""
    facts: dict[str, str] = {}
    for question in questions:
        keys = keys_of(question)
        shared = {facts[key] for key in keys if key in facts}
        fact = min(shared, default=question.id)
        if len(shared) > 1:
            facts |= {key: fact for key, other in facts.items() if other in shared}
        facts |= dict.fromkeys(keys, fact)
    return [
        question.model_copy(update={"fact": next((facts[key] for key in keys_of(question)), question.id)})
        for question in questions
    ]


def keys_of(question: AskedQuestion) -> list[str]:
    """The same for what two questions accept alike, those that show a side included."""
    sides = (one for side in question.conflict for one in side)
    return list(dict.fromkeys(key for one in (*question.answers, *sides) for key in one.identities()))


def ask_all(
    questions: Sequence[Q],
    answerer: QuestionAnswerer,
    articles: Mapping[str, Article],
    progress: Progress = lambda done, total: None,
    *,
    search: bool = False,
) -> list[Reply[Q]]:
    """Ask each once; with `search`, find its articles too. articles: all of the index. Raises IndexMissing, see `located`."""
    return [judge(question, answerer, articles, search=search) for question in in_turn(questions, articles, progress)]


def in_turn(questions: Sequence[Q], articles: Mapping[str, Article], progress: Progress) -> Iterator[Q]:
    """Each question, located, and progress after each. Raises IndexMissing as `located` does."""
    found = located(questions, articles)
    progress(0, len(found))
    for done, question in enumerate(found, start=1):
        yield question
        progress(done, len(found))


def located(questions: Sequence[Q], articles: Mapping[str, Article]) -> list[Q]:
    """The questions with the articles that have their answers.

    Raises IndexMissing if a listed article is not among these, or none has a fact that is asked for.
    """
    by_fact = sentences_by_fact(articles.values())
    found = []
    for question in questions:
        stating = articles_stating(question.answers, by_fact)
        if any(one.facts for one in question.answers) and not stating:
            raise IndexMissing(f"no article of the index answers question {question.id}; run coopbot index on its corpus")
        if missing := sorted(set(question.articles) - articles.keys()):
            raise IndexMissing(f"the questions are about {missing[0]}, which the index lacks; run coopbot index on its corpus")
        ids = tuple(dict.fromkeys([*question.articles, *stating]))
        found.append(question.model_copy(update={"articles": ids}))
    return found


def judge(question: Q, answerer: QuestionAnswerer, articles: Mapping[str, Article], *, search: bool) -> Reply[Q]:
    """Ask one question, after `question.after` if it is a follow-up, and judge the answer."""
    conversation = f"eval-{question.id}" if question.after else None
    if question.after:
        answerer.ask(question.after, conversation_id=conversation)
    answer = answerer.ask(question.question, conversation_id=conversation)
    reply = judge_answer(question, answer, articles)
    if not search:
        return reply
    # A follow-up alone says too little to search with, so the query that it was understood as is used.
    searched = answer.searched_as if question.after else question.question
    found = {
        language: answerer.search(searched, top_k=MAX_HITS, filters=Filters(languages=(language,))).hits
        for language in LANGUAGES
        if question.articles_in(language)
    }
    ranked = {language: tuple(dict.fromkeys(hit.passage.article_id for hit in hits)) for language, hits in found.items()}
    return replace(reply, ranked=ranked)


def judge_answer(question: Q, answer: Answer, articles: Mapping[str, Article]) -> Reply[Q]:
    """Compare the quotes of an answer with what its question accepts."""
    quotes = [quote_of(citation, articles) for citation in answer.citations]
    # Each part of a question may be answered by another quote.
    is_whole = all(any(is_right(quote, part) for quote in quotes) for part in question.parts)
    found = [is_whole and is_right(quote, question.answers) for quote in quotes]
    return Reply(
        question=question,
        outcome=answer.outcome,
        confidence=answer.confidence,
        first=found[:1] == [True],
        any=any(found),
        citations=len(answer.citations),
        exact=sum(_is_exact(citation, articles) for citation in answer.citations),
        own_language=any(citation.language == question.language for citation in answer.citations[:1]),
        admits=any(is_right(quote, question.says_unknown) for quote in quotes),
        disputed=bool(answer.disagreements),
        sides=_sides(question, answer, articles),
    )


def quote_of(citation: Citation, articles: Mapping[str, Article]) -> Quoted:
    """The quote, with the labels of what stands at its place."""
    if citation.article_id not in articles:
        return Quoted(citation.quote)
    found = quoted(articles[citation.article_id], Span(start_char=citation.start_char, end_char=citation.end_char))
    return replace(found, text=citation.quote)


def _sides(question: AskedQuestion, answer: Answer, articles: Mapping[str, Article]) -> int:
    quotes = {citation.number: quote_of(citation, articles) for citation in answer.citations}
    reported = [[quotes[number] for number in disagreement.citations] for disagreement in answer.disagreements]
    return max(
        (sum(any(is_right(quote, side) for quote in report) for side in question.conflict) for report in reported), default=0
    )


def _is_exact(citation: Citation, articles: Mapping[str, Article]) -> bool:
    source = articles.get(citation.article_id)
    return source is not None and source.text[citation.start_char : citation.end_char] == citation.quote
