"""Answers in any chat: `@bot question` offers the cited answer and passages, also to people who never started the bot."""

from __future__ import annotations

from contextlib import suppress

from telegram import (
    InlineQuery,
    InlineQueryResultArticle,
    InlineQueryResultsButton,
    InputTextMessageContent,
    LinkPreviewOptions,
)
from telegram.error import BadRequest

from coopbot.ask.answer.answerer import SearchResult
from coopbot.domain import Answer
from coopbot.serve.answer_text import answer_lines
from coopbot.serve.messages import format_date, language_of_locale
from coopbot.serve.telegram.format import answer_parts, passage_parts
from coopbot.serve.telegram.inbox import Waiting
from coopbot.serve.telegram.kit import Kit
from coopbot.serve.telegram.parts import Part
from coopbot.serve.telegram.texts import bot_texts

_PASSAGES = 5
# Telegram gives the same results to the same words for so long, without asking.
_CACHED_S = 300
# Words are sent while they are typed: a letter or two ask nothing.
_LEAST_CHARS = 3
_TITLE_CHARS, _DESCRIPTION_CHARS = 80, 160


async def handle_inline(kit: Kit, waiting: Waiting, query: InlineQuery) -> None:
    """Offer results. Nobody waits for those of a query that has been typed on, so it is left."""
    if not kit.inbox.is_followed(waiting):
        # Telegram waits only some seconds for results; too late, there is nobody left to give them to.
        with suppress(BadRequest):
            await _offer(kit, query)
    kit.finish(waiting)


async def _offer(kit: Kit, query: InlineQuery) -> None:
    private = bool(kit.rules.allowed)
    asked = query.query.strip()
    language = kit.people.language(query.from_user.id) or language_of_locale(query.from_user.language_code)
    if len(asked) < _LEAST_CHARS or (private and query.from_user.id not in kit.rules.allowed | kit.rules.admins):
        button = InlineQueryResultsButton(bot_texts(language).inline_ask, start_parameter="inline")
        await query.answer([], cache_time=0, is_personal=private, button=button)
        return
    answer = await kit.in_thread(kit.library.answers.ask, asked)
    found = await kit.in_thread(kit.library.answers.search, asked, top_k=_PASSAGES)
    await query.answer([_answer(answer), *_passages(found, answer)], cache_time=_CACHED_S, is_personal=private)


def _answer(answer: Answer) -> InlineQueryResultArticle:
    """The answer with its question, as one message: what does not fit into one is left to the bot's own chat."""
    first = answer.claims[0].text if answer.claims else answer_lines(answer)[0]
    origin = answer.citations[0] if answer.claims else None
    described = f"{origin.title} · {format_date(origin.published, answer.question_language)}" if origin else ""
    return _article("answer", first, described, answer_parts(answer, asked="")[0])


def _passages(found: SearchResult, answer: Answer) -> list[InlineQueryResultArticle]:
    results = []
    for number, hit in enumerate(found.hits[:_PASSAGES], start=1):
        article = found.articles[hit.passage.article_id]
        (part, *_) = passage_parts(found, [hit], answer.question_language, f"🔎 {answer.searched_as}")
        results.append(_article(f"passage{number}", article.title, hit.passage.text, part))
    return results


def _article(name: str, title: str, description: str, part: Part) -> InlineQueryResultArticle:
    content = InputTextMessageContent(
        part.text, entities=part.entities, link_preview_options=LinkPreviewOptions(is_disabled=True)
    )
    return InlineQueryResultArticle(
        name, _shortened(title, _TITLE_CHARS), content, description=_shortened(description, _DESCRIPTION_CHARS)
    )


def _shortened(text: str, chars: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= chars else line[: chars - 1].rstrip() + "…"
