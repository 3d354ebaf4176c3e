"""Linear models over named features, and the file they come from."""

from __future__ import annotations

import numpy as np
import pytest

from coopbot.ask.weights import PAIRS, WHERES, LinearModel, load_weights


def test_a_score_is_the_bias_and_the_weighted_scaled_features() -> None:
    model = LinearModel(
        names=("a", "b"),
        mean=np.array([1.0, 2.0], dtype=np.float32),
        scale=np.array([2.0, 4.0], dtype=np.float32),
        weight=np.array([3.0, 5.0], dtype=np.float32),
        bias=0.5,
    )
    features = {"b": np.array([6.0, 2.0], dtype=np.float32), "a": np.array([3.0, 1.0], dtype=np.float32)}
    assert model.score(features).tolist() == pytest.approx([0.5 + 3 + 5, 0.5])


def test_the_packages_weights_judge_with_a_reader_and_without() -> None:
    weights = load_weights()
    for with_reader in (True, False):
        own = weights.sentences(with_reader=with_reader)
        for pair in PAIRS:
            assert any(name.startswith("read_") for name in own.sentence[pair].names) == with_reader
            assert any(name.startswith("read_") for name in own.judge.answered[pair].names) == with_reader
        assert (own.contradiction is not None) == with_reader
        assert (own.judge.same is not None) == with_reader
        assert 0 < own.possible < own.answered < own.sure < 1
        assert 0 < own.judge.readable < 1
        assert own.least_log_odds == pytest.approx(np.log(own.further / (1 - own.further)))


def test_the_head_fits_the_built_in_readers_states() -> None:
    assert load_weights().meaning.rows.shape == (5, 384)


def test_another_account_is_judged_wherever_it_stands() -> None:
    contradiction = load_weights().read.contradiction
    assert contradiction is not None
    assert set(contradiction.rival) == set(WHERES)
    assert 0 < contradiction.threshold < 1


def test_what_is_not_known_counts_as_its_mean() -> None:
    model = LinearModel(
        names=("a", "b"),
        mean=np.array([1.0, 2.0], dtype=np.float32),
        scale=np.array([2.0, 4.0], dtype=np.float32),
        weight=np.array([3.0, 5.0], dtype=np.float32),
        bias=0.5,
    )
    features = {"a": np.array([3.0], dtype=np.float32), "b": np.array([np.nan], dtype=np.float32)}
    assert model.score(features).tolist() == pytest.approx([0.5 + 3])
