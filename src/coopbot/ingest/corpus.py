"""The corpus folder as a store: one article a file, named by its path under the root without the ending."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path, PurePosixPath

from coopbot.domain import Article
from coopbot.errors import Duplicate, InvalidRequest, Misconfigured, NotFound, Unreadable
from coopbot.ingest.draft import Draft
from coopbot.ingest.markdown import render_article
from coopbot.ingest.readers import ENDINGS, read_file
from coopbot.ingest.slugs import slug_of
from coopbot.ingest.tidy import normal_form, one_line
from coopbot.text.language import detect_language


class Corpus:
    """The articles under one folder. Reads at every call, so that it shows what is there now; writes are atomic."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def __iter__(self) -> Iterator[Article | Unreadable]:
        """Every article in the order of ids; in place of a file that gives none, the error that names it and the reason."""
        seen: dict[str, Path] = {}
        for path in self._files():
            try:
                article = self._read_path(path)
                if article.article_id in seen:
                    raise Unreadable(self._name(path), f"{self._name(seen[article.article_id])} goes by the same id")
            except Unreadable as error:
                yield error
            else:
                seen[article.article_id] = path
                yield article

    def read(self, article_id: str) -> Article:
        """One article. NotFound when there is none of that id; Unreadable when its file is damaged."""
        return self._read_path(self._locate(article_id))

    def add(self, draft: Draft) -> Article:
        """Writes a draft into the corpus and returns the article. Duplicate when an article has the identical text."""
        ready = _ready(draft)
        self._refuse_duplicate(ready)
        path = self._free_path(f"{ready.language}/{slug_of(ready)}")
        _write_atomically(path, render_article(ready).encode())
        return self._read_path(path)

    def remove(self, article_id: str) -> None:
        """Deletes an article's file. NotFound when there is none."""
        path = self._locate(article_id)
        try:
            path.unlink()
            _sync_folder(path.parent)
        except OSError as error:
            raise Misconfigured(f"cannot delete {self._name(path)}: {error.strerror}; check its permissions") from error

    def _files(self) -> Iterator[Path]:
        if not self._root.is_dir():
            raise Misconfigured(f"there is no corpus folder {self._root}; create it or set COOPBOT_CORPUS_DIR")
        found = []
        for folder, subfolders, names in os.walk(self._root):
            subfolders[:] = [name for name in subfolders if not name.startswith(".")]
            found += [Path(folder, name) for name in names if not _is_aside(name)]
        yield from sorted(found, key=lambda path: (self._id(path), path.suffix))

    def _read_path(self, path: Path) -> Article:
        name = self._name(path)
        if not self._is_inside(path):
            raise Unreadable(name, "the link leads out of the corpus folder")
        try:
            return _article(self._id(path), read_file(path, name))
        except UnicodeEncodeError as error:
            raise Unreadable(ascii(name), "the file name is not UTF-8") from error

    def _locate(self, article_id: str) -> Path:
        """The file of an id, which may come from anyone: nothing outside the root, hidden or not an article is found."""
        parts = article_id.split("/")
        plain = all(part and not _is_aside(part) and "\\" not in part and part.isprintable() for part in parts)
        if plain and not PurePosixPath(article_id).is_absolute():
            for ending in ENDINGS:
                path = self._root.joinpath(*parts[:-1], parts[-1] + ending)
                if _is_file(path) and self._is_inside(path):
                    return path
        raise NotFound(f"no article {article_id[:200]!r} in the corpus")

    def _refuse_duplicate(self, draft: Draft) -> None:
        if not self._root.is_dir():
            return
        for article in self:
            if isinstance(article, Article) and article.text == draft.text:
                raise Duplicate(draft.title, article.article_id)

    def _free_path(self, wanted: str) -> Path:
        number = 1
        while True:
            article_id = wanted if number == 1 else f"{wanted}-{number}"
            if not any((self._root / f"{article_id}{ending}").exists() for ending in ENDINGS):
                return self._root / f"{article_id}.md"
            number += 1

    def _is_inside(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self._root.resolve())

    def _name(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()

    def _id(self, path: Path) -> str:
        return path.relative_to(self._root).with_suffix("").as_posix()


def _is_aside(name: str) -> bool:
    """Hidden files and READMEs, which explain the corpus and are not of it."""
    return name.startswith(".") or name.lower() in ("readme", "readme.md")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name too long for the file system
        return False


def _ready(draft: Draft) -> Draft:
    """The draft as it will be read back: normal form, every field filled that can be."""
    text = normal_form(draft.text)
    title = one_line(draft.title)
    if not text:
        raise InvalidRequest("text", "the article has no text; give one")
    if not title:
        raise InvalidRequest("title", "the article has no title; give one")
    return replace(draft, text=text, title=title, language=draft.language or detect_language(text))


def _article(article_id: str, draft: Draft) -> Article:
    article = Article(
        article_id=article_id,
        title=draft.title,
        publisher=draft.publisher,
        published=draft.published,
        url=draft.url,
        language=draft.language or detect_language(draft.text),
        text=draft.text,
        sha256="",
        authors=draft.authors,
        sources=draft.sources,
    )
    return replace(article, sha256=_digest(article))


def _digest(article: Article) -> str:
    """SHA-256 over all that an index stores of an article: text, and every field that a citation shows. The id is not part."""
    fields = asdict(article)
    del fields["article_id"], fields["sha256"]
    return hashlib.sha256(json.dumps(fields, sort_keys=True, ensure_ascii=False, default=str).encode()).hexdigest()


def _write_atomically(path: Path, data: bytes) -> None:
    """The whole file or none, also after a crash: a hidden file beside it, synced, then renamed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise Misconfigured(f"cannot write {path}: {error.strerror}; check the folder and its free space") from error


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # folders cannot be synced there
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
