"""The bot's own fixed texts, in English, Chinese and Russian; those shared with HTTP and MCP are in `serve.messages`."""

from __future__ import annotations

from dataclasses import dataclass

from coopbot.domain import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class BotTexts:
    """Every text in one language. `{}` marks where a value goes."""

    sent_again: str
    slow_down: str
    private_bot: str
    commands: dict[str, str]
    # Buttons under an answer, and what they say when pressed.
    in_context: str
    more_sources: str
    past_year: str
    other_languages: str
    back: str
    too_old: str
    nothing_more: str
    thanks: str
    # Headings of the views of an answer.
    heading_context: str
    heading_more: str
    heading_past_year: str
    heading_other_languages: str
    found: str
    nothing_found: str
    # Commands.
    ask_what: str
    sources_heading: str
    sources_counts: dict[Language, str]
    sources_dates: str
    sources_publishers: str
    choose_language: str
    language_chosen: str
    language_auto: str
    subscribe_how: str
    daily: str
    weekly: str
    subscribed_daily: str
    subscribed_weekly: str
    about_subject: str
    unsubscribed: str
    not_subscribed: str
    digest: str
    digest_more: str
    about: str
    forgotten: str
    nothing_to_forget: str
    inline_ask: str
    # For admins.
    admin_only: str
    add_what: str
    add_hint: str
    adding: str
    indexing: str
    added: str
    known_already: str
    job_failed: str
    rebuilding: str
    rebuilt: str
    changes_off: str


_ENGLISH = BotTexts(
    sent_again="(Sent again after a connection failure: you may see this twice.)",
    slow_down="That is a lot at once. I accept up to {} messages a minute from one person; please try again in a minute.",
    private_bot="This bot is private. Ask its administrator to give you access; your user ID is {}.",
    commands={
        "ask": "Ask a question",
        "search": "Find passages",
        "sources": "Articles I know",
        "new": "New conversation",
        "language": "Menu language",
        "subscribe": "New articles, daily or weekly",
        "unsubscribe": "Stop sending new articles",
        "help": "How to ask",
        "about": "About this bot",
        "forget": "Delete what is stored about you",
        "start": "What I can do",
    },
    in_context="📖 In context",
    more_sources="➕ More sources",
    past_year="🗓 Past year only",
    other_languages="🌐 Other languages",
    back="↩️ Back",
    too_old="This answer is too old for its buttons. Please ask again.",
    nothing_more="Nothing more found.",
    thanks="Thank you.",
    heading_context="📖 The quotes in context",
    heading_more="➕ More passages on this",
    heading_past_year="🗓 From the past year only",
    heading_other_languages="🌐 From sources in other languages",
    found="Passages for “{}”",
    nothing_found="No passages found for “{}”.",
    ask_what="Write your question after the command, for example: /ask When did the bridge open?",
    sources_heading="📚 I have read {} articles.",
    sources_counts={"en": "{} in English", "zh": "{} in Chinese", "ru": "{} in Russian"},
    sources_dates="Published from {} to {}.",
    sources_publishers="Most are from: {}.",
    choose_language="Which language should I use for menus and notices? Answers are always in the language of the question.",
    language_chosen="I will use English from now on.",
    language_auto="Same as my messages",
    subscribe_how="How often should I send you new articles? For one subject, write for example: /subscribe weekly bridge",
    daily="Daily",
    weekly="Weekly",
    subscribed_daily="I will send you new articles once a day{}. To stop, send /unsubscribe.",
    subscribed_weekly="I will send you new articles once a week{}. To stop, send /unsubscribe.",
    about_subject=" about “{}”",
    unsubscribed="I will not send you any more articles.",
    not_subscribed="You have no subscription. To start one, send /subscribe.",
    digest="📰 New articles{}",
    digest_more="… and {} more.",
    about=(
        "I answer questions about cooperation between the regions of China and Russia with exact quotes from the articles I "
        "have read, and say where each is from. I make nothing up: what the articles do not say, I do not know.\n\n"
        "Your questions are kept for 30 days, so that the buttons under an answer work. /forget deletes them immediately."
    ),
    forgotten="Deleted: {}.",
    nothing_to_forget="Nothing is stored about you.",
    inline_ask="Write a question after my name",
    admin_only="Only administrators can do that.",
    add_what="Write an address after the command (/add https://…), or send a file with the caption /add.",
    add_hint="To add this file to the articles, send it with the caption /add.",
    adding="⏳ Reading {} …",
    indexing="⏳ Indexing: {} of {} articles …",
    added="✅ In the index: {}",
    known_already="☑️ Already there: {}",
    job_failed="⚠️ Not added: {}",
    rebuilding="⏳ Bringing the index up to date …",
    rebuilt="✅ The index is up to date.",
    changes_off="This process cannot make changes.",
)

