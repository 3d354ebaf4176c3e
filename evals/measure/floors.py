"""Limits that figures must reach or not exceed, so that an unnoticed loss of quality fails the build."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from coopbot.errors import Misconfigured
from evals.measure.scores import Estimate

# Figures of parts of the evaluation that may be left out. Their floors count only when the part is run.
OPTIONAL_PARTS = ("xquad.", "unseen.", "blind.", "former.", "pages.", "chains.", "siblings.", "several.", "llm.")


class Floors(BaseModel):
    """What a figure must reach or must not exceed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at_least: dict[str, float] = {}
    at_most: dict[str, float] = {}


def load_floors(path: Path) -> Floors:
    """The floors of a file. Raises Misconfigured."""
    try:
        return Floors.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise Misconfigured(f"cannot read {path}: {exc.strerror}; name a file of floors with --floor") from exc
    except ValidationError as exc:
        problem = exc.errors(include_url=False)[0]
        raise Misconfigured(f"{path} holds no floors: {problem['msg']} ({problem['loc']}); see evals/README.md") from exc


def misses(floors: Floors, figures: Mapping[str, Estimate]) -> tuple[str, ...]:
    """A line for each figure on the wrong side of its floor. Raises Misconfigured if a floor names no figure."""
    lines = []
    left_out = tuple(part for part in OPTIONAL_PARTS if not any(name.startswith(part) for name in figures))
    for bounds, sign, word in ((floors.at_least, 1, "below"), (floors.at_most, -1, "above")):
        for name, bound in bounds.items():
            if name.startswith(left_out):
                continue
            if name not in figures:
                raise Misconfigured(f"the floors name {name}, which is not measured; correct the file")
            value = figures[name].value
            # As printed: a floor copied from the board is met by the run that it was copied from.
            if value is None or sign * round(value, 3) < sign * round(bound, 3):
                lines.append(f"{name} is {'undefined' if value is None else f'{value:.3f}'}, {word} {bound:.3f}")
    return tuple(lines)
