"""Ten thousand updates of any content: see tests/serve/test_telegram_fuzz.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from benchmarks.telegram.bot_api.server import bot_api
from coopbot.serve.telegram.service import BackgroundBot
from tests.serve.telegram_bot import Bot
from tests.serve.telegram_updates import assert_all_are_dealt_with, updates

pytestmark = pytest.mark.soak


def test_ten_thousand_updates_of_any_content_are_dealt_with(tmp_path: Path) -> None:
    with bot_api() as api, BackgroundBot(Bot(api, tmp_path).service(), on_failure=lambda: None) as running:

        @given(batch=st.lists(updates(), min_size=50, max_size=50))
        @settings(
            max_examples=200, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
        )
        def deal_with(batch: list[Any]) -> None:
            assert_all_are_dealt_with(running, api, batch)

        deal_with()
