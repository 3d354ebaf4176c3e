"""Layouts as sites of three languages have them, filled with words of ours: what is recovered of each, and what is not."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from coopbot.ingest.draft import Draft
from coopbot.ingest.page.html import read_html

FOLDER = Path(__file__).parent / "layouts"
ENOUGH = 0.95  # of the layouts, for each field


@dataclass(frozen=True)
class Layout:
    name: str
    html: str
    words: dict[str, Any]  # what a YAML file holds


def layouts() -> list[Layout]:
    words = yaml.safe_load((FOLDER / "words.yaml").read_text(encoding="utf-8"))
    parts = (FOLDER / "layouts.txt").read_text(encoding="utf-8").split("=== ")[1:]
    named = (part.partition("\n") for part in parts)
    return [Layout(name, html.strip(), words[name.split()[0]]) for name, _, html in named]


def filled(layout: Layout) -> bytes:
    words, texts = layout.words, layout.words["paragraphs"]
    slots = {f"t{number}": text for number, text in enumerate(texts, 1)}
    slots |= {f"p{number}": f"<p>{text}</p>" for number, text in enumerate(texts, 1)}
    slots["body"] = "".join(f"<p>{text}</p>" for text in texts)
    return layout.html.format_map(words | slots).encode()


def expected_authors(layout: Layout) -> tuple[str, ...]:
    return tuple(layout.words[name] for name in ("author", "second") if f"{{{name}}}" in layout.html)


def wrong(layout: Layout, draft: Draft) -> dict[str, object]:
    """The fields that are not as the layout shows them, with what was found."""
    words = layout.words
    shown = {
        "title": (draft.title, words["title"]),
        "authors": (draft.authors, expected_authors(layout)),
        "publisher": (draft.publisher, words["site"]),
        "published": (str(draft.published), words["iso"]),
    }
    return {field: found for field, (found, right) in shown.items() if found != right}


def test_the_layouts_are_enough() -> None:
    named = [layout.name for layout in layouts()]
    assert len(set(named)) == len(named) >= 40
    for language in ("en", "zh", "ru"):
        assert sum(name.startswith((language, "tw") if language == "zh" else language) for name in named) >= 13


def test_what_a_page_declares_or_shows_is_recovered() -> None:
    found = {layout.name: wrong(layout, read_html(filled(layout), "a.html")) for layout in layouts()}
    for field in ("title", "authors", "publisher", "published"):
        bad = {name: fields[field] for name, fields in found.items() if field in fields}
        assert len(bad) <= (1 - ENOUGH) * len(found), (field, bad)


def test_the_article_and_nothing_else_is_kept() -> None:
    kept = {layout.name: read_html(filled(layout), "a.html").text.split("\n\n") for layout in layouts()}
    right = {layout.name: layout.words["paragraphs"] for layout in layouts()}
    bad = {
        name: blocks for name, blocks in kept.items() if [block.partition("〕")[2] or block for block in blocks] != right[name]
    }
    assert len(bad) <= (1 - ENOUGH) * len(kept), bad
