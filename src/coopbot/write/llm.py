"""Calls a language model over OpenAI's protocol, within limits of time and size.

Import it only if a model is configured: its libraries are optional, and slow to import.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from threading import BoundedSemaphore

import httpx2
import openai
import pybreaker
import structlog

from coopbot.sections import LlmServer
from coopbot.write.prompt import Prompt
from coopbot.write.writer import NoText

# More than any answer of a few sentences has; a longer text is cut.
_MOST_CHARS = 4000
# The most bytes read from the server for one answer.
_MOST_BYTES = 1_000_000
_RETRIES = 1
# After this many failures in a row, the model is not called for a while.
_FAILURES = 3
_LEAVE_ALONE_S = 30.0

log = structlog.get_logger()


class Llm:
    """Calls the model. Safe to share between threads; a call blocks for at most `timeout_s`."""

    def __init__(self, server: LlmServer, *, most_tokens: int = 400, temperature: float = 0.0) -> None:
        """most_tokens: the longest answer; more is cut off."""
        self._server, self._most_tokens, self._temperature = server, most_tokens, temperature
        self._tls = httpx2.create_ssl_context()
        self._slots = BoundedSemaphore(server.concurrency)
        self._breaker = pybreaker.CircuitBreaker(fail_max=_FAILURES, reset_timeout=_LEAVE_ALONE_S)

    @property
    def name(self) -> str:
        """The name of the model."""
        return self._server.model

    def complete(self, prompt: Prompt) -> str:
        """The model's answer to the prompt. Raises NoText."""
        if not self._slots.acquire(blocking=False):
            raise NoText("busy")
        started_s = time.monotonic()
        try:
            text: str = self._breaker.call(lambda: asyncio.run(self._within_time(prompt)))
            return text
        except pybreaker.CircuitBreakerError as exc:
            raise NoText("unavailable") from exc
        except Exception as exc:  # the library raises errors of any kind for malformed responses
            log.warning("llm_failed", error=type(exc).__name__, seconds=round(time.monotonic() - started_s, 1))
            raise NoText("unavailable") from exc
        finally:
            self._slots.release()

    async def _within_time(self, prompt: Prompt) -> str:
        async with asyncio.timeout(self._server.timeout_s):
            # No redirects: the server could send the question anywhere.
            connection = httpx2.AsyncClient(verify=self._tls, follow_redirects=False, event_hooks={"response": [_bound]})
            async with openai.AsyncOpenAI(
                base_url=self._server.base_url,
                api_key=self._server.api_key.get_secret_value() if self._server.api_key else "none",
                timeout=self._server.timeout_s,
                max_retries=_RETRIES,
                default_headers={"Accept-Encoding": "identity"},
                http_client=connection,
            ) as client:
                stream = await client.chat.completions.create(
                    model=self._server.model,
                    messages=[{"role": "system", "content": prompt.instructions}, {"role": "user", "content": prompt.request}],
                    temperature=self._temperature,
                    max_tokens=self._most_tokens,
                    stream=True,
                )
                text = ""
                async for chunk in stream:
                    text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
                    if len(text) > _MOST_CHARS:
                        break
            return text


class _Bounded(httpx2.AsyncByteStream):
    """A response body that raises an error beyond _MOST_BYTES."""

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
        raise httpx2.ReadError("the language model's answer is compressed, which was not requested")
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = _Bounded(response.stream)
