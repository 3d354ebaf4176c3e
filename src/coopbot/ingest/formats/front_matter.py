"""The front matter of an article file: YAML to fields and footnotes, and back. Only it imports yaml."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar

import yaml

from coopbot.domain import LANGUAGES, Language, Source, When
from coopbot.ingest.addresses import is_web_address
from coopbot.ingest.draft import Draft, Metadata
from coopbot.ingest.formats.footnotes import MARK, Footnote, FootnoteError, check_footnote
from coopbot.ingest.page.full_dates import find_date
from coopbot.ingest.tidy import one_line

T = TypeVar("T")

_ARTICLE_KEYS = ("title", "publisher", "authors", "published", "url", "language", "sources", "also_published_by", "footnotes")
_SOURCE_KEYS = ("publisher", "via", "title", "url", "published", "facts")
# Other tools' names for our keys, used if our own key is missing.
_OTHER_NAMES = {"date": "published", "author": "authors", "lang": "language"}
_PUBLISHER_KEYS = ("publisher", "title", "url", "published")
_FOOTNOTE_DATES = ("as_of", "valid_until", "planned_for")
_FOOTNOTE_KEYS = (*_FOOTNOTE_DATES, "sources")
# The line of the file at which the front matter begins, below the rule.
_FRONT_LINE = 2
_ISO_DAY = re.compile(r"(?<!\d)(\d{4})-(\d\d?)-(\d\d?)(?!\d)")


class FrontMatterError(Exception):
    """What is wrong with the front matter, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter(Metadata):
    """Its fields, and its footnotes by label."""

    footnotes: Mapping[str, Footnote] = field(default_factory=dict)


