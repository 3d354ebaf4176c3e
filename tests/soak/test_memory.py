"""The memory of the models in a process that does nothing else meanwhile."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.memory import resident_mib
from coopbot.index.model.reader_model import load_reader

pytestmark = [pytest.mark.soak, pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="measures by /proc")]


def test_passages_of_ever_other_lengths_take_no_more_memory(cache_dir: Path) -> None:
    """The network keeps memory for each width that it has seen."""
    network = load_reader(cache_dir, threads=1).network

    def read(lengths: range) -> float:
        for length in lengths:
            ids = 1000 + np.arange(length)[None] * 7
            network(ids, np.ones_like(ids))
        found = resident_mib("self")
        assert found is not None
        return found

    before_mib = read(range(32, 513, 32))
    # Without rounding it takes 50 MiB more; what else this process does in between, less than 20.
    assert read(range(41, 512, 9)) < before_mib + 20
