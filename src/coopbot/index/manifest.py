"""What a snapshot says of itself, and the checks that it still is what it says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from coopbot.domain import Language
from coopbot.errors import IndexBroken, IndexMismatch

# Raise when files of a snapshot change their meaning; older snapshots are then rebuilt.
FORMAT = 4

_NAME = "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`files` maps each file's path within the snapshot to its size and sha256; `previous` names the snapshot before."""

    format: int
    fingerprint: str
    model: str
    precision: str
    dim: int
    built_at: str
    corpus_sha256: str
    articles: int
    passages: dict[Language, int]
    sentences: int
    tokens: int
    previous: str | None
    files: dict[str, dict[str, int | str]]

    def write(self, folder: Path) -> None:
        """Write `manifest.json`."""
        (folder / _NAME).write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read `manifest.json`. Raises IndexBroken, IndexMismatch (another format)."""
        try:
            fields = json.loads((folder / _NAME).read_text(encoding="utf-8"))
            if fields["format"] != FORMAT:
                raise IndexMismatch(f"{folder.name} has index format {fields['format']}, not {FORMAT}; run: coopbot index")
            return cls(**fields)
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise IndexBroken(f"the manifest of snapshot {folder.name} is missing or damaged; run: coopbot index") from exc

    def verify(self, folder: Path) -> None:
        """Compare every file with its size and checksum. Raises IndexBroken naming the first that differs."""
        for name, expected in self.files.items():
            path = folder / name
            if not path.is_file() or path.stat().st_size != expected["bytes"] or sha256_of(path) != expected["sha256"]:
                raise IndexBroken(f"{name} in snapshot {folder.name} is missing or damaged; run: coopbot index")

    def require(self, fingerprint: str) -> None:
        """Raise IndexMismatch unless the snapshot was built by the model with this fingerprint."""
        if self.fingerprint != fingerprint:
            raise IndexMismatch(
                f"the index was built with another model ({self.model}); run: coopbot index, or set COOPBOT_MODEL back"
            )


def describe_files(folder: Path) -> dict[str, dict[str, int | str]]:
    """Sizes and checksums of all files under a folder."""
    return {
        path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != _NAME
    }


def sha256_of(path: Path) -> str:
    """The hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def corpus_sha256(sha256_by_article: Mapping[str, str]) -> str:
    """One digest for a whole corpus: which articles, with which content."""
    lines = [f"{article_id} {digest}" for article_id, digest in sorted(sha256_by_article.items())]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
