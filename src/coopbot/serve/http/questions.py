"""Answers questions that arrive over HTTP, for the JSON, event and page routes."""

from __future__ import annotations

from coopbot.ask.answer.answerer import Answerer
from coopbot.ask.rank.retrieve import Watch
from coopbot.ask.understand.conversations import new_conversation_id
from coopbot.serve.http.health import Health
from coopbot.serve.requests import AskIn, SearchIn
from coopbot.serve.wire import AnswerOut, SearchOut, answer_out, search_out


class Questions:
    """Answers questions, and reports failures to `health`."""

    def __init__(self, answerer: Answerer, health: Health) -> None:
        self._answerer = answerer
        self._health = health

    def answer(self, body: AskIn, client: str, watch: Watch = lambda _: None) -> AnswerOut:
        """The answer to a question of `client`, in the conversation it names, or else a new one."""
        conversation_id = body.conversation_id or new_conversation_id()
        with self._health.watched():
            answer = self._answerer.ask(
                body.question,
                filters=body.filters.to_filters(),
                max_citations=body.max_citations,
                conversation_id=conversation_id,
                client=client,
                watch=watch,
            )
        return answer_out(answer, conversation_id)

    def search(self, query: SearchIn) -> SearchOut:
        """The nearest passages."""
        with self._health.watched():
            return search_out(self._answerer.search(query.q, top_k=query.top_k, filters=query.to_filters()))