def read_front_matter(block: str) -> FrontMatter:
    """The front matter between its rules. Raises FrontMatterError and FootnoteError."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(block)
    try:
        node = loader.get_single_node()
        loaded = loader.construct_document(node) if node else None
        # Labels as they are written: YAML would make 1 of 01.
        entries = _child(node, "footnotes") if isinstance(loaded, dict) and loaded.get("footnotes") is not None else None
        pairs = entries.value if isinstance(entries, yaml.MappingNode) else []
        footnotes = [(*pair, loader.construct_object(pair[1], deep=True)) for pair in pairs]
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date such as 2025-13-45
        problem, mark = str(error).partition("\n")[0], getattr(error, "problem_mark", None)
        line = mark.line if mark else _line_of_bad_date(block)
        where = "" if line is None else f" in line {line + _FRONT_LINE}"
        advice = "correct it; a value with a colon or a quotation mark needs quotes around it"
        raise FrontMatterError(f"front matter is not valid YAML{where} ({problem}); {advice}") from error
    finally:
        loader.dispose()
    if loaded is None:
        return FrontMatter()
    if isinstance(loaded, dict):
        for other, name in _OTHER_NAMES.items():
            if other in loaded and name not in loaded:
                loaded[name] = loaded.pop(other)
    if entries is not None and not isinstance(entries, yaml.MappingNode):
        raise FrontMatterError("footnotes must be a list of labels, each with its sources")
    meta = _known_keys(loaded, _ARTICLE_KEYS, "front matter")
    by_label = _footnotes(footnotes)
    return FrontMatter(
        title=one_line(_text(meta, "title")),
        authors=_value(meta, "authors", _as_authors, "a list of texts") or (),
        publisher=one_line(_text(meta, "publisher")),
        published=_value(meta, "published", _as_day, "a date such as 2025-05-10, alone or with a time"),
        url=_url(meta),
        language=_value(meta, "language", _as_language, f"one of {', '.join(LANGUAGES)}"),
        sources=_sources(meta, "sources", _SOURCE_KEYS),
        also_published_by=_sources(meta, "also_published_by", _PUBLISHER_KEYS),
        footnotes=by_label,
    )


def render_front_matter(draft: Draft) -> str:
    """The front matter of a draft between its rules. Empty fields are left out."""
    meta = {key: getattr(draft, key) for key in _ARTICLE_KEYS[:-1]}
    for key in ("sources", "also_published_by"):
        meta[key] = list(map(_source_fields, meta[key]))
    by_label = {one.label: one for one in reversed(draft.attributions)}
    meta["footnotes"] = {}
    for label, one in reversed(by_label.items()):
        dates = {key: _as_yaml(getattr(one, key)) for key in _FOOTNOTE_DATES}
        meta["footnotes"][label] = _filled({**dates, "sources": list(map(_source_fields, one.sources))})
    front = yaml.dump(_filled(meta), Dumper=yaml.SafeDumper, allow_unicode=True, sort_keys=False, width=10_000)
    return f"---\n{front}---\n"


def _source_fields(source: Source) -> dict[str, object]:
    given = asdict(source) | {"published": _as_yaml(source.published)}
    return _filled({key: given[key] for key in _SOURCE_KEYS})


def _as_yaml(when: When | None) -> date | str | int | None:
    """The value that a person would write: a year as a number, a day as a date."""
    if when is None:
        return None
    return when.first if len(when.parts) == 3 else int(when) if len(when.parts) == 1 else str(when)


def _filled(fields: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in fields.items() if value}


def _line_of_bad_date(block: str) -> int | None:
    for number, line in enumerate(block.split("\n")):
        for match in _ISO_DAY.finditer(line):
            try:
                date(*map(int, match.groups()))
            except ValueError:
                return number
    return None


def _footnotes(entries: list[tuple[Any, Any, object]]) -> dict[str, Footnote]:
    """The footnotes of the front matter. entries: each label and its definition as YAML composed them, and the definition."""
    found: dict[str, Footnote] = {}
    for key, node, value in entries:
        label, line = str(key.value), key.start_mark.line + _FRONT_LINE
        if label in found:
            raise FootnoteError(line, f"footnote {label} is defined twice; give one of them another label")
        if not MARK.fullmatch(f"[^{label}]"):
            raise FootnoteError(line, f"{label:.80} is no label of a footnote; use letters, digits and signs without spaces")
        dates, sources = {}, []
        try:
            fields = _known_keys(value, _FOOTNOTE_KEYS, "it")
            listed = _list(fields, "sources")
            for name in _FOOTNOTE_DATES:
                line = _line(node, name, line)
                dates[name] = _when(fields, name)
            for entry, own in zip(listed, _child(node, "sources").value if listed else (), strict=False):
                line = own.start_mark.line + _FRONT_LINE
                sources.append(_source(_known_keys(entry, _SOURCE_KEYS, "an entry of sources"), "sources"))
        except FrontMatterError as problem:
            raise FootnoteError(line, f"footnote {label}: {problem}") from problem
        found[label] = Footnote(line=_line(node, "valid_until", line), sources=tuple(sources), **dates)
        check_footnote(label, found[label])
    return found


def _child(node: Any, key: str) -> Any:
    """The last value of a key of a mapping."""
    return next((value for name, value in reversed(node.value) if name.value == key), None)


def _line(node: Any, key: str, otherwise: int) -> int:
    child = _child(node, key)
    return child.start_mark.line + _FRONT_LINE if child else otherwise


def _known_keys(value: object, keys: tuple[str, ...], where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise FrontMatterError(f"{where} must be a list of keys and values")
    for key in value:
        if key not in keys:
            raise FrontMatterError(f"{where} has an unknown key: {key!s:.60}; use only {', '.join(keys)}")
    return {str(key): entry for key, entry in value.items()}


def _value(meta: Mapping[str, object], key: str, parse: Callable[[object], T | None], wanted: str) -> T | None:
    """The value of a key; None if there is none. `parse` returns None for what is not as wanted."""
    value = meta.get(key)
    if value is None:
        return None
    parsed = parse(value)
    if parsed is None:
        raise FrontMatterError(f"{key} must be {wanted}")
    return parsed


def _text(meta: Mapping[str, object], key: str) -> str:
    return _value(meta, key, lambda value: value.strip() if isinstance(value, str) else None, "text; put it in quotes") or ""


def _list(meta: Mapping[str, object], key: str) -> list[object]:
    return _value(meta, key, lambda value: value if isinstance(value, list) else None, "a list") or []


def _when(meta: Mapping[str, object], key: str) -> When | None:
    return _value(meta, key, _as_when, "a day, a month or a year, such as 2025-05-10, 2025-05 or 2025")


def _as_when(value: object) -> When | None:
    try:
        return When(str(value).strip())
    except ValueError:
        day = _as_day(value)
        return When(day) if day else None


def _url(meta: Mapping[str, object]) -> str:
    url = _text(meta, "url")
    if url and not is_web_address(url):
        raise FrontMatterError(f"url must be an address such as https://site.example/article, not {url:.60}")
    return url


def _as_texts(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return None
    return tuple(map(one_line, value))


def _as_authors(value: object) -> tuple[str, ...] | None:
    """The authors: a list or a single one, each a name or, as other tools write it, an object with a name."""
    one = (isinstance(value, str) and value.strip()) or isinstance(value, dict)
    entries = [value] if one else value
    if isinstance(entries, list):
        entries = [entry.get("name") if isinstance(entry, dict) else entry for entry in entries]
    return _as_texts(entries)


def _as_day(value: object) -> date | None:
    """The day of a date, a date-time, or either as text: ISO, or a full date in words, such as 10 May 2025 or 2025/05/10."""
    try:
        text = str(value).strip() if isinstance(value, str | date) else ""
        # Thirteen digits are milliseconds since 1970, not a time in the year 1733.
        return datetime.fromisoformat(text).date() if text and not (text.isdecimal() and len(text) > len("20250510")) else None
    except ValueError:
        return find_date(str(value))


def _as_language(value: object) -> Language | None:
    code = value.replace("_", "-").partition("-")[0].lower() if isinstance(value, str) else ""  # en-US, zh-CN
    return next((language for language in LANGUAGES if language == code), None)


def _sources(meta: Mapping[str, object], key: str, keys: tuple[str, ...]) -> tuple[Source, ...]:
    return tuple(_source(_known_keys(entry, keys, f"an entry of {key}"), key) for entry in _list(meta, key))


def _source(meta: Mapping[str, object], key: str) -> Source:
    publisher = one_line(_text(meta, "publisher"))
    if not publisher:
        raise FrontMatterError(f"an entry of {key} has no publisher; add one")
    return Source(
        publisher=publisher,
        title=one_line(_text(meta, "title")),
        url=_url(meta),
        published=_when(meta, "published"),
        via=one_line(_text(meta, "via")),
        facts=_value(meta, "facts", _as_texts, "a list of texts") or (),
    )
