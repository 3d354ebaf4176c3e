from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from coopbot.errors import IndexBroken
from coopbot.index.embedder import unit
from coopbot.index.vectors import FlatVectors


@pytest.fixture
def vectors(tmp_path: Path) -> FlatVectors:
    FlatVectors.write(np.eye(4, dtype=np.float32), tmp_path / "v.faiss")
    return FlatVectors.open(tmp_path / "v.faiss")


def test_nearest_come_first_with_their_cosine(vectors: FlatVectors) -> None:
    question = unit(np.array([[3, 0, 4, 0]], dtype=np.float32))[0]
    found = vectors.search(question, 2)
    assert [row for row, _ in found] == [2, 0]
    assert [cosine for _, cosine in found] == pytest.approx([0.8, 0.6])


def test_padding_is_dropped_when_fewer_rows_pass_than_are_asked_for(vectors: FlatVectors) -> None:
    question = np.array([1, 0, 0, 0], dtype=np.float32)
    assert len(vectors.search(question, 50)) == 4
    assert sorted(row for row, _ in vectors.search(question, 50, allowed=[1, 3])) == [1, 3]
    assert vectors.search(question, 50, allowed=[]) == []


def test_rows_can_be_read_back(vectors: FlatVectors) -> None:
    assert np.array_equal(vectors.rows([3, 1]), np.eye(4, dtype=np.float32)[[3, 1]])


def test_a_file_that_is_no_index_is_broken(tmp_path: Path) -> None:
    (tmp_path / "v.faiss").write_bytes(b"not an index")
    with pytest.raises(IndexBroken, match="coopbot index"):
        FlatVectors.open(tmp_path / "v.faiss")