_CHINESE = BotTexts(
    sent_again="（因连接中断而重发，您可能会看到两次。）",
    slow_down="一下子太多了。每人每分钟最多 {} 条消息，请过一分钟再问。",
    private_bot="这是一个非公开的机器人，请联系管理员开通；您的编号是 {}。",
    commands={
        "ask": "提问",
        "search": "查找段落",
        "sources": "我读过哪些文章",
        "new": "开始新对话",
        "language": "菜单语言",
        "subscribe": "每天或每周推送新文章",
        "unsubscribe": "取消推送",
        "help": "怎样提问",
        "about": "关于本机器人",
        "forget": "删除我存储的您的信息",
        "start": "我能做什么",
    },
    in_context="📖 看上下文",
    more_sources="➕ 更多来源",
    past_year="🗓 只看近一年",
    other_languages="🌐 其他语言",
    back="↩️ 返回",
    too_old="这个回答太旧，按钮已失效，请重新提问。",
    nothing_more="没有找到更多内容。",
    thanks="谢谢。",
    heading_context="📖 引文所在的段落",
    heading_more="➕ 更多相关段落",
    heading_past_year="🗓 只看近一年的资料",
    heading_other_languages="🌐 其他语言的资料",
    found="“{}”的相关段落",
    nothing_found="没有找到与“{}”相关的段落。",
    ask_what="请在命令后面写上问题，例如：/ask 大桥什么时候通车？",
    sources_heading="📚 我读过 {} 篇文章。",
    sources_counts={"en": "英文 {} 篇", "zh": "中文 {} 篇", "ru": "俄文 {} 篇"},
    sources_dates="发表时间从{}到{}。",
    sources_publishers="主要来自：{}。",
    choose_language="菜单和通知用哪种语言？回答始终使用提问的语言。",
    language_chosen="今后我用中文。",
    language_auto="跟随我的消息",
    subscribe_how="多久给您推送一次新文章？只想看某个主题，可以这样写：/subscribe weekly 大桥",
    daily="每天",
    weekly="每周",
    subscribed_daily="我会每天给您推送一次新文章{}。/unsubscribe 可取消。",
    subscribed_weekly="我会每周给您推送一次新文章{}。/unsubscribe 可取消。",
    about_subject="，主题：“{}”",
    unsubscribed="不再给您推送文章了。",
    not_subscribed="您还没有订阅，用 /subscribe 开始。",
    digest="📰 新文章{}",
    digest_more="……还有 {} 篇。",
    about=(
        "我用读过的文章中的原文回答有关中俄地方合作的问题，并注明每句话的出处。我不编造：文章里没有的，我就不知道。\n\n"
        "您的问题保存 30 天，这样回答下面的按钮才能使用。/forget 会立即删除。"
    ),
    forgotten="已删除：{}。",
    nothing_to_forget="没有存储您的任何信息。",
    inline_ask="请在我的名字后面写问题",
    admin_only="这个命令仅限管理员使用。",
    add_what="请在命令后面写网址（/add https://…），或者发送文件并在说明里写 /add。",
    add_hint="要把这个文件加入文章库，请在发送时把说明写成 /add。",
    adding="⏳ 正在读取 {} ……",
    indexing="⏳ 正在建立索引：{} / {} 篇……",
    added="✅ 已加入索引：{}",
    known_already="☑️ 已经有了：{}",
    job_failed="⚠️ 没有加入：{}",
    rebuilding="⏳ 正在更新索引……",
    rebuilt="✅ 索引已是最新。",
    changes_off="这个进程不能修改文章。",
)

