"""Pages that are no article of ours, or too much of one: taken right or refused with the reason."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from coopbot.errors import InvalidRequest, Unreadable
from coopbot.ingest.corpus.store import Corpus
from coopbot.ingest.draft import Draft
from coopbot.ingest.formats.readers import read_bytes
from coopbot.ingest.page.clean import clean_page
from coopbot.ingest.page.html import read_html
from coopbot.text.language import is_other_language

NOW = datetime(2025, 6, 5, tzinfo=UTC)
SENTENCE = "The ferry between Lindenport and Osterquay will sail four times a day from Monday, the harbour office said. "


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    (tmp_path / "corpus").mkdir()
    return Corpus(tmp_path / "corpus", now_ns=lambda: int(NOW.timestamp() * 1e9))


FRENCH = (
    "Le bac entre les deux rives partira quatre fois par jour dès lundi, a annoncé jeudi la capitainerie "
    "du port. Le billet coûte vingt-deux euros et les enfants de moins de cinq ans voyagent gratuitement "
    "avec un adulte. Le départ supplémentaire restera au programme jusqu'à la fin du mois de septembre, "
    "puis la ville décidera selon la météo et la demande des voyageurs."
)
UKRAINIAN = (
    "Пором між двома берегами з понеділка ходитиме чотири рази на день, повідомили в управлінні порту. "
    "Квиток коштує двадцять дві гривні, а діти до п'яти років їдуть безкоштовно разом із дорослими. "
    "Додатковий рейс триватиме до кінця вересня, далі місто вирішить за погодою та кількістю пасажирів, "
    "які чекають на причалі щодня, сказали журналістам у порту в четвер."
)
BULGARIAN = (
    "Фериботът между двата бряга ще пътува четири пъти на ден от понеделник, съобщиха от управлението на пристанището. "
    "Билетът струва двадесет и два лева, а децата до пет години пътуват безплатно. Допълнителният курс ще остане до края "
    "на септември, след което градът ще реши според времето и броя на пътниците."
)
KOREAN = "두 강변을 잇는 여객선이 월요일부터 하루 네 번 운항한다고 항만청이 목요일에 밝혔다. 요금은 이만 이천 원이다."
MONGOLIAN = "Хоёр эргийн хооронд усан онгоц даваа гарагаас эхлэн өдөрт дөрвөн удаа явна гэж боомтын захиргаа мэдэгдлээ."
GERMAN = (
    "Die Fähre zwischen den beiden Ufern fährt ab Montag viermal täglich, teilte das Hafenamt am Donnerstag mit. "
    "Die Karte kostet zweiundzwanzig Euro, Kinder unter fünf Jahren fahren frei. Die zusätzliche Fahrt bleibt bis Ende "
    "September im Fahrplan, danach entscheidet die Stadt nach Wetter und Nachfrage der Fahrgäste."
)
JAPANESE = (
    "両岸を結ぶ渡し船は月曜日から一日四便になると港務局が木曜日に発表した。運賃は二千二百円で、五歳未満の子どもは無料である。"
)


FOREIGN = {
    "fr": FRENCH,
    "de": GERMAN,
    "uk": UKRAINIAN,
    "bg": BULGARIAN,
    "mn": MONGOLIAN,
    "ko": KOREAN,
    "ja": JAPANESE,
}


@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN.keys())
def test_a_page_in_a_fourth_language_is_refused(corpus: Corpus, text: str) -> None:
    with pytest.raises(InvalidRequest, match="none of the languages en, zh and ru; give a translation"):
        corpus.add(Draft(title="T", text=text))


@pytest.mark.parametrize(
    "text",
    [
        SENTENCE * 3,
        f"{SENTENCE}The ship is called Київ.",
        "Паром ходит четыре раза в день. " * 9,
        "渡轮每天开行四班。",
        "Ferry Lindenport",
    ],
)
def test_pages_in_the_three_languages_are_accepted(text: str) -> None:
    assert not is_other_language(text)


def test_a_table_only_or_a_gallery_is_refused() -> None:
    table = "Timetable\n" + "\n".join(f"Lindenport {hour}:00 Osterquay {hour}:40" for hour in range(7, 20))
    gallery = "Gallery\n" + "\n".join(f"The quay at dawn, picture {number}\nPhoto: N. Whitfield" for number in range(9))
    for page in (table, gallery):
        with pytest.raises(Unreadable, match="no article text"):
            clean_page(page, "x")


def test_captions_are_left_out() -> None:
    captions = ("旅客在码头登上轮渡。", "Паром у причала утром.", "Passengers board the ferry.")
    for caption in captions:
        for element in (
            f"<figure><img src='1.jpg'><figcaption>{caption}</figcaption></figure>",
            f"<p class='img-caption'>{caption}</p>",
        ):
            assert caption not in read_html(as_page(*PARAGRAPHS[:2], element, *PARAGRAPHS[2:]), "x.html").text


def test_of_two_articles_in_one_page_the_first_is_taken() -> None:
    first, second = SENTENCE * 3, "Herring prices fell by a fifth at the quay this week, fishermen said. " * 3
    draft = clean_page(f"Ferry adds a trip\n\n{first}\n\nNext article\n\nHerring gets cheaper\n\n{second}", "x")
    assert draft.title == "Ferry adds a trip"
    assert "Herring" not in draft.text


def test_a_date_in_the_future_is_left_out_with_a_note(corpus: Corpus) -> None:
    arrival = corpus.add(Draft(title="Ferry", text=SENTENCE, published=date(2031, 1, 1)))
    assert arrival.article.published is None
    assert "published" in arrival.missing
    assert arrival.notes == ("the date 2031-01-01 is in the future and was left out",)


def test_a_title_of_many_characters_is_cut(corpus: Corpus) -> None:
    assert len(corpus.add(Draft(title="Ferry " * 90, text=SENTENCE)).article.title) <= 121


def test_a_page_of_many_paragraphs_is_read_to_its_end() -> None:
    paragraphs = "\n\n".join(f"{SENTENCE}Trip number {number} was full." for number in range(800))
    assert clean_page(f"Ferry adds a trip\n\n{paragraphs}", "x").text.endswith("Trip number 799 was full.")


def as_page(*blocks: str, title: str = "Ferry adds a trip", head: str = "") -> bytes:
    return f"<html><head><title>{title}</title>{head}</head><body>{''.join(blocks)}</body></html>".encode()


PARAGRAPHS = [f"<p>{SENTENCE}Trip number {number} was full.</p>" for number in range(5)]


@pytest.mark.parametrize("text", [FRENCH, UKRAINIAN, BULGARIAN, JAPANESE], ids=["fr", "uk", "bg", "ja"])
def test_a_web_page_in_a_fourth_language_is_refused(corpus: Corpus, text: str) -> None:
    with pytest.raises(InvalidRequest, match="none of the languages en, zh and ru; give a translation"):
        corpus.add(read_html(as_page("<h1>T</h1>", f"<p>{text}</p>" * 3), "x.html"))
    assert not list(corpus)


def test_a_web_page_that_is_a_table_or_a_gallery_is_refused() -> None:
    rows = "".join(f"<tr><td>Lindenport</td><td>{hour}:00</td><td>Osterquay</td></tr>" for hour in range(7, 20))
    pictures = "".join(
        f"<figure><img src='{n}.jpg'><figcaption>The quay at dawn, picture {n}</figcaption></figure>" for n in range(9)
    )
    for body in (f"<h1>Timetable</h1><table>{rows}</table>", f"<h1>Gallery</h1>{pictures}"):
        with pytest.raises(Unreadable, match="no article text"):
            read_html(as_page(body), "x.html")


def test_of_two_articles_in_one_web_page_the_first_is_taken() -> None:
    herring = "<p>Herring prices fell by a fifth at the quay this week, fishermen said on Friday.</p>" * 3
    first = f"<article><h1>Ferry adds a trip</h1>{''.join(PARAGRAPHS)}</article>"
    draft = read_html(as_page(first, f"<article><h1>Herring gets cheaper</h1>{herring}</article>"), "x.html")
    assert draft.title == "Ferry adds a trip"
    assert "Trip number 4 was full." in draft.text
    assert "Herring" not in draft.text


def test_the_date_of_a_web_page_in_the_future_is_left_out(corpus: Corpus) -> None:
    head = '<meta property="article:published_time" content="2031-01-01T08:00:00Z">'
    arrival = corpus.add(read_html(as_page("<h1>Ferry adds a trip</h1>", *PARAGRAPHS, head=head), "x.html"))
    assert arrival.article.published is None


def test_a_web_page_with_a_title_of_500_characters_is_taken(corpus: Corpus) -> None:
    long = ("The ferry between Lindenport and Osterquay adds a trip " * 10)[:500]
    arrival = corpus.add(read_html(as_page(f"<h1>{long}</h1>", *PARAGRAPHS, title=long), "x.html"))
    assert arrival.article.title.startswith("The ferry between Lindenport and Osterquay")
    assert len(arrival.article.title) <= 121
    assert "Trip number 4 was full." in arrival.article.text


@pytest.mark.parametrize(
    "ballast",
    [
        "<script>" + "var a = 1;" * 500_000 + "</script>",
        '<img alt="" src="data:image/png;base64,' + "A" * 5_000_000 + '">',
        "<style>" + "p { margin: 0 }" * 340_000 + "</style>",
    ],
    ids=["script", "picture", "style"],
)
def test_a_page_of_5_mb_of_which_little_is_text_is_read(ballast: str) -> None:
    data = as_page("<h1>Ferry adds a trip</h1>", ballast, *PARAGRAPHS)
    assert len(data) > 5_000_000
    assert read_bytes(data, "x.html").text.endswith("Trip number 4 was full.")


@pytest.mark.parametrize("name", ["x.html", "x.txt"])
def test_a_page_of_5_mb_of_text_is_refused_by_its_length(name: str) -> None:
    text = "".join(PARAGRAPHS * 7500)
    data = as_page(text) if name == "x.html" else text.encode()
    assert len(data) > 5_000_000
    with pytest.raises(Unreadable, match=r"too long \([45],\d+,\d+ characters of text; the limit is 600,000\)"):
        read_bytes(data, name)


def test_a_preview_writes_nothing(corpus: Corpus, tmp_path: Path) -> None:
    arrival = corpus.previewing().add(Draft(title="Ferry", text=SENTENCE, publisher="River Daily"))
    assert (arrival.change, arrival.article.article_id) == ("added", "en/ferry")
    assert arrival.missing == ("authors", "published", "url")
    assert not list((tmp_path / "corpus").rglob("*.md"))
