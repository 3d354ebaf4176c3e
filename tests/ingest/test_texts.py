"""Pages as text, each with one thing that pages do and a cleaner may stumble over; lines of the article begin with "> "."""

import re
from pathlib import Path

from coopbot.ingest.page.clean import clean_page
from tests.cases import check_each

CASES = (Path(__file__).parent / "texts" / "pages.txt").read_text(encoding="utf-8").split("=== ")[1:]
_NOTE = re.compile(r"\[\d+\]")
_EDITORS = re.compile("责编.*")


def check(case: str) -> None:
    head, _, page = case.partition("---\n")
    expected = dict(line.split(": ", 1) for line in head.splitlines()[1:])
    draft = clean_page(page.replace("> ", ""), "x")
    kept = [line.removeprefix("> ") for line in page.splitlines() if line.startswith("> ")]
    assert (draft.title, draft.publisher, str(draft.published)) == (
        expected["title"],
        expected["publisher"],
        expected["published"],
    )
    assert draft.text.split("\n\n") == [_EDITORS.sub("", _NOTE.sub("", line)) for line in kept]


def test_text_pages() -> None:
    check_each(CASES, check, lambda case: case.partition("\n")[0])


def test_every_author_of_several_with_places() -> None:
    case = next(case for case in CASES if "Ada Quill" in case)
    page = case.partition("---\n")[2].replace("> ", "")
    assert clean_page(page, "x").authors == ("Nora Whitfield", "Tomas Reyes", "Ada Quill")
