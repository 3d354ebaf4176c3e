"""The manifest of a snapshot, and verification of its files."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from coopbot.errors import IndexBroken, IndexMismatch
from coopbot.index.types import Contents, Facts

# Increase when the meaning of snapshot files changes; snapshots in a format that is not read any more are rebuilt.
FORMAT = 10
# Format 9 is the same without attributions.
_READ = (9, FORMAT)

_NAME = "manifest.json"

# A snapshot's name has the digest of its manifest, which has those of all other files. A folder being built has none.
_DIGEST_IN_NAME = re.compile("Z-([0-9a-f]{8})$")

FileEntry = dict[str, int | str]
"""`bytes` and `sha256` of a file."""

Verified = set[tuple[int, int, int, int, str]]
"""Verified files: (device, inode, size, time of last change) with their checksum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest(Contents):
    """`segments` maps each segment's folder to the ids of its removed articles, which the counts leave out. `files` maps each
    file's path within the snapshot to its size and sha256.
    """

    format: int
    segments: dict[str, list[str]]
    files: dict[str, FileEntry]

    def write(self, folder: Path) -> None:
        """Write `manifest.json`."""
        (folder / _NAME).write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read `manifest.json`. Raises IndexBroken, IndexMismatch (another format)."""
        try:
            data = (folder / _NAME).read_bytes()
            if (digest := _DIGEST_IN_NAME.search(folder.name)) and not hashlib.sha256(data).hexdigest().startswith(digest[1]):
                raise ValueError("its sha256 is not the one in the snapshot's name")
            fields = json.loads(data)
            if fields["format"] not in _READ:
                raise IndexMismatch(f"{folder.name} has index format {fields['format']}, not {FORMAT}; run: coopbot index")
            return cls(**{**fields, "facts": Facts(**fields["facts"])})
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise IndexBroken(f"the manifest of snapshot {folder.name} is missing or damaged; run: coopbot index") from exc

    def verify(self, folder: Path, verified: Verified, under: str = "") -> None:
        """Compare the checksum of every file under a folder, except those in `verified`, and add them to it.

        Raises IndexBroken naming the first that differs.
        """
        for name, expected in self.files.items():
            if not name.startswith(under):
                continue
            path, sha256 = folder / name, str(expected["sha256"])
            try:
                found = path.stat()
                mark = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, sha256)
                whole = mark in verified or sha256_of(path) == sha256
            except OSError as exc:
                raise IndexBroken(f"{name} in snapshot {folder.name} cannot be read ({exc}); run: coopbot index") from exc
            if not whole:
                raise IndexBroken(f"{name} in snapshot {folder.name} is damaged; run: coopbot index")
            verified.add(mark)

    def require(self, fingerprint: str) -> None:
        """Raise IndexMismatch unless the snapshot was built by the model with this fingerprint."""
        if self.facts.fingerprint != fingerprint:
            raise IndexMismatch(
                f"the index was built with another model ({self.facts.model}); run: coopbot index, or set COOPBOT_MODEL back"
            )


def describe_files(folder: Path, known: Mapping[str, FileEntry] | None = None) -> dict[str, FileEntry]:
    """Sizes and checksums of all files under a folder except its manifest. Entries in `known` are reused."""
    described: dict[str, FileEntry] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and path.name != _NAME:
            described[name] = (known or {}).get(name) or {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
    return described


def sha256_of(path: Path) -> str:
    """The hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def corpus_sha256(sha256_by_article: Mapping[str, str]) -> str:
    """One digest of a whole corpus: its article ids and their content."""
    lines = [f"{article_id} {digest}" for article_id, digest in sorted(sha256_by_article.items())]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
