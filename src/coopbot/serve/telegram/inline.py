"""Inline queries: `@bot question` in any chat offers the cited answer and passages."""

from __future__ import annotations

from contextlib import suppress

from telegram import InlineQuery, InlineQueryResultArticle, InlineQueryResultsButton, InputTextMessageContent
from telegram.error import BadRequest

from coopbot.serve import view
from coopbot.serve.telegram.context import BotContext
from coopbot.serve.telegram.format import answer_parts
from coopbot.serve.telegram.inbox import Waiting
from coopbot.serve.telegram.outgoing import NO_PREVIEW
from coopbot.serve.telegram.parts import Part
from coopbot.serve.telegram.passages import passage_parts
from coopbot.serve.telegram.texts import bot_texts

_PASSAGES = 5
# How long Telegram may reuse the results for the same query.
_CACHED_S = 300
# Queries are sent while they are typed; shorter ones are not answered.
_LEAST_CHARS = 3
_TITLE_CHARS, _DESCRIPTION_CHARS = 80, 160


async def handle_inline(context: BotContext, waiting: Waiting, query: InlineQuery) -> None:
    """Offer results, unless the user has typed on and a newer query waits."""
    if not context.inbox.is_followed(waiting):
        # Telegram accepts results only for some seconds.
        with suppress(BadRequest):
            await _offer(context, query)
    context.finish(waiting)


async def _offer(context: BotContext, query: InlineQuery) -> None:
    private = bool(context.settings.allowed)
    asked = query.query.strip()
    language = context.language_of(query.from_user)
    if len(asked) < _LEAST_CHARS or (private and query.from_user.id not in context.settings.allowed | context.settings.admins):
        button = InlineQueryResultsButton(bot_texts(language).inline_ask, start_parameter="inline")
        await query.answer([], cache_time=0, is_personal=private, button=button)
        return
    client = f"tg{query.from_user.id}"
    answer = await context.ask(client, lambda watch: context.backend.answerer.ask(asked, watch=watch), key=("inline", asked))
    found = await context.search(client, asked, _PASSAGES)
    results = []
    for number, hit in enumerate(found.hits, start=1):
        article = found.articles[hit.passage.article_id]
        (part, *_) = passage_parts(found, [hit], answer.question_language, f"🔎 {answer.searched_as}")
        results.append(_article(f"passage{number}", article.title, hit.passage.text, part))
    title = described = ""
    for block in reversed(view.answer_view(answer)):
        match block:
            case view.SourcesBlock():
                described = f"{block.articles[0].title} · {block.articles[0].line}"
            case view.QuoteBlock():
                title = block.words.under + block.words.text
            case view.LeadBlock():
                title = title or block.text
    await query.answer(
        [_article("answer", title, described, answer_parts(answer, asked="")[0]), *results],
        cache_time=_CACHED_S,
        is_personal=private,
    )


def _article(name: str, title: str, description: str, part: Part) -> InlineQueryResultArticle:
    content = InputTextMessageContent(part.text, entities=part.entities, link_preview_options=NO_PREVIEW)
    return InlineQueryResultArticle(
        name, _shortened(title, _TITLE_CHARS), content, description=_shortened(description, _DESCRIPTION_CHARS)
    )


def _shortened(text: str, chars: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= chars else line[: chars - 1].rstrip() + "…"
