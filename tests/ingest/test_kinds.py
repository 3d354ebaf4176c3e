import pytest

from coopbot.ingest.page.kinds import Kind, kinds_of, split_tail
from coopbot.ingest.page.shape import Script

EXAMPLES: dict[Kind, dict[Script, list[str]]] = {
    Kind.PROSE: {
        "latin": [
            "Trade between the two regions doubled in ten years.",
            "Much remains to be done, however, in the following fields.",
            "It is slow.",
            "The company lists three conditions for growth:",
            "A casino resort near Vladivostok drew 300,000 visitors last year, and a second one will open in the spring.",
            "Exporters share the cost of the tests, and the licence is issued within three days.",
            "Readers may write to the ministry until June.",
        ],
        "cyrillic": [
            "Первый поезд прошёл по мосту в ноябре.",
            "— А зачем нам второй мост?",
            "Ранее сообщалось, что пункт пропуска закроют на ремонт.",
            "По теме безопасности стороны договорились отдельно: правила утвердят к лету.",
        ],
        "han": [
            "黑河口岸开通绿色通道。",
            "（作者系自由撰稿人，现居黑河）",
            "两个数字并存，引用桥长时应注明出处。",
            "公司、协会、银行、海关、铁路局的代表参加了会议。",
        ],
    },
    Kind.LINE: {
        "latin": ["Grain terminal on the Amur loads its first hopper cars", "Is that progress?"],
        "cyrillic": ["Паром добавит вечерний рейс", "Что дальше?"],
        "han": ["黑河口岸开通鲜活农产品绿色通道", "为何荔枝便宜了？"],
    },
    Kind.ITEM: {
        "latin": ["2022 | 9.1 | 14.6", "1. a second loading track", "• 2022: 3,410", "Cost: 410 million roubles"],
        "cyrillic": ["– подключить резервный привод;", "2023 год 24", "1) дробилку и калибратор;"],
        "han": ["（一）汇率波动；", "2023年 270亿美元"],
    },
    Kind.BYLINE: {
        "latin": ["By ANNA LOW | RIVER DAILY | Updated: 2025-05-10 08:00", "Published April 3, 2025 at 9:15 am"],
        "cyrillic": ["12 мая 2025, 10:15", "Автор: Иван Петров"],
        "han": ["2025年05月12日 10:15 来源：黑龙江日报 作者：张三 责任编辑：李四", "文／许静", "记者 陈可 王立夏 文/摄"],
    },
    Kind.FURNITURE: {
        "latin": [
            "Home / Opinion / World",
            "Share - WeChat",
            "WANG JUN/RIVER DAILY",
            "A lorry on the bridge. Photo: Lena Orlova / Courier",
            "Hopper cars at the siding. [Photo/Xinhua]",
            "Do you know this subject well? Then send us your essay at essays@paper.example.",
            "We use cookies to improve your experience.",
            "Sign up for our weekly newsletter",
            "Read more: Five ports that want to be the gateway",
            "Tags: grain, railways",
            "1.2k shares",
            "License for publishing multimedia online 0108263",
            "Without written permission such content shall not be republished.",
            "BACK TO THE TOP",
            "English",
            "→ The road to Hunchun",
        ],
        "cyrillic": [
            "Главная / Новости / Экономика",
            "Главная • Новости • Архив номеров",
            "ВКонтакте Одноклассники Telegram",
            "Поделиться",
            "Фото: Пресс-служба правительства",
            "Читайте также: Мост закрыт на ремонт",
            "Подписывайтесь на наш канал в Telegram",
            "Нашли опечатку? Выделите её и нажмите Ctrl+Enter",
            "Мы используем файлы cookie, чтобы сайт работал лучше.",
            "При перепечатке ссылка на газету обязательна.",
            "Использование материалов разрешено только при наличии активной гиперссылки.",
            "Просмотров: 1248",
            "Реклама",
            "18+",
            "#Суйфэньхэ #лес",
        ],
        "han": [
            "首页 > 新闻 > 国际",
            "分享到： 微信 微博 QQ空间",
            "字号：大 中 小",
            "图为口岸查验现场。张晓雨 摄",
            "（本文照片由受访者提供）",
            "扫一扫 关注官方微信",
            "【推荐】三代人的照相馆",
            "上一篇：冬储菜价格稳中有降",
            "未经授权不得转载",
            "免责声明：本网刊载的文章仅代表作者个人观点。",
            "4.2万阅读 · 318评论",
        ],
    },
    Kind.RELATED: {
        "latin": ["Most Viewed in 24 Hours", "Related stories", "You may also like:", "More from Marina Volkova"],
        "cyrillic": ["Читайте также", "ЧИТАЙТЕ ТАКЖЕ:", "Самое читаемое", "Материалы по теме", "Новости партнёров"],
        "han": ["相关阅读", "热门新闻", "猜你喜欢", "推荐阅读：", "大家都在看"],
    },
    Kind.STOP: {
        "latin": ["Comments (3)", "Leave a comment", "© 2025 River Daily", "Copyright 1995 - . All rights reserved."],
        "cyrillic": [
            "Комментарии (2)",
            "Добавить комментарий",
            "Свидетельство о регистрации СМИ Эл № ФС77-00000",
            "© ИА «Вестник», 2025",
        ],
        "han": ["网友评论", "版权所有 北疆网", "黑ICP备00000000号-1 黑公网安备 00000000000000号", "@江边老李：希望多烤点。"],
    },
    Kind.SPAM: {
        "latin": [
            "Buy cheap viagra online without prescription. Best price, free shipping, order now.",
            "精品澳门真人娱乐城 注册送彩金 百家乐在线投注",
            "казино вулкан играть онлайн",
        ],
        "cyrillic": [
            "Купить диплом недорого, займ без отказа, казино с бонусом за регистрацию, ставки на спорт онлайн",
            "Лицензионное казино: играй на деньги, получай бонус 200% на первый депозит! Слоты, рулетка, покер онлайн.",
            "cheap viagra online | best casino bonus",
        ],
        "han": [
            "买彩票上澳门娱乐城，注册就送彩金，百家乐、老虎机、真人视讯在线投注，提现秒到账。",
            "成人电影免费 约炮同城 裸聊在线 无码高清",
            "Buy cheap cialis online | viagra generic no prescription",
        ],
    },
}


