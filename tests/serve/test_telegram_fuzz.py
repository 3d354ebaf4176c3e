"""Whatever an update holds, it does not end the bot, and is dealt with once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from benchmarks.telegram.bot_api.server import BotApi
from coopbot.serve.telegram.service import BackgroundBot

from .telegram_bot import Bot
from .telegram_updates import assert_all_are_dealt_with, updates


@pytest.fixture
def running(bot: Bot) -> Iterator[BackgroundBot]:
    with BackgroundBot(bot.service(), on_failure=lambda: None) as running:
        yield running


@given(batch=st.lists(updates(), min_size=20, max_size=20))
# Not made smaller on failure: the bot keeps what earlier batches left.
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_updates_of_any_content_are_dealt_with(running: BackgroundBot, api: BotApi, batch: list[Any]) -> None:
    assert_all_are_dealt_with(running, api, batch)
