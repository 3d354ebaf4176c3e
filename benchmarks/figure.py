"""One measured number."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """`goal` is what the project asks of it, empty where it only reports."""

    name: str
    value: float
    unit: str
    goal: str = ""
