"""Publishers and their names in three languages, from `publishers.tsv`, found by any of their spellings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

from coopbot.domain import LANGUAGES, InterfaceLanguage, Language, Source
from coopbot.text.words import file_text

Kind = Literal[
    "agency", "newspaper", "broadcaster", "magazine", "portal", "ministry", "government", "company", "institution", "blog",
    "aggregator", "mirror", "brief",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)

_SIGNS = re.compile(r"[^\w+]+|_+")
_NONE = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """A publisher. site: the host of its own pages, or "". spellings: all names by which it is known, as written."""

    kind: Kind
    site: str
    names: Mapping[InterfaceLanguage, str]
    spellings: frozenset[str]


@cache
def all_publishers() -> tuple[Publisher, ...]:
    """The table, in its order."""
    text = file_text("publishers.tsv")
    publishers: list[Publisher] = []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        kind, site, english, chinese, russian, others = line.split("\t")
        if kind not in KINDS:
            raise ValueError(f"no kind of publisher: {line}")
        names: dict[InterfaceLanguage, str] = dict(
            zip(LANGUAGES, (name if name != _NONE else english for name in (english, chinese, russian)), strict=True)
        )
        spellings = frozenset({*names.values(), *(others.split("|") if others != _NONE else ())})
        publishers.append(Publisher(kind=kind, site=site if site != _NONE else "", names=names, spellings=spellings))
    return tuple(publishers)


def find_publisher(label: str) -> Publisher | None:
    """The publisher that is written like this, in any letter case and with any signs."""
    return _by_key().get(_key(label))


def publisher_name(label: str, language: InterfaceLanguage) -> str:
    """The name of a publisher in a language, in English if the table lacks that; the label itself if it is unknown."""
    known = find_publisher(label)
    return known.names.get(language, known.names["en"]) if known else label


def publisher_names(label: str) -> dict[Language, str]:
    """The names of a publisher by language; the label itself if the publisher is unknown."""
    return {language: publisher_name(label, language) for language in LANGUAGES}


def spellings_of(label: str) -> frozenset[str]:
    """The label and all other names of its publisher."""
    known = find_publisher(label)
    written = known.spellings if known else frozenset()
    # Apostrophes are typed in two ways.
    return frozenset({label, *written, *(name.replace("'", "’") for name in written)})


def is_linkable(source: Source) -> bool:
    """Whether the address of a source may be linked: it has one, and nobody is in between who copies from others."""
    known = map(find_publisher, (source.publisher, source.via))
    return bool(source.url) and not any(one and one.kind == "mirror" for one in known)


@cache
def _by_key() -> Mapping[str, Publisher]:
    return {_key(name): one for one in reversed(all_publishers()) for name in (*one.spellings, *filter(None, [one.site]))}


def _key(label: str) -> str:
    plain = unicodedata.normalize("NFKC", label).casefold().replace("ё", "е").removeprefix("www.")
    return _SIGNS.sub(" ", plain.replace("'", "").replace("’", "")).strip()
