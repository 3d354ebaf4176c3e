"""`make notice`: writes THIRD-PARTY.md, the libraries of requirements.txt with their licences, as installed here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
# What the image has.
_IMAGE = {
    "python_version": "3.11",
    "python_full_version": "3.11.9",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "platform_machine": "x86_64",
    "os_name": "posix",
}
_CLASSIFIER = "License :: OSI Approved :: "
_LONGEST = 60

_HEAD = """# Third-party software

coopbot is under the licence in LICENSE. Its image contains these libraries; its wheel does not. The text of each licence is in
the folder `*.dist-info` of its library. `make notice` writes this page.

| library | release | licence | |
|---|---|---|---|
"""


def requirements() -> Iterator[Requirement]:
    """What requirements.txt pins for the image."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    for line in re.findall(r"^[a-z0-9][^\\\n#]*", text, re.M):
        requirement = Requirement(line.strip())
        if requirement.marker is None or requirement.marker.evaluate(_IMAGE):
            yield requirement


def licence(name: str) -> str:
    """The licence that a library declares, as short as it does; "see its files" if it declares none."""
    about = distribution(name).metadata
    classified = [one.removeprefix(_CLASSIFIER) for one in about.get_all("Classifier") or [] if one.startswith(_CLASSIFIER)]
    short = [one for one in about.get_all("License") or [] if len(one) <= _LONGEST]
    return ", ".join(about.get_all("License-Expression") or classified or short) or "see its files"


def row(requirement: Requirement) -> str:
    """The row of a library. Raises PackageNotFoundError if it is not installed."""
    about = distribution(requirement.name).metadata
    pinned = next(iter(requirement.specifier)).version
    return f"| {requirement.name} | {pinned} | {licence(requirement.name)} | <https://pypi.org/project/{about['Name']}/> |"


def main() -> None:
    """Write the page. A library that is not installed ends it."""
    try:
        rows = [row(requirement) for requirement in requirements()]
    except PackageNotFoundError as missing:
        raise SystemExit(f"{missing.name} is not installed; run: make check") from missing
    (ROOT / "THIRD-PARTY.md").write_text(_HEAD + "\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
