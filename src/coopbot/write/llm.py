"""A language model behind OpenAI's protocol, asked within limits: it may be down, slow, endless or lying.

To be imported only where a model is configured: its libraries are optional, and slow to import.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from threading import BoundedSemaphore

import httpx2
import openai
import pybreaker
import structlog

from coopbot.write.prompt import Prompt
from coopbot.write.writer import NoText

# More than an answer of some sentences has.
_MOST_CHARS = 4000
# All that is taken from the server for one answer, whatever it is.
_MOST_BYTES = 1_000_000
_RETRIES = 1
# After so many failures in a row the model is left alone for a while.
_FAILURES = 3
_LEAVE_ALONE_S = 30.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmCard:
    """Where the model is and how it is asked. timeout_s: for one answer, a second try included. concurrency: answers at
    once. most_tokens: of an answer; more is cut off. temperature: how freely it writes.
    """

    base_url: str
    model: str
    api_key: str = ""
    timeout_s: float = 20.0
    concurrency: int = 4
    most_tokens: int = 400
    temperature: float = 0.0


class Llm:
    """Asks the model. Safe to share between threads; each call holds its thread for `timeout_s` at most."""

    def __init__(self, card: LlmCard) -> None:
        self._card = card
        self._tls = httpx2.create_ssl_context()
        self._slots = BoundedSemaphore(card.concurrency)
        self._breaker = pybreaker.CircuitBreaker(fail_max=_FAILURES, reset_timeout=_LEAVE_ALONE_S)

    @property
    def name(self) -> str:
        """The model's."""
        return self._card.model

    def complete(self, prompt: Prompt) -> str:
        """What the model says to the prompt. Raises NoText."""
        if not self._slots.acquire(blocking=False):
            raise NoText("busy")
        started_s = time.monotonic()
        try:
            text: str = self._breaker.call(lambda: asyncio.run(self._within_time(prompt)))
            return text
        except pybreaker.CircuitBreakerError as exc:
            raise NoText("unavailable") from exc
        except Exception as exc:  # whatever was sent: the library takes it for what it should be, and stumbles anywhere
            log.warning("llm_failed", error=type(exc).__name__, seconds=round(time.monotonic() - started_s, 1))
            raise NoText("unavailable") from exc
        finally:
            self._slots.release()

    async def _within_time(self, prompt: Prompt) -> str:
        async with asyncio.timeout(self._card.timeout_s):
            return await self._asked(prompt)

    async def _asked(self, prompt: Prompt) -> str:
        # A server that could redirect us would have the question sent wherever it likes.
        connection = httpx2.AsyncClient(verify=self._tls, follow_redirects=False, event_hooks={"response": [_bound]})
        async with openai.AsyncOpenAI(
            base_url=self._card.base_url,
            api_key=self._card.api_key or "none",
            timeout=self._card.timeout_s,
            max_retries=_RETRIES,
            default_headers={"Accept-Encoding": "identity"},
            http_client=connection,
        ) as client:
            stream = await client.chat.completions.create(
                model=self._card.model,
                messages=[{"role": "system", "content": prompt.instructions}, {"role": "user", "content": prompt.request}],
                temperature=self._card.temperature,
                max_tokens=self._card.most_tokens,
                stream=True,
            )
            text = ""
            async for chunk in stream:
                text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
                if len(text) > _MOST_CHARS:
                    break
        return text


class _Bounded(httpx2.AsyncByteStream):
    """A body that ends with an error where it is larger than any that is of use."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left_bytes = _MOST_BYTES
        async for data in self._stream:
            left_bytes -= len(data)
            if left_bytes < 0:
                raise httpx2.ReadError("the language model's answer is too large")
            yield data

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _bound(response: httpx2.Response) -> None:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise httpx2.ReadError("the language model's answer is compressed, which it was not asked to be")
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = _Bounded(response.stream)
