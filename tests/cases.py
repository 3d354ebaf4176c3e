"""One check over many cases as one test: what thousands of parametrised tests would say, without what each of them costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import pytest

Case = TypeVar("Case")


def check_each(cases: Iterable[Case], check: Callable[[Case], object], name: Callable[[Case], object] = repr) -> None:
    """Checks every case, reports every one that fails, by its name, and fails where there are no cases."""
    count, failures = 0, list[BaseException]()
    for case in cases:
        count += 1
        try:
            check(case)
        except (Exception, pytest.fail.Exception) as exc:
            exc.add_note(f"case: {name(case)}")
            failures.append(exc)
    assert count > 0, "there are no cases"
    if failures:
        raise BaseExceptionGroup(f"{len(failures)} of {count} cases", failures)
