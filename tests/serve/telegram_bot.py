"""The bot as it runs, over HTTP against the Bot API server that checks what Telegram checks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from benchmarks.telegram.bot_api.server import BotApi
from benchmarks.telegram.bot_api.updates import TOKEN
from coopbot.ask.answer.answerer import SearchResult
from coopbot.ask.rank.retrieve import Watch
from coopbot.domain import Answer, Citation, Claim, Filters, Hit, LegScores, Passage, Span
from coopbot.index.build import build
from coopbot.index.live import LiveIndex
from coopbot.sections import BotSettings
from coopbot.serve.admission import Admission
from coopbot.serve.changes import Changes
from coopbot.serve.telegram.context import Backend
from coopbot.serve.telegram.pace import Quota
from coopbot.serve.telegram.receiving import Patience
from coopbot.serve.telegram.service import BotProcess, BotService
from coopbot.state import State
from coopbot.text.language import detect_language
from tests.fakes import BagOfWords, make_article

QUOTE = "🌉 The bridge opened on 10 June 2022."
PASSAGE = f"It took six years. {QUOTE} Lorries cross it."
ARTICLE = make_article(
    "en/bridge",
    PASSAGE,
    title="A bridge opens",
    publisher="Amur Herald",
    published=date(2022, 6, 10),
    url="https://herald.example/bridge",
)

# So that nothing waits where a test is not about waiting.
NO_LIMITS = Quota(chat_every_s=0.0, group_messages_per_minute=1000, all_per_second=1000)
QUICK = Patience(poll_s=5, retry_s=0.02, most_s=0.1, refusals=3, conflicts=3)


def make_answer(question: str, *, quote: str = QUOTE, **changes: Any) -> Answer:
    start = quote.find("10 June 2022")
    citation = Citation(
        number=1,
        article_id=ARTICLE.article_id,
        title=ARTICLE.title,
        authors=(),
        publisher=ARTICLE.publisher,
        published=ARTICLE.published,
        url=ARTICLE.url,
        language="en",
        sources=(),
        quote=quote,
        start_char=0,
        end_char=len(quote),
        passage=f"It took six years. {quote} Lorries cross it.",
        deep_link="https://herald.example/bridge#:~:text=The%20bridge",
        score=0.9,
        answer=Span(start_char=start, end_char=start + len("10 June 2022")) if start >= 0 else None,
    )
    answer = Answer(
        outcome="answered",
        question_language=detect_language(question),
        claims=(Claim(text=quote, citations=(1,)),),
        citations=(citation,),
        disagreements=(),
        confidence=0.9,
        searched_as=question,
        snapshot="s",
    )
    return replace(answer, **changes)


@dataclass(slots=True)
class Asking:
    """One question as it reached what answers."""

    question: str
    conversation_id: str | None
    filters: Filters | None
    client: str


@dataclass
class FakeAnswers:
    """Answers everything alike, or as `reply` says, and keeps what it was asked."""

    reply: Callable[[str], Answer] = make_answer
    asked: list[Asking] = field(default_factory=list)

    def ask(
        self,
        question: str,
        *,
        filters: Filters | None = None,
        conversation_id: str | None = None,
        client: str = "",
        watch: Watch,
    ) -> Answer:
        self.asked.append(Asking(question, conversation_id, filters, client))
        return self.reply(question)

    def find(self, question: str, *, watch: Watch) -> Answer:
        return self.reply(question)

    def search(self, question: str, *, top_k: int) -> SearchResult:
        texts = [f"{number}. Passage about {question}." for number in range(min(top_k, 3))]
        hits = [
            Hit(
                passage=Passage(
                    passage_id=f"p{number}",
                    article_id=ARTICLE.article_id,
                    start_char=0,
                    end_char=len(text),
                    text=text,
                    heading_path=(),
                    sentences=(),
                ),
                rank=number,
                score=1.0,
                legs=LegScores(),
            )
            for number, text in enumerate(texts, start=1)
        ]
        return SearchResult(hits=tuple(hits), articles={ARTICLE.article_id: ARTICLE}, snapshot="s", timings_ms={})

    @property
    def questions(self) -> list[str]:
        return [one.question for one in self.asked]


def make_index(folder: Path) -> LiveIndex:
    embedder = BagOfWords()
    build([ARTICLE], embedder, folder, model="bag of words", precision="f32")
    return LiveIndex(folder, embedder.fingerprint)


@dataclass
class Bot:
    """What a test says of the bot that it runs."""

    api: BotApi
    folder: Path
    answers: FakeAnswers = field(default_factory=FakeAnswers)
    settings: BotSettings = field(default_factory=lambda: BotSettings(rate=1000))
    quota: Quota = NO_LIMITS
    patience: Patience = QUICK
    changes: Changes | None = None
    admission: Admission = field(default_factory=Admission)
    shutdown_s: float = 20.0
    token: str = TOKEN

    def state(self) -> State:
        return State(self.folder / "state.sqlite")

    def service(self) -> BotService:
        index = make_index(self.folder / "index")
        place = {"token": SecretStr(self.token), "api_url": self.api.url}
        process = BotProcess(
            heartbeat=self.folder / "heartbeat",
            shutdown_s=self.shutdown_s,
            quota=self.quota,
            patience=self.patience,
            lease_s=1.0,
        )
        backend = Backend(answerer=self.answers, index=index, admission=self.admission, changes=self.changes)
        return BotService(backend, self.settings.model_copy(update=place), process, self.state())

    def run(self, scenario: Callable[[], object], *, refused: int = 0) -> None:
        """Run the bot while `scenario` runs, then stop it, which waits for the answers it has begun."""
        service = self.service()

        async def main() -> None:
            bot = asyncio.create_task(service.run())
            acting = asyncio.create_task(asyncio.to_thread(scenario))
            await asyncio.wait({bot, acting}, return_when=asyncio.FIRST_COMPLETED)
            service.stop()
            await bot
            await acting

        asyncio.run(main())
        assert len(self.api.refused) == refused, self.api.refused
