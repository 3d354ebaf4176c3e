from pathlib import Path

import pytest

from coopbot.durable import delete, write_atomically
from coopbot.errors import Misconfigured


def test_writing_and_deleting(tmp_path: Path) -> None:
    write_atomically(tmp_path / "new/folder/a.md", b"text")
    assert (tmp_path / "new/folder/a.md").read_bytes() == b"text"
    delete(tmp_path / "new/folder/a.md")
    assert list((tmp_path / "new/folder").iterdir()) == []
    with pytest.raises(Misconfigured, match="cannot delete"):
        delete(tmp_path / "new/folder/a.md")
    write_atomically(tmp_path / "b.md", b"a file")
    with pytest.raises(Misconfigured, match="cannot write"):
        write_atomically(tmp_path / "b.md/a.md", b"text")
