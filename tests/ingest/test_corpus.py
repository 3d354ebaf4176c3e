import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coopbot.domain import Article, Language, Source, When
from coopbot.errors import Duplicate, InvalidRequest, Misconfigured, NotFound, Unreadable
from coopbot.ingest.corpus.store import Corpus
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


def write(path: Path, text: str = "---\ntitle: T\n---\nText of it.\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def articles(corpus: Corpus) -> Iterator[Article]:
    return (found for found in corpus if isinstance(found, Article))


def test_add_writes_an_article_that_reads_back_the_same(corpus: Corpus) -> None:
    added = corpus.add(DRAFT).article
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
    assert corpus.add(Draft(title="Мост открыт", text="Мост открыли в пятницу.")).article.article_id == "ru/most-otkryt"
    added = corpus.add(Draft(title="大桥通车", text="大桥周五通车。", published=date(2025, 5, 10))).article
    assert added.article_id.startswith("zh/2025-05-10-")


def test_what_cannot_be_read_back_is_not_left_in_the_corpus(root: Path) -> None:
    def read(data: bytes, name: str) -> Draft:
        raise Unreadable(name, "reading it takes longer than 30 s")

    corpus = Corpus(root, read=read)
    for _ in range(2):
        with pytest.raises(Unreadable):
            corpus.add(DRAFT)
    assert files(root) == []


def test_the_same_title_gets_another_id(corpus: Corpus) -> None:
    corpus.add(DRAFT)
    assert (
        corpus.add(replace(DRAFT, text="Another text of it.", url="https://river.example/b")).article.article_id
        == "en/bridge-opens-2"
    )


def test_the_same_text_is_refused_with_the_id_it_equals(corpus: Corpus) -> None:
    corpus.add(DRAFT)
    with pytest.raises(Duplicate) as caught:
        corpus.add(replace(DRAFT, title="Another title"))
    assert caught.value.article_id == "en/bridge-opens"
    assert len(list(corpus)) == 1


# Long enough to be judged, and all different: shared words are no sign of one story here.
STORIES: dict[Language, str] = {
    "en": "The bridge at Heihe carried 5 million tonnes in May 2025. Lorries wait less than before, drivers told the port. "
    "Customs officers opened two more lanes for grain, timber and machinery. The mayor promised parking, fuel and a canteen. "
    "Shops along the embankment sell honey, chocolate and ice cream to visitors. A cable car will follow when money is found. "
    "Winter fog still closes the crossing on some mornings, which nobody has learned to foresee.",
    "ru": "Мост у Хэйхэ в мае 2025 года пропустил 5 млн тонн. Грузовики стоят меньше прежнего, рассказали водители в порту. "
    "Таможня открыла ещё две полосы для зерна, леса и машин. Мэр обещал стоянку, заправку и столовую. "
    "Магазины на набережной продают туристам мёд, шоколад и мороженое. Канатная дорога появится, когда найдут деньги. "
    "Зимой туман всё ещё закрывает переправу по утрам, и предвидеть это никто не научился.",
    "zh": "黑河公路大桥2025年5月过货500万吨。司机告诉口岸，货车等候时间比以前短。海关为粮食、木材和机械增开两条通道。"
    "市长承诺修建停车场、加油站和食堂。沿江商店向游客出售蜂蜜、巧克力和冰淇淋。资金到位以后还会建设跨江索道。"
    "冬季清晨的大雾仍然会让口岸暂停通行，目前无人能够预报。",
}


@pytest.fixture(params=STORIES)
def story(request: pytest.FixtureRequest) -> Draft:
    """A story as its first publisher has it."""
    return Draft(title="Story 2025", text=STORIES[request.param], publisher="River Daily", url="https://river.example/1")


def edited(draft: Draft, *, publisher: str = "TASS", url: str = "https://tass.example/1") -> Draft:
    """The story as another publisher has it."""
    text = f"{publisher}. {draft.text}"
    return replace(draft, title="Another headline", publisher=publisher, url=url, text=text, published=date(2025, 6, 1))


def files(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_another_text_for_a_page_replaces_it(corpus: Corpus, root: Path) -> None:
    corpus.add(DRAFT)
    correction = Draft(title="Bridge opened", text="It opened on Saturday.", url="http://RIVER.example/a/?utm_source=x#top")
    arrival = corpus.add(correction)
    assert (arrival.change, arrival.article.article_id) == ("replaced", "en/bridge-opens")
    assert (arrival.article.title, arrival.article.text) == ("Bridge opened", "It opened on Saturday.")
    assert (arrival.article.publisher, arrival.article.published) == ("River Daily", date(2025, 5, 10))
    assert (arrival.article.authors, arrival.article.sources) == (DRAFT.authors, DRAFT.sources)
    assert list(corpus) == [arrival.article]
    assert files(root) == ["en/bridge-opens.md"]
    assert corpus.add(DRAFT).change == "replaced"


def test_a_correction_is_never_joined_with_what_it_corrects(corpus: Corpus, story: Draft) -> None:
    corpus.add(story)
    assert corpus.add(replace(story, text=f"{story.text} It is so.")).change == "replaced"


def test_front_pages_do_not_replace_each_other(corpus: Corpus) -> None:
    corpus.add(replace(DRAFT, url="https://river.example/"))
    assert corpus.add(replace(DRAFT, text="Another text of it.", url="https://river.example/")).change == "added"


def test_nearly_the_same_words_from_elsewhere_join_the_story(corpus: Corpus, root: Path, story: Draft) -> None:
    first = corpus.add(story).article
    arrival = corpus.add(edited(story))
    source = Source(publisher="TASS", title="Another headline", url="https://tass.example/1", published=When("2025-06-01"))
    assert arrival.change == "joined"
    assert replace(arrival.article, sha256="") == replace(first, sha256="", also_published_by=(source,))
    assert arrival.article.sha256 != first.sha256
    assert list(corpus) == [arrival.article]
    third = corpus.add(edited(story, publisher="Xinhua", url="https://xinhua.example/1"))
    assert [other.publisher for other in third.article.also_published_by] == ["TASS", "Xinhua"]
    assert len(files(root)) == 1


def test_a_publisher_that_is_listed_already_is_a_duplicate(corpus: Corpus, story: Draft) -> None:
    article_id = corpus.add(story).article.article_id
    corpus.add(edited(story))
    nothing_new = [edited(story), edited(story, publisher=""), edited(story, publisher="River Daily", url="")]
    before = list(corpus)
    for draft in nothing_new:
        with pytest.raises(Duplicate) as caught:
            corpus.add(draft)
        assert caught.value.article_id == article_id
    assert list(corpus) == before


@pytest.mark.parametrize(("old", "new"), [("5", "7"), ("2025", "2024")])
def test_the_same_words_with_other_figures_are_another_story(corpus: Corpus, story: Draft, old: str, new: str) -> None:
    corpus.add(story)
    later = edited(story)
    assert corpus.add(replace(later, text=later.text.replace(old, new))).change == "added"
    assert len(list(corpus)) == 2


def test_another_language_is_another_article(corpus: Corpus) -> None:
    corpus.add(Draft(title="T", text=STORIES["en"], language="ru"))
    assert corpus.add(Draft(title="T", text=STORIES["en"] + " Yes.", language="en", publisher="P")).change == "added"


def test_a_joined_file_keeps_its_body_as_it_was_written(corpus: Corpus, root: Path, story: Draft) -> None:
    body = story.text.replace("2025", "**2025**") + "\n\n<!-- checked -->\n"
    write(root / "mine.md", f"---\ntitle: T\npublisher: P\n---\n{body}")
    assert corpus.add(edited(story)).article.article_id == "mine"
    text = (root / "mine.md").read_text(encoding="utf-8")
    assert text.endswith(f"---\n{body}")
    assert "also_published_by:\n- publisher: TASS\n" in text


def test_a_joined_file_without_front_matter_keeps_its_text(corpus: Corpus, root: Path, story: Draft) -> None:
    write(root / "mine.md", f"# Heading\n\n{story.text}\n")
    before = corpus.read("mine")
    after = corpus.add(edited(story)).article
    assert (after.title, after.text) == (before.title, before.text) == ("Heading", story.text)


def test_files_that_are_not_markdown_are_not_rewritten(corpus: Corpus, root: Path) -> None:
    paragraphs = "".join(f"<p>{sentence}.</p>" for sentence in STORIES["en"].split(". "))
    page = f'<html><head><link rel="canonical" href="https://lake.example/1"></head><body><h1>T</h1>{paragraphs}</body></html>'
    write(root / "page.html", page)
    before = corpus.read("page")
    assert before.url == "https://lake.example/1"
    with pytest.raises(InvalidRequest, match=r"page\.html.*yourself") as invalid:
        corpus.add(Draft(title="T", text="Corrected.", url=before.url))
    assert invalid.value.field == "url"
    with pytest.raises(Duplicate) as duplicate:
        corpus.add(edited(Draft(title="T", text=before.text)))
    assert duplicate.value.article_id == "page"
    assert files(root) == ["page.html"]
    assert corpus.read("page") == before


def test_a_link_within_the_corpus_stays_one(corpus: Corpus, root: Path) -> None:
    write(root / "kept/a.md", "---\ntitle: T\nurl: https://lake.example/1\n---\nText.\n")
    (root / "a.md").symlink_to(root / "kept/a.md")
    corpus.add(Draft(title="T", text="Corrected.", url="https://lake.example/1"))
    assert (root / "a.md").is_symlink()
    assert [article.text for article in articles(corpus)] == ["Corrected.", "Corrected."]


def test_one_article_added_by_many_threads_is_added_once(corpus: Corpus, root: Path) -> None:
    changes: list[str] = []

    def work() -> None:
        try:
            changes.append(corpus.add(DRAFT).change)
        except Duplicate:
            changes.append("duplicate")

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(changes) == ["added"] + ["duplicate"] * 5
    assert len(files(root)) == 1


def test_two_open_corpora_see_each_others_articles(tmp_path: Path) -> None:
    one, other = (Corpus(tmp_path / "corpus", tmp_path / "catalogue.sqlite") for _ in range(2))
    one.add(DRAFT)
    with pytest.raises(Duplicate):
        other.add(DRAFT)
    other.add(replace(DRAFT, text="Another text of it.", url=""))
    assert list(one) == list(other)


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
    assert corpus.add(Draft(title="T", text=text, language="en")).article.text == normal_form(text)


def test_the_digest_changes_with_what_is_indexed_and_not_with_the_id(corpus: Corpus, root: Path) -> None:
    write(root / "a.md")
    write(root / "b.md")
    write(root / "c.md", "---\ntitle: T\npublisher: P\n---\nText of it.\n")
    write(root / "d.md", "---\ntitle: T\n---\nText of it!\n")
    digests = [article.sha256 for article in articles(corpus)]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3
    assert len(digests[0]) == 64


def test_a_bad_file_is_reported_and_the_others_are_read(corpus: Corpus, root: Path) -> None:
    write(root / "en/good.md")
    write(
        root / "en/page.html", "<html><body><p>The bridge opened on Friday, the port said. It is open to all.</p></body></html>"
    )
    write(root / "en/empty.md", "")
    write(root / "en/key.md", "---\ntitle: T\nwriter: A\n---\nText.\n")
    write(root / "en/table.xlsx", "x")
    (root / "en/bytes.txt").write_bytes("Мост.".encode("windows-1251"))
    with (root / "en/large.pdf").open("wb") as file:
        file.truncate(50_000_000)
    found = list(corpus)
    assert [article.article_id for article in found if isinstance(article, Article)] == ["en/good", "en/page"]
    errors = {error.source: error.reason for error in found if isinstance(error, Unreadable)}
    assert sorted(errors) == ["en/bytes.txt", "en/empty.md", "en/key.md", "en/large.pdf", "en/table.xlsx"]
    assert "unknown key: writer" in errors["en/key.md"]
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
    assert second.reason == "a.md has the same id; rename one of the two"


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
    assert "out of the folder" in found.reason


def test_remove(corpus: Corpus) -> None:
    article_id = corpus.add(DRAFT).article.article_id
    corpus.remove(article_id)
    assert list(corpus) == []
    with pytest.raises(NotFound, match="en/bridge-opens"):
        corpus.remove(article_id)


def test_several_are_removed_or_none(corpus: Corpus, root: Path) -> None:
    for name in ("a.md", "en/b.md", "c.md"):
        write(root / name)
    with pytest.raises(NotFound, match="en/x"):
        corpus.remove("a", "en/x", "c")
    assert files(root) == ["a.md", "c.md", "en/b.md"]
    corpus.remove("a", "en/b", "a")
    assert files(root) == ["c.md"]


def test_a_name_that_is_not_utf8_is_reported(corpus: Corpus, root: Path) -> None:
    name = os.fsdecode("мост.md".encode("windows-1251"))
    try:
        write(root / name)
    except OSError:
        pytest.skip("this file system takes no such names")
    (found,) = corpus
    assert isinstance(found, Unreadable)
    assert "not UTF-8; rename it" in str(found)
    str(found).encode()


def test_a_missing_folder_is_reported(corpus: Corpus) -> None:
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
