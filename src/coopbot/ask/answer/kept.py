"""What keeps work from being done twice: passages read for one question, and answers for the next who ask the same."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from threading import Lock

from coopbot.ask.rank.reader import Reader, ReadPassage
from coopbot.ask.rank.retrieve import FIRST_READ, Progress, Watch
from coopbot.domain import Answer, Citation, Passage

Answered = tuple[Answer, tuple[Citation, ...]]


class KeptAnswers:
    """The answers asked for last, by all that they depend on. Safe to share between threads."""

    def __init__(self, most: int) -> None:
        """most: how many; with 0 none are kept."""
        self._most = most
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, Answered] = OrderedDict()

    def get(self, key: Hashable) -> Answered | None:
        """The answer, which is now the latest."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def keep(self, key: Hashable, answered: Answered) -> None:
        """Keep an answer; the one not asked for longest goes if there are too many."""
        with self._lock:
            self._kept[key] = answered
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


class ReadOnce:
    """A `Reader` for one question, which may be answered in one form, and where that finds nothing in another: it reads no
    passage twice, and a few at a time, since others may wait.
    """

    def __init__(self, reader: Reader, watch: Watch = lambda _: None) -> None:
        """watch: called between readings; what it raises ends the question."""
        self._reader = reader
        self._watch = watch
        self._read: dict[tuple[str, str, str], ReadPassage] = {}

    @property
    def fingerprint(self) -> str:
        """See `Reader`."""
        return self._reader.fingerprint

    def read(self, question: str, passages: Sequence[tuple[str, Passage]]) -> list[ReadPassage]:
        """See `Reader`."""
        keys = [(question, head, passage.passage_id) for head, passage in passages]
        unread = {key: one for key, one in zip(keys, passages, strict=True) if key not in self._read}
        for first in range(0, len(unread), FIRST_READ):
            some = dict(list(unread.items())[first : first + FIRST_READ])
            self._read |= zip(some, self._reader.read(question, list(some.values())), strict=True)
            self._watch(Progress(stage="read", passages=len({passage_id for *_, passage_id in self._read})))
        return [self._read[key] for key in keys]
