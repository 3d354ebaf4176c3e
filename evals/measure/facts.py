"""Codes of facts, by which sentences of briefs are labelled: HB-02a is a part of HB-02."""

from __future__ import annotations

import re

_PART = re.compile(r"[a-z]+$")


def fact_of(label: str) -> str:
    """The fact that a label is a part of: HB-02 of HB-02a, and of itself."""
    return _PART.sub("", label)


def is_label_of(label: str, code: str) -> bool:
    """Whether a sentence with this label states what a code names: HB-02 has HB-02a, HB-02a only itself."""
    return label == code or fact_of(label) == code
