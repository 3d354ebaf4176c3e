from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopbot.errors import IndexBroken
from coopbot.index.disk.vectors import FLAT_ROWS, FlatVectors, Found, IvfVectors, Rows, open_vectors, write_vectors
from coopbot.index.model.embedder import unit
from coopbot.index.types import F32

# What `flat_rows` has to be for each kind of index, however few the rows.
KINDS = {"flat": FLAT_ROWS, "ivf": 0}
SMALL, LARGE = 2_000, 20_000


def passages_like(count: int, dim: int, seed: int) -> F32:
    """Unit vectors whose spread falls from axis to axis as that of real passages does."""
    rng = np.random.default_rng(seed)
    drawn: F32 = rng.standard_normal((count, dim), dtype=np.float32) * (np.arange(dim, dtype=np.float32) + 10) ** -0.7
    return unit(drawn)


def questions_like(vectors: F32, count: int, seed: int) -> F32:
    """Unit vectors at a cosine of about .55 to one row each, as questions are to the passages that answer them."""
    rng = np.random.default_rng(seed)
    aside = passages_like(count, vectors.shape[1], seed + 1)
    return unit(0.55 * vectors[rng.integers(len(vectors), size=count)] + 0.83 * aside)


def stored(vectors: F32, folder: Path, kind: str, filtered_rows: int = 0) -> FlatVectors:
    """Written and opened; `filtered_rows` is from how many rows on a filter goes through the lists too."""
    write_vectors(vectors, folder, KINDS[kind])
    opened = open_vectors(folder, filtered_rows)
    assert type(opened) is {"flat": FlatVectors, "ivf": IvfVectors}[kind]
    return opened


def nearest(vectors: F32, question: F32, top_k: int, eligible: Rows) -> list[int]:
    """The exact result, by NumPy."""
    rows = np.asarray(eligible, dtype=np.int64)
    cosines = vectors[rows] @ question
    return [int(row) for row in rows[np.lexsort((rows, -cosines))][:top_k]]


def rows_of(found: Found) -> list[int]:
    return [row for row, _ in found]


@pytest.fixture(scope="module")
def small() -> F32:
    vectors = passages_like(SMALL, 32, seed=1)
    vectors[[700, 1500]] = vectors[10]
    return vectors


@pytest.fixture(scope="module")
def large() -> F32:
    return passages_like(LARGE, 384, seed=2)


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def vectors(kind: str, small: F32, tmp_path_factory: pytest.TempPathFactory) -> FlatVectors:
    return stored(small, tmp_path_factory.mktemp(kind), kind)


