"""Environments for packages that nothing else needs, installed once into the user's cache."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import platformdirs


def environment(name: str, packages: Sequence[str]) -> Path:
    """The `bin` folder of an environment that has these packages."""
    folder = platformdirs.user_cache_path("coopbot-soak") / name
    done = folder / "installed"
    if not done.exists() or done.read_text(encoding="utf-8") != "\n".join(packages):
        subprocess.run([sys.executable, "-m", "venv", "--clear", os.fspath(folder)], check=True)
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", *packages], check=True)
        done.write_text("\n".join(packages), encoding="utf-8")
    return folder / "bin"