@pytest.mark.parametrize(
    ("kind", "script", "block"),
    [(kind, script, block) for kind, scripts in EXAMPLES.items() for script, blocks in scripts.items() for block in blocks],
)
def test_kinds(kind: Kind, script: Script, block: str) -> None:
    assert kinds_of([block], script) == [kind]


PROSE = "Trade between the two regions doubled in ten years."


def test_the_name_of_a_section_between_two_paragraphs_is_a_subheading() -> None:
    assert kinds_of([PROSE, "Energy", PROSE], "latin")[1] is Kind.LINE
    assert kinds_of([PROSE, "Share", PROSE], "latin")[1] is Kind.FURNITURE
    assert kinds_of(["Energy", "Sport", PROSE], "latin")[:2] == [Kind.FURNITURE] * 2


def test_the_head_of_a_table_is_part_of_it() -> None:
    assert kinds_of(["Year | Crab | Pollock", "2022 | 9.1 | 14.6"], "latin") == [Kind.ITEM] * 2


def test_what_a_page_repeats_is_furniture() -> None:
    assert kinds_of(["A fair wind"] * 3, "latin") == [Kind.FURNITURE] * 3


def test_headings_of_the_source() -> None:
    assert kinds_of(["## Why the gauge matters", "## Share"], "latin") == [Kind.HEADING, Kind.FURNITURE]


@pytest.mark.parametrize("tail", ["（责任编辑：李四）", "(编辑 王五)", "【责编：李四】", "（完）"])
def test_an_editor_s_mark_goes(tail: str) -> None:
    assert split_tail(f"列车开出。{tail}") == ["列车开出。"]


@pytest.mark.parametrize(
    ("paragraph", "parts"),
    [
        ("列车开出。责编：李四 | 审核：王五 |", ["列车开出。", "责编：李四 | 审核：王五"]),
        ("列車開出。責任編輯：李四", ["列車開出。", "責任編輯：李四"]),
        ("The train left. Editor: Jane Doe", ["The train left.", "Editor: Jane Doe"]),
        ("Поезд ушёл. Источник: Речная газета", ["Поезд ушёл.", "Источник: Речная газета"]),
        ("The ministry has one source: the river.", ["The ministry has one source: the river."]),
    ],
)
def test_a_line_of_the_editors_is_a_block_of_its_own(paragraph: str, parts: list[str]) -> None:
    assert split_tail(paragraph) == parts
