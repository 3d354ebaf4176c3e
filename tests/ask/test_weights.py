from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopbot.ask.weights import both

_LOG_ODDS = st.floats(min_value=-30, max_value=30)


def _probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


@given(_LOG_ODDS, _LOG_ODDS)
def test_both_are_as_likely_as_one_times_the_other(one: float, other: float) -> None:
    assert _probability(both(one, other)) == pytest.approx(_probability(one) * _probability(other), rel=1e-6)


def test_what_is_sure_changes_nothing() -> None:
    assert both(0.7, 40) == pytest.approx(0.7)
    assert both(-2000.0, 0.7) < -1000