_RUSSIAN = BotTexts(
    sent_again="(Отправлено ещё раз из-за обрыва связи: возможно, вы видите это дважды.)",
    slow_down="Слишком много сразу. Я принимаю до {} сообщений в минуту от человека; спросите, пожалуйста, через минуту.",
    private_bot="Это закрытый бот. Попросите его владельца открыть вам доступ; ваш номер — {}.",
    commands={
        "ask": "Задать вопрос",
        "search": "Найти отрывки",
        "sources": "Что я прочитал",
        "new": "Новый разговор",
        "language": "Язык меню",
        "subscribe": "Новые статьи каждый день или неделю",
        "unsubscribe": "Отменить подписку",
        "help": "Как спросить",
        "about": "Что это за бот",
        "forget": "Удалить всё, что хранится о вас",
        "start": "Что я умею",
    },
    in_context="📖 В контексте",
    more_sources="➕ Ещё источники",
    past_year="🗓 Только за год",
    other_languages="🌐 Другие языки",
    back="↩️ Назад",
    too_old="Этот ответ слишком старый, кнопки уже не действуют. Спросите, пожалуйста, ещё раз.",
    nothing_more="Больше ничего не нашлось.",
    thanks="Спасибо.",
    heading_context="📖 Цитаты в своих отрывках",
    heading_more="➕ Ещё отрывки по теме",
    heading_past_year="🗓 Только за последний год",
    heading_other_languages="🌐 Из источников на других языках",
    found="Отрывки по запросу «{}»",
    nothing_found="По запросу «{}» отрывков не нашлось.",
    ask_what="Напишите вопрос после команды, например: /ask Когда открыли мост?",
    sources_heading="📚 Я прочитал статей: {}.",
    sources_counts={"en": "на английском — {}", "zh": "на китайском — {}", "ru": "на русском — {}"},
    sources_dates="Опубликованы с {} по {}.",
    sources_publishers="Больше всего из: {}.",
    choose_language="На каком языке показывать меню и сообщения? Ответы всегда на языке вопроса.",
    language_chosen="Теперь я пишу по-русски.",
    language_auto="Как в моих сообщениях",
    subscribe_how="Как часто присылать новые статьи? На одну тему — например, так: /subscribe weekly мост",
    daily="Каждый день",
    weekly="Каждую неделю",
    subscribed_daily="Буду присылать новые статьи раз в день{}. Отменить: /unsubscribe.",
    subscribed_weekly="Буду присылать новые статьи раз в неделю{}. Отменить: /unsubscribe.",
    about_subject=" на тему «{}»",
    unsubscribed="Больше статей присылать не буду.",
    not_subscribed="Подписки нет. Оформить: /subscribe.",
    digest="📰 Новые статьи{}",
    digest_more="… и ещё {}.",
    about=(
        "Я отвечаю на вопросы о сотрудничестве регионов России и Китая точными цитатами из прочитанных статей и указываю, "
        "откуда каждая. Я ничего не придумываю: чего нет в статьях, того я не знаю.\n\n"
        "Ваши вопросы хранятся 30 дней, чтобы работали кнопки под ответами. /forget удаляет их сразу."
    ),
    forgotten="Удалено: {}.",
    nothing_to_forget="О вас ничего не хранится.",
    inline_ask="Напишите вопрос после моего имени",
    admin_only="Это только для администраторов.",
    add_what="Напишите адрес после команды (/add https://…) или пришлите файл с подписью /add.",
    add_hint="Чтобы добавить этот файл к статьям, пришлите его с подписью /add.",
    adding="⏳ Читаю {} …",
    indexing="⏳ Индексирую: {} из {} статей …",
    added="✅ В индексе: {}",
    known_already="☑️ Уже есть: {}",
    job_failed="⚠️ Не добавлено: {}",
    rebuilding="⏳ Обновляю индекс …",
    rebuilt="✅ Индекс обновлён.",
    changes_off="В этом процессе изменения невозможны.",
)

_TEXTS: dict[Language, BotTexts] = {"en": _ENGLISH, "zh": _CHINESE, "ru": _RUSSIAN}

# What /forget deleted, by the name of what was stored.
STORED: dict[str, dict[Language, str]] = {
    "answers": {"en": "questions: {}", "zh": "问题 {} 个", "ru": "вопросы — {}"},
    "votes": {"en": "ratings: {}", "zh": "评价 {} 个", "ru": "оценки — {}"},
    "languages": {"en": "choice of language: {}", "zh": "语言选择 {} 个", "ru": "выбор языка — {}"},
    "subscriptions": {"en": "subscriptions: {}", "zh": "订阅 {} 个", "ru": "подписки — {}"},
    "updates": {"en": "messages that were waiting: {}", "zh": "待处理消息 {} 条", "ru": "ожидавшие сообщения — {}"},
}


def bot_texts(language: Language) -> BotTexts:
    """The fixed texts in `language`."""
    return _TEXTS[language]
