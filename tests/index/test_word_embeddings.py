from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from coopbot.errors import ModelUnavailable
from coopbot.index.model.word_embeddings import WordEmbeddings, save_words


def table() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Rows of very different lengths, and one of zeros."""
    rows = np.random.default_rng(0).standard_normal((500, 64)).astype(np.float32)
    rows *= np.logspace(-4, 3, 500, dtype=np.float32)[:, None]
    rows[7] = 0
    return rows


def test_rows_in_eight_bits_are_near_those_of_the_table(tmp_path: Path) -> None:
    save_words(tmp_path, table())
    words = WordEmbeddings.load(tmp_path)
    ids = np.arange(500).reshape(20, 25)
    found = words(ids)
    assert found.shape == (20, 25, 64)
    assert found.dtype == np.float32
    rows = found.reshape(500, 64)
    # At most half a step of 127 from the largest value of the row.
    assert (np.abs(rows - table()) <= np.abs(table()).max(axis=1, keepdims=True) / 127 * 0.501).all()
    assert not rows[7].any()
    others = np.arange(500) != 7
    lengths = np.linalg.norm(rows[others], axis=1) * np.linalg.norm(table()[others], axis=1)
    assert ((rows[others] * table()[others]).sum(axis=1) / lengths).min() > 0.9998


def test_rows_are_kept_on_disk(tmp_path: Path) -> None:
    save_words(tmp_path, table())
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(WordEmbeddings.FILES)
    assert (tmp_path / "words.npy").stat().st_size < 500 * 64 + 200
    words = WordEmbeddings.load(tmp_path)
    assert not any(isinstance(value, np.ndarray) and value.size >= 500 * 64 for value in vars(words).values())


def test_rows_are_read_by_several_threads_at_once(tmp_path: Path) -> None:
    save_words(tmp_path, table())
    words = WordEmbeddings.load(tmp_path)
    ids = [np.random.default_rng(seed).integers(0, 500, (3, 40)) for seed in range(40)]
    alone = [words(one) for one in ids]
    with ThreadPoolExecutor(8) as pool:
        for found, expected in zip(pool.map(words, ids), alone, strict=True):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", WordEmbeddings.FILES)
@pytest.mark.parametrize("length", [None, 0, 100, 150])
def test_a_missing_or_damaged_file_says_how_to_fix_it(tmp_path: Path, name: str, length: int | None) -> None:
    save_words(tmp_path, table())
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).unlink()
    if length is not None:
        (tmp_path / name).write_bytes(content[:length])
    with pytest.raises(ModelUnavailable, match="coopbot prepare --force"):
        WordEmbeddings.load(tmp_path)
