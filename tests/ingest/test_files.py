import os
import time
from pathlib import Path

import pytest

from coopbot.errors import Misconfigured
from coopbot.ingest.corpus.files import content_digest, list_files

SECOND_NS = 1_000_000_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("b.md", "a.txt", "a.md", "a-b.md", "zh/c.md", ".hidden.md", ".git/d.md", "README.md", "zh/readme"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def test_files_are_listed_in_the_order_of_ids(root: Path) -> None:
    assert list(list_files(root, 0)) == ["a.md", "a.txt", "a-b.md", "b.md", "zh/c.md"]


def test_links_to_folders_are_listed_and_not_followed(root: Path) -> None:
    (root / "loop").symlink_to(root)
    (root / "link.md").symlink_to(root / "zh/c.md")
    (root / "nothing.md").symlink_to(root / "nowhere")
    found = list_files(root, time.time_ns() + 60 * SECOND_NS)
    assert list(found) == ["a.md", "a.txt", "a-b.md", "b.md", "link.md", "loop", "nothing.md", "zh/c.md"]
    assert found["link.md"] == found["zh/c.md"]
    assert found["nothing.md"] == ""


@pytest.mark.parametrize(("after_s", "trusted"), [(-3600, False), (0, False), (1.9, False), (2.1, True), (3600, True)])
def test_only_what_is_old_by_the_clock_has_a_stamp(root: Path, after_s: float, trusted: bool) -> None:
    changed_ns = (root / "a.md").stat().st_ctime_ns
    assert bool(list_files(root, changed_ns + int(after_s * SECOND_NS))["a.md"]) == trusted


def test_every_change_changes_the_stamp(root: Path) -> None:
    seen = set()
    for change in (
        lambda path: path.write_text("other"),
        lambda path: path.write_text("others"),
        lambda path: os.utime(path, (1, 1)),
        lambda path: (root / "b.md").replace(path),
    ):
        change(root / "a.md")
        seen.add(list_files(root, time.time_ns() + 60 * SECOND_NS)["a.md"])
    assert len(seen) == 4


def test_a_digest_of_what_can_be_read(root: Path) -> None:
    (root / "copy").write_text("b.md")
    assert content_digest(root / "b.md", 100) == content_digest(root / "copy", 100) != content_digest(root / "a.md", 100)
    assert [content_digest(root / name, 3) for name in ("b.md", "nowhere", "zh")] == [b"", b"", b""]


def test_a_folder_that_cannot_be_listed_is_reported(root: Path) -> None:
    with pytest.raises(Misconfigured, match="cannot list"):
        list_files(root / "b.md", 0)