@pytest.fixture(scope="module")
def large_folder(large: F32, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("large")
    write_vectors(large, folder, 0)
    return folder


def test_nearest_come_first_with_their_cosine(vectors: FlatVectors, small: F32) -> None:
    for question in questions_like(small, 20, seed=3):
        found = vectors.search(question, 8)
        assert rows_of(found) == nearest(small, question, 8, range(SMALL))
        assert [cosine for _, cosine in found] == pytest.approx([small[row] @ question for row, _ in found], abs=1e-3)


def test_ties_are_in_order_of_rows(vectors: FlatVectors, small: F32) -> None:
    assert rows_of(vectors.search(small[10], 3)) == [10, 700, 1500]


@pytest.mark.parametrize(
    ("top_k", "expected"), [(-1, 0), (0, 0), (1, 1), (SMALL - 1, SMALL - 1), (SMALL, SMALL), (sys.maxsize, SMALL)]
)
def test_top_k_rows_are_found_or_all_there_are(vectors: FlatVectors, small: F32, top_k: int, expected: int) -> None:
    found = vectors.search(small[0], top_k)
    assert len(set(rows_of(found))) == len(found) == expected
    assert [cosine for _, cosine in found] == sorted((cosine for _, cosine in found), reverse=True)


@pytest.mark.parametrize(
    ("allowed", "excluded"),
    [
        (None, [10]),
        (None, np.arange(0, SMALL, 2)),
        (None, range(SMALL - 3)),
        (None, range(SMALL)),
        ([], []),
        ([5], []),
        ([5], [5]),
        ([700, 3, 3, 1999], [3]),
        (np.arange(1000), np.arange(500)),
        (np.arange(1000), np.arange(1000, 2000)),
        (range(SMALL), [0, 1999]),
    ],
)
def test_only_what_is_allowed_and_not_excluded_is_found(
    vectors: FlatVectors, small: F32, allowed: Rows | None, excluded: Rows
) -> None:
    eligible = np.setdiff1d(np.arange(SMALL) if allowed is None else allowed, excluded).astype(np.int64)
    for question in questions_like(small, 3, seed=4):
        assert rows_of(vectors.search(question, 6, allowed, excluded)) == nearest(small, question, 6, eligible)


def test_rows_can_be_read_back(vectors: FlatVectors, small: F32, kind: str) -> None:
    assert len(vectors) == SMALL
    assert vectors.rows([]).shape == (0, 32)
    assert vectors.rows([1999, 0, 0]) == pytest.approx(small[[1999, 0, 0]], abs=0 if kind == "flat" else 5e-4)


@pytest.mark.parametrize("flat_rows", KINDS.values())
def test_an_index_may_have_one_row_or_none(tmp_path: Path, flat_rows: int) -> None:
    question = np.array([0.6, 0.8], dtype=np.float32)
    for count in (0, 1):
        write_vectors(np.eye(2, dtype=np.float32)[:count], tmp_path, flat_rows)
        vectors = open_vectors(tmp_path, flat_rows)
        assert len(vectors) == count
        for found in (vectors.search(question, 5), vectors.search(question, 5, range(count), [])):
            assert rows_of(found) == list(range(count))
            assert [cosine for _, cosine in found] == pytest.approx([0.6] * count)


def test_size_decides_which_kind_is_written(tmp_path: Path) -> None:
    write_vectors(np.ones((FLAT_ROWS, 4), dtype=np.float32), tmp_path)
    assert type(open_vectors(tmp_path)) is FlatVectors


def test_ten_nearest_of_many_are_found(large: F32, large_folder: Path) -> None:
    questions = questions_like(large, 100, seed=5)
    vectors = open_vectors(large_folder)
    cosines = questions @ large.T
    truth = np.argsort(-cosines, axis=1)[:, :10]
    found = [
        set(rows_of(vectors.search(question, 10))) & set(true.tolist()) for question, true in zip(questions, truth, strict=True)
    ]
    assert sum(map(len, found)) / truth.size >= 0.97


@pytest.mark.parametrize("passing", [30, LARGE // 2])
def test_the_few_rows_that_pass_a_filter_are_all_compared(large: F32, large_folder: Path, passing: int) -> None:
    allowed = np.random.default_rng(6).choice(LARGE, passing, replace=False)
    vectors = open_vectors(large_folder)
    for question in questions_like(large, 100, seed=7):
        truth = nearest(large, question, 10, allowed)
        # To half precision, in which stored vectors are compared.
        assert [cosine for _, cosine in vectors.search(question, 10, allowed)] == pytest.approx(
            large[truth] @ question, abs=3e-4
        )


@pytest.mark.parametrize("top_k", [1, 10, 50])
def test_a_filter_that_leaves_only_distant_rows_still_fills_the_result(large: F32, large_folder: Path, top_k: int) -> None:
    distant = np.argsort(large @ large[0])[: LARGE // 10]
    found = open_vectors(large_folder, flat_rows=0, probed_lists=1).search(large[0], top_k, distant)
    assert len(found) == top_k
    assert set(rows_of(found)) <= set(distant.tolist())


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "another kind of file": lambda data: b"not an index",
    "a few bytes": lambda data: data[:3],
    "its header only": lambda data: data[:40],
    "half of it": lambda data: data[: len(data) // 2],
    "all but a byte": lambda data: data[:-1],
    "a bit of its name flipped": lambda data: bytes([data[0] ^ 1]) + data[1:],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_raises_index_broken(kind: str, small: F32, tmp_path: Path, damage: str) -> None:
    write_vectors(small, tmp_path, KINDS[kind])
    (file,) = tmp_path.iterdir()
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    with pytest.raises(IndexBroken, match="coopbot index"):
        open_vectors(tmp_path)


def test_a_missing_file_raises_index_broken(tmp_path: Path) -> None:
    with pytest.raises(IndexBroken, match="coopbot index"):
        open_vectors(tmp_path)


HELD_BYTES = """
import sys
from pathlib import Path
from coopbot.index.disk.vectors import open_vectors

def held():
    (line,) = (line for line in open("/proc/self/status") if line.startswith("RssAnon"))
    return int(line.split()[1]) * 1024

before = held()
vectors = open_vectors(Path(sys.argv[1]))
vectors.search(vectors.rows([0])[0], 10)
print(held() - before)
"""


@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_opening_maps_the_file_and_takes_little_memory(large: F32, large_folder: Path, tmp_path: Path) -> None:
    write_vectors(large, tmp_path)
    for folder in (tmp_path, large_folder):
        (file,) = folder.iterdir()
        # A process of its own, in which no freed memory can take what was read.
        done = subprocess.run([sys.executable, "-c", HELD_BYTES, str(folder)], check=True, capture_output=True, text=True)
        assert int(done.stdout) < file.stat().st_size / 3


def test_every_thread_searches_on_one_thread(vectors: FlatVectors, small: F32) -> None:
    threads: list[int] = []

    def search() -> None:
        vectors.search(small[0], 3)
        threads.append(faiss.omp_get_max_threads())

    thread = threading.Thread(target=search)
    thread.start()
    thread.join()
    assert threads == [1]


small_vectors = st.lists(st.lists(st.integers(-3, 3), min_size=4, max_size=4).filter(any), min_size=2, max_size=40)


@given(drawn=small_vectors, top_k=st.integers(1, 50), data=st.data())
def test_flat_search_is_exact(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[list[int]], top_k: int, data: st.DataObject
) -> None:
    vectors: npt.NDArray[np.float32] = unit(np.array(drawn, dtype=np.float32))
    subsets = st.lists(st.integers(0, len(vectors) - 2))
    allowed, excluded = data.draw(st.none() | subsets), data.draw(subsets)
    eligible = sorted(set(range(len(vectors)) if allowed is None else allowed) - set(excluded))
    folder = tmp_path_factory.mktemp("flat")
    write_vectors(vectors, folder)
    found = open_vectors(folder).search(vectors[-1], top_k, allowed, excluded)
    cosines = {row: float(vectors[row] @ vectors[-1]) for row in eligible}
    assert [cosine for _, cosine in found] == pytest.approx(sorted(cosines.values(), reverse=True)[:top_k], abs=1e-6)
    assert [cosine for _, cosine in found] == pytest.approx([cosines[row] for row in rows_of(found)], abs=1e-6)
    assert found == sorted(found, key=lambda one: (-one[1], one[0]))
    assert len(set(rows_of(found))) == len(found)
