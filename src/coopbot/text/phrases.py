"""Tables of phrases, and the phrases of a table in a sequence of tokens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

Mention = tuple[tuple[str, ...], tuple[str, ...]]
"""The tokens of a phrase, and the ids of what it may mean."""


class Phrases:
    """A table of phrases. ids: what each phrase may mean, by its tokens."""

    def __init__(self, entries: Iterable[tuple[Sequence[str], str]]) -> None:
        """entries: the tokens of a phrase, and an id."""
        self.ids: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._longest: dict[str, int] = {}
        for phrase, id_ in entries:
            key = tuple(phrase)
            self.ids[key] = tuple(dict.fromkeys((*self.ids.get(key, ()), id_)))
            self._longest[key[0]] = max(self._longest.get(key[0], 0), len(key))

    def longest_at(self, tokens: Sequence[str], at: int) -> Mention | None:
        """The longest phrase that begins with the token at this place."""
        for length in range(self._longest.get(tokens[at], 0), 0, -1):
            phrase = tuple(tokens[at : at + length])
            if phrase in self.ids:
                return phrase, self.ids[phrase]
        return None

    def non_overlapping(self, tokens: Sequence[str]) -> Iterator[tuple[int, Mention]]:
        """Phrases with their places. Of overlapping ones the one that begins first counts, and of those the longest."""
        at = 0
        while at < len(tokens):
            found = self.longest_at(tokens, at)
            if found:
                yield at, found
            at += len(found[0]) if found else 1
