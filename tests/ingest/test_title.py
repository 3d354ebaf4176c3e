from coopbot.ingest.page.kinds import Kind
from coopbot.ingest.page.title import find_title, split_site, stems, word_overlap

PROSE = "The grain terminal on the Amur loaded its first hopper cars on Tuesday and sent them to a mill."


def test_the_title_shares_its_words_with_the_article() -> None:
    blocks = [
        "River Daily",
        "Fish market moves indoors",
        "Grain terminal on the Amur loads hopper cars",
        "Cold snap ahead",
        PROSE,
    ]
    kinds = [Kind.LINE] * 4 + [Kind.PROSE]
    assert find_title(blocks, kinds) == 2


def test_a_subheading_after_the_first_paragraph_is_no_title() -> None:
    blocks = [PROSE, "Hopper cars and the grain terminal", PROSE]
    assert find_title(blocks, [Kind.PROSE, Kind.LINE, Kind.PROSE]) is None


def test_a_name_above_the_date_is_no_title() -> None:
    blocks = ["Grain terminal loads cars", "ANNA LOW", "May 1, 2025", PROSE + " Anna Low saw it."]
    assert find_title(blocks, [Kind.LINE, Kind.LINE, Kind.BYLINE, Kind.PROSE]) == 0


def test_stems_and_word_overlap() -> None:
    assert stems("Мосты, мостов и the bridges") == {"мосты", "мосто", "bridg"}
    assert stems("黑河口岸") == {"黑河", "河口", "口岸"}
    assert word_overlap("Bridge tolls", stems("Bridges and tolls")) == 1.0
    assert word_overlap("Bridge tolls", stems("ferry")) == 0.0
    assert word_overlap("12", stems("ferry")) == 0.0


def test_split_site() -> None:
    assert split_site("Паром добавит рейс на выходные | Амурские вести", []) == (
        "Паром добавит рейс на выходные",
        "Амурские вести",
    )
    assert split_site("跨境电商仓为何建在江对岸_财经_边疆观察", []) == ("跨境电商仓为何建在江对岸", "边疆观察")
    assert split_site("Ferry adds a trip — River Daily", ["Ferry adds a trip"]) == ("Ferry adds a trip", "River Daily")
    assert split_site("Heihe — Blagoveshchensk: a year on", []) == ("Heihe — Blagoveshchensk: a year on", "")
