from pathlib import Path

import pytest

import coopbot.ingest.page.vocabulary as vocabulary_module
from coopbot.ingest.page.vocabulary import phrases, whole_lines, word_set

FOLDER = Path(vocabulary_module.__file__).parent / "vocabulary"
NAMES = sorted(path.stem for path in FOLDER.glob("*.txt"))


@pytest.mark.parametrize("name", NAMES)
def test_every_file_compiles_matches_no_empty_text_and_is_explained(name: str) -> None:
    assert not phrases(name).search("")
    assert phrases(name).groups == 0  # findall gives whole phrases
    assert not whole_lines(name).fullmatch("")
    assert f"`{name}`" in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_phrases_end_at_word_boundaries() -> None:
    assert phrases("spam_strong").search("best casino")
    assert not phrases("spam_strong").search("Essex sexton")


def test_whole_lines_hold_nothing_else() -> None:
    pattern = whole_lines("buttons", "sections")
    assert pattern.fullmatch("Share | Facebook | 12")
    assert pattern.fullmatch("分享到微信Facebook")
    assert not pattern.fullmatch("Share prices fell")
    assert not pattern.fullmatch("12 | 34")


def test_word_set() -> None:
    assert {"the", "и"} <= word_set("function_words")
