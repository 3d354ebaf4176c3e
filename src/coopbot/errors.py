"""Every error coopbot raises on purpose, one class for each thing the caller can do next.

CoopbotError
├── InvalidRequest    correct the request: `field` names what is wrong
├── NotFound          ask for something that exists
├── Unreadable        give another file: this one is damaged, empty, encrypted, too large or not text
├── Unreachable       try again later, or give the file itself: an address did not answer as it should
├── Forbidden         give the admin token
├── Duplicate         nothing to do: the article is there already
├── Misconfigured     fix the settings or the environment
├── IndexMissing      run `coopbot index`
├── IndexBroken       run `coopbot index` (what is on disk fails its checksums)
├── IndexMismatch     run `coopbot index` (built with another model or format)
├── ModelUnavailable  run `coopbot prepare`, or name another model
└── Busy              wait: another process is writing

The message of each ends with the step that fixes it. Library exceptions become one of these in the file that owns the library.
"""

from __future__ import annotations

from coopbot.escaping import escaped_line


class CoopbotError(Exception):
    """Base of all errors below; its text is meant for the user, and harmless to print whatever file names are in it."""

    def __init__(self, message: str = "") -> None:
        super().__init__(escaped_line(message))


class InvalidRequest(CoopbotError):
    """The request is wrong. `field` names the part to correct."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class NotFound(CoopbotError):
    """There is nothing with that name."""


class _SourceError(CoopbotError):
    """`source` names a file or an address; `reason` says what is wrong with it and what to do."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = escaped_line(source)
        self.reason = escaped_line(reason)


class Unreadable(_SourceError):
    """A source that gives no article."""


class Unreachable(_SourceError):
    """An address that did not answer as it should. `status` is that of the answer; 0 if there was none."""

    def __init__(self, source: str, reason: str, status: int = 0) -> None:
        super().__init__(source, reason)
        self.status = status


class Forbidden(CoopbotError):
    """The caller may not do this."""


class Duplicate(CoopbotError):
    """The same article is in the corpus already, as `article_id`."""

    def __init__(self, source: str, article_id: str) -> None:
        super().__init__(f"{source}: already in the corpus as {article_id}")
        self.source = source
        self.article_id = article_id


class Misconfigured(CoopbotError):
    """A setting, folder or port cannot be used as it is."""


class IndexMissing(CoopbotError):
    """There is no index yet."""


class IndexBroken(CoopbotError):
    """The index on disk is incomplete or damaged."""


class IndexMismatch(CoopbotError):
    """The index was built with another model or format than the one now in use."""


class ModelUnavailable(CoopbotError):
    """A model, for embedding or for reading, cannot be found, read or prepared."""


class Busy(CoopbotError):
    """Others are using what is needed. retry_after_s: when there is likely to be room again."""

    def __init__(self, message: str, retry_after_s: int = 5) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
