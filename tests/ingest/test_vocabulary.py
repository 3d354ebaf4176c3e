import re
from pathlib import Path

import pytest

import coopbot.ingest.page.vocabulary as vocabulary_module
from coopbot.ingest.page.vocabulary import alternatives, phrases_in, whole_lines, word_set

FOLDER = Path(vocabulary_module.__file__).parent / "vocabulary"
NAMES = sorted(path.stem for path in FOLDER.glob("*.txt"))


@pytest.mark.parametrize("name", NAMES)
def test_every_file_compiles_matches_no_empty_text_and_is_explained(name: str) -> None:
    assert not phrases_in("", name)
    assert vocabulary_module._phrases(name).groups == 0  # findall gives whole phrases
    assert not whole_lines(name).fullmatch("")
    assert f"`{name}`" in (FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["rights", "legal", "calls", "credits", "teasers", "spam_strong", "spam_weak"])
def test_phrases_are_written_in_lower_case(name: str) -> None:
    lines = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    phrase_lines = [re.sub(r"\\.", "", line) for line in lines if not line.startswith("# ")]  # but for classes such as \W
    assert [line for line in phrase_lines if line != line.lower()] == []


def test_phrases_end_at_word_boundaries_and_match_in_either_case() -> None:
    assert phrases_in("Best CASINO, casino", "spam_strong") == ["casino", "casino"]
    assert not phrases_in("Essex sexton", "spam_strong")


def test_a_phrase_that_starts_a_block_counts_only_there() -> None:
    assert phrases_in("» Присылайте свои фото", "calls")
    assert not phrases_in("Он просит: присылайте свои фото", "calls")


def test_alternatives_are_those_at_the_start_and_the_others() -> None:
    at_start, anywhere = alternatives("label_updated")
    assert re.fullmatch(at_start, "last updated on")
    assert not re.fullmatch(at_start, "изменено")
    assert re.fullmatch(anywhere, "изменено")
    assert alternatives("label_publisher")[0] == ""


def test_whole_lines_hold_nothing_else() -> None:
    pattern = whole_lines("buttons", "sections")
    assert pattern.fullmatch("Share | Facebook | 12")
    assert pattern.fullmatch("分享到微信Facebook")
    assert not pattern.fullmatch("Share prices fell")
    assert not pattern.fullmatch("12 | 34")


def test_word_set() -> None:
    assert {"the", "и"} <= word_set("function_words")
