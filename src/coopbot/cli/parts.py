"""Opens the parts that commands need, with progress on stderr."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coopbot.cli.console import steps
from coopbot.settings import Settings, load_settings

if TYPE_CHECKING:
    from coopbot.ask.understand.conversations import Conversations
    from coopbot.index.model.encoder import Encoder
    from coopbot.wiring import OnAnswer, Service


def service(
    settings: Settings | None = None, *, on_answer: OnAnswer | None = None, conversations: Conversations | None = None
) -> Service:
    """Open models and index; arguments as in `open_service`."""
    from coopbot.wiring import open_service

    with steps() as on_step:
        return open_service(settings or load_settings(), on_step, on_answer=on_answer, conversations=conversations)


def embedder(settings: Settings) -> Encoder:
    """Open the embedding model."""
    from coopbot.wiring import open_embedder

    with steps() as on_step:
        return open_embedder(settings, on_step)
