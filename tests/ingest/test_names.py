import pytest

from coopbot.ingest.page.names import is_organisation, is_signature, name_case, person_names, publisher_name


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("LIU NA and ZHANG YUE", ("Liu Na", "Zhang Yue")),
        ("J. P. Harrow", ("J. P. Harrow",)),
        ("Anna Low, Bo Chen and Carl van Dyck", ("Anna Low", "Bo Chen", "Carl van Dyck")),
        ("Staff Writer", ()),
        ("Иван ПЕТРОВ и А. Седых", ("Иван Петров", "А. Седых")),
        ("张三 李小四、王五", ("张三", "李小四", "王五")),
        ("张 三", ("张三",)),
        ("谢尔盖·伊万诺夫", ("谢尔盖·伊万诺夫",)),
        ("黑龙江日报", ()),
        ("2025", ()),
    ],
)
def test_person_names(value: str, names: tuple[str, ...]) -> None:
    assert person_names(value) == names


def test_without_a_label_only_sure_names_count() -> None:
    assert person_names("Анна Седых, Пётр Ли", sure=True) == ("Анна Седых", "Пётр Ли")
    assert person_names("Дальний Восток", sure=True) == ()
    assert person_names("国际新闻", sure=True) == ()


def test_is_signature() -> None:
    assert is_signature("Елена РАКИТИНА.")
    assert is_signature("Sofia Lane and Wei Ming")
    assert not is_signature("Sofia Lane reported from Hunchun.")
    assert not is_signature("")


@pytest.mark.parametrize(
    ("name", "cased"),
    [("ZHANG YUE", "Zhang Yue"), ("J. SMITH", "J. Smith"), ("McDonald", "McDonald"), ("ПЕТРОВ-ВОДКИН", "Петров-Водкин")],
)
def test_name_case(name: str, cased: str) -> None:
    assert name_case(name) == cased


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("CHINA DAILY", "China Daily"),
        ("RIA NEWS", "RIA News"),
        ("TASS", "TASS"),
        ("«Таёжный курьер»", "Таёжный курьер"),
        ("ИА «Вестник»", "ИА «Вестник»"),
        ("Share", ""),
        ("首页", ""),
        ("One sentence. And another one", ""),
        ("", ""),
    ],
)
def test_publisher_name(value: str, name: str) -> None:
    assert publisher_name(value) == name


def test_is_organisation() -> None:
    assert is_organisation("新江社")
    assert is_organisation("River Daily")
    assert not is_organisation("Anna Low")
