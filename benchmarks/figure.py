"""One measured number."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """`goal` is what the value should be, such as `<= 2`; empty if there is no goal."""

    name: str
    value: float
    unit: str
    goal: str = ""
