"""The bot's own fixed texts, from `serve/texts/*/bot.json`; those shared with HTTP and MCP are in `serve.messages`."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from coopbot.domain import InterfaceLanguage, Language
from coopbot.records import from_json
from coopbot.serve.messages import text_file


@dataclass(frozen=True, slots=True, kw_only=True)
class BotTexts:
    """Every text in one language. `{}` marks where a value goes."""

    # The language itself.
    name: str
    sent_again: str
    slow_down: str
    private_bot: str
    commands: dict[str, str]
    # What buttons say when pressed; their own texts are in buttons.json.
    too_old: str
    nothing_more: str
    thanks: str
    found: str
    nothing_found: str
    # Commands.
    ask_what: str
    sources_heading: str
    sources_counts: dict[Language, str]
    sources_dates: str
    sources_publishers: str
    newest_heading: dict[Language, str]
    choose_language: str
    language_chosen: str
    language_auto: str
    subscribe_how: str
    # What people write for "daily" and "weekly"; and subjects on offer, each with terms of which an article has one. The
    # languages have the same subjects in the same order.
    often: dict[Literal["daily", "weekly"], tuple[str, ...]]
    subjects: dict[str, tuple[str, ...]]
    subscribed_daily: str
    subscribed_weekly: str
    about_subject: str
    unsubscribed: str
    not_subscribed: str
    digest: str
    digest_more: str
    about: str
    forgotten: str
    # What was deleted, by the name of what was stored.
    stored: dict[str, str]
    nothing_to_forget: str
    inline_ask: str
    # In reply to messages without words: what cannot be done, then what can.
    cannot_listen: str
    cannot_see: str
    cannot_read: str
    instead: str
    # For admins.
    admin_only: str
    add_what: str
    add_hint: str
    adding: str
    indexing: str
    added: str
    known_already: str
    job_failed: str
    rebuilding: str
    rebuilt: str
    changes_off: str
    # Labels of buttons, where buttons.json has none in this language.
    buttons: dict[str, str] = field(default_factory=dict)


@lru_cache
def bot_texts(language: InterfaceLanguage) -> BotTexts:
    """The fixed texts in `language`."""
    return from_json(BotTexts, text_file(language, "bot"))
