import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coopbot.domain import Article, Source
from coopbot.errors import Duplicate, InvalidRequest, Misconfigured, NotFound, Unreadable
from coopbot.ingest.corpus import Corpus
from coopbot.ingest.draft import Draft
from coopbot.ingest.tidy import normal_form

ROOT = Path(__file__).parents[2]
DRAFT = Draft(
    title="Bridge opens",
    text="The bridge opened on Friday.\n\n## Tolls\n\nThey are *not* low: 2,500 roubles [a lorry].",
    authors=("Anna Low",),
    publisher="River Daily",
    published=date(2025, 5, 10),
    url="https://river.example/a",
    sources=(Source(publisher="TASS", facts=("HB-01",)),),
)


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return Corpus(tmp_path / "corpus")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "corpus").mkdir()
    return tmp_path / "corpus"


def write(path: Path, text: str = "---\ntitle: T\n---\nText of it.\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def articles(corpus: Corpus) -> Iterator[Article]:
    return (found for found in corpus if isinstance(found, Article))


def test_add_writes_an_article_that_reads_back_the_same(corpus: Corpus) -> None:
    added = corpus.add(DRAFT)
    assert added.article_id == "en/bridge-opens"
    assert added.text == DRAFT.text
    assert (added.title, added.authors, added.publisher) == (DRAFT.title, DRAFT.authors, DRAFT.publisher)
    assert (added.published, added.url, added.sources, added.language) == (DRAFT.published, DRAFT.url, DRAFT.sources, "en")
    assert corpus.read("en/bridge-opens") == added
    assert list(corpus) == [added]


def test_add_leaves_one_markdown_file(corpus: Corpus, tmp_path: Path) -> None:
    corpus.add(DRAFT)
    files = [path.name for path in (tmp_path / "corpus").rglob("*") if path.is_file()]
    assert files == ["bridge-opens.md"]


def test_language_is_detected_and_names_the_folder(corpus: Corpus) -> None:
    assert corpus.add(Draft(title="Мост открыт", text="Мост открыли в пятницу.")).article_id == "ru/most-otkryt"
    added = corpus.add(Draft(title="大桥通车", text="大桥周五通车。", published=date(2025, 5, 10)))
    assert added.article_id.startswith("zh/2025-05-10-")


def test_the_same_title_gets_another_id(corpus: Corpus) -> None:
    corpus.add(DRAFT)
    assert corpus.add(replace(DRAFT, text="Another text of it.")).article_id == "en/bridge-opens-2"


def test_the_same_text_is_refused_with_the_id_it_equals(corpus: Corpus) -> None:
    corpus.add(DRAFT)
    with pytest.raises(Duplicate) as caught:
        corpus.add(replace(DRAFT, title="Another title"))
    assert caught.value.article_id == "en/bridge-opens"
    assert len(list(corpus)) == 1


@pytest.mark.parametrize("field", ["title", "text"])
def test_an_article_needs_title_and_text(corpus: Corpus, field: str) -> None:
    empty = replace(DRAFT, title=" ") if field == "title" else replace(DRAFT, text="\n\u200b")
    with pytest.raises(InvalidRequest) as caught:
        corpus.add(empty)
    assert caught.value.field == field


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(normal_form))
def test_any_text_survives_the_round_trip(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    corpus = Corpus(tmp_path_factory.mktemp("corpus"))
    assert corpus.add(Draft(title="T", text=text)).text == normal_form(text)


def test_the_digest_changes_with_what_is_indexed_and_not_with_the_id(corpus: Corpus, root: Path) -> None:
    write(root / "a.md")
    write(root / "b.md")
    write(root / "c.md", "---\ntitle: T\npublisher: P\n---\nText of it.\n")
    write(root / "d.md", "---\ntitle: T\n---\nText of it!\n")
    digests = [article.sha256 for article in articles(corpus)]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3
    assert len(digests[0]) == 64


def test_a_bad_file_is_named_and_the_rest_goes_on(corpus: Corpus, root: Path) -> None:
    write(root / "en/good.md")
    write(
        root / "en/page.html", "<html><body><p>The bridge opened on Friday, the port said. It is open to all.</p></body></html>"
    )
    write(root / "en/empty.md", "")
    write(root / "en/key.md", "---\ntitle: T\nauthor: A\n---\nText.\n")
    write(root / "en/table.xlsx", "x")
    (root / "en/bytes.txt").write_bytes("Мост.".encode("windows-1251"))
    with (root / "en/large.pdf").open("wb") as file:
        file.truncate(50_000_000)
    found = list(corpus)
    assert [article.article_id for article in found if isinstance(article, Article)] == ["en/good", "en/page"]
    errors = {error.source: error.reason for error in found if isinstance(error, Unreadable)}
    assert sorted(errors) == ["en/bytes.txt", "en/empty.md", "en/key.md", "en/large.pdf", "en/table.xlsx"]
    assert "unknown key: author" in errors["en/key.md"]
    assert "50 MB" in errors["en/large.pdf"]


def test_readmes_and_hidden_files_are_not_articles(corpus: Corpus, root: Path) -> None:
    for name in ("README.md", "en/README.md", ".hidden.md", ".git/a.md", "en/.a.tmp"):
        write(root / name)
    assert list(corpus) == []


def test_two_files_of_one_id(corpus: Corpus, root: Path) -> None:
    write(root / "a.md")
    write(root / "a.txt", "Bridge opens\n\nThe bridge opened on Friday, the port said.\n")
    first, second = list(corpus)
    assert isinstance(first, Article)
    assert isinstance(second, Unreadable)
    assert second.reason == "a.md goes by the same id"


def test_ids_are_in_order_and_may_hold_dots(corpus: Corpus, root: Path) -> None:
    for name in ("zh/b.md", "en/v1.2.md", "en/a.md"):
        write(root / name)
    assert [article.article_id for article in articles(corpus)] == ["en/a", "en/v1.2", "zh/b"]
    assert corpus.read("en/v1.2").title == "T"


BAD_IDS = ["", ".", "..", "../outside", "en/../../outside", "/etc/passwd", "en//a", "en/a/", "en\\a", ".hidden", "en/a\0"]
BAD_IDS += ["en/README", "README", "a" * 5000, "link", "folder"]


@pytest.mark.parametrize("article_id", BAD_IDS, ids=range(len(BAD_IDS)))
def test_no_id_leads_out_of_the_corpus(corpus: Corpus, root: Path, article_id: str) -> None:
    write(root.parent / "outside.md")
    write(root / "en/a.md")
    write(root / "README.md")
    write(root / ".hidden.md")
    (root / "folder.md").mkdir()
    (root / "link.md").symlink_to(root.parent / "outside.md")
    with pytest.raises(NotFound):
        corpus.read(article_id)
    with pytest.raises(NotFound):
        corpus.remove(article_id)
    assert (root.parent / "outside.md").exists()


def test_a_link_out_of_the_corpus_is_not_followed(corpus: Corpus, root: Path) -> None:
    write(root.parent / "outside.md")
    (root / "link.md").symlink_to(root.parent / "outside.md")
    (found,) = corpus
    assert isinstance(found, Unreadable)
    assert "out of the corpus" in found.reason


def test_remove(corpus: Corpus) -> None:
    article_id = corpus.add(DRAFT).article_id
    corpus.remove(article_id)
    assert list(corpus) == []
    with pytest.raises(NotFound, match="en/bridge-opens"):
        corpus.remove(article_id)


def test_a_missing_folder_is_said(corpus: Corpus) -> None:
    with pytest.raises(Misconfigured, match="no corpus folder"):
        list(corpus)
    with pytest.raises(NotFound):
        corpus.read("en/a")


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_write_that_fails_leaves_nothing(corpus: Corpus, root: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(Misconfigured, match=r"cannot write .*No space left"):
        corpus.add(DRAFT)
    assert [path for path in root.rglob("*") if path.is_file()] == []


def test_the_corpus_of_the_project_is_read_whole() -> None:
    found = list(Corpus(ROOT / "corpus"))
    assert [error for error in found if isinstance(error, Unreadable)] == []
    assert {article.language for article in found if isinstance(article, Article)} == {"en", "zh", "ru"}
