"""The fixed texts shown to users, in English, Chinese and Russian: plain text without markup or technical terms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from coopbot.domain import MAX_QUESTION_CHARS, Article, Citation, Language, Notice
from coopbot.errors import Busy, IndexBroken, IndexMismatch, IndexMissing, Misconfigured, ModelUnavailable

# How many publishers of a brief's sources are named.
_SOURCES_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """Every fixed text in one language. … marks where a value goes.

    `nearest` introduces the passages offered after `no_evidence`. `notices` are shown in place of quotes: a reply to small
    talk, or a heading above articles.
    """

    no_evidence: str
    nearest: str
    sources: str
    sources_differ: str
    undated: str
    as_of: str
    quoted: str
    based_on: str
    question_empty: str
    question_too_long: str
    text_only: str
    busy: str
    unavailable: str
    went_wrong: str
    start: str
    help: str
    begun_anew: str
    notices: dict[Notice, str]


_ENGLISH = Messages(
    no_evidence="The sources do not say.",
    nearest="These passages come nearest, though they do not answer the question:",
    sources="Sources",
    sources_differ="The sources differ",
    undated="undated",
    as_of="as of …",
    quoted="“…”",
    based_on="based on",
    question_empty="Please write a question.",
    question_too_long=f"That question is too long for me. Please keep it to {MAX_QUESTION_CHARS} characters or fewer.",
    text_only="I can only read text. Please type your question.",
    busy="I am busy right now. Please try again in a minute.",
    unavailable="I cannot reach my sources right now. Please try again later.",
    went_wrong="Sorry, something went wrong. Please ask again.",
    start=(
        "Hello! Ask me about cooperation between the regions of China and Russia: bridges, border crossings, railways, "
        "energy, trade. Write in English, Chinese or Russian. I answer with exact quotations and name "
        "their sources; if the sources do not say, I say so.\n\n"
        "For example: When did the Heihe–Blagoveshchensk bridge open?"
    ),
    help=(
        "Just write your question in English, Chinese or Russian, using "
        f"{MAX_QUESTION_CHARS} characters or fewer.\n\n"
        "Each sentence of the answer carries a number; under that number you find the exact quotation, its source and "
        'its date. You can ask further: "and in 2024?"; /new begins another conversation. In a group, mention me or reply to '
        "one of my messages."
    ),
    begun_anew="New conversation. What would you like to know?",
    notices={
        "greeting": "Hello! Ask me a question about cooperation between the regions of China and Russia.",
        "farewell": "Goodbye! Come back when you have a question.",
        "thanks": "You are welcome.",
        "ability": (
            "I answer questions about cooperation between the regions of China and Russia with exact quotes from articles. "
            "For example: When did the Heihe–Blagoveshchensk bridge open?"
        ),
        "identity": (
            "I am a program that answers questions about cooperation between the regions of China and Russia with exact quotes "
            "from articles. I make nothing up."
        ),
        "abuse": "I am sorry I could not help. Ask me about cooperation between the regions of China and Russia.",
        "about": "Articles on this subject, closest first:",
        "newest": "The newest articles:",
        "none_then": "There are no articles from that period. The newest ones:",
    },
)

_CHINESE = Messages(
    no_evidence="资料里没有提到这一点。",
    nearest="下面是内容最接近的段落，但并没有直接回答您的问题：",
    sources="资料来源",
    sources_differ="各来源说法不一",
    undated="日期不详",
    as_of="截至…",
    quoted="“…”",
    based_on="综合自",
    question_empty="请写下您的问题。",
    question_too_long=f"这个问题太长了，请控制在 {MAX_QUESTION_CHARS} 字以内。",
    text_only="目前我只看得懂文字，请把问题打出来。",
    busy="现在有点忙，请过一分钟再试。",
    unavailable="暂时查不到资料，请稍后再试。",
    went_wrong="抱歉，出了点问题，请再问一次。",
    start=(
        "您好！欢迎向我了解中俄地方合作：桥梁、口岸、铁路、能源、贸易等等。中文、英文、俄文提问都可以。"
        "我会引用资料原文作答，并注明出处；资料里没有的，我会如实告诉您。\n\n"
        "例如：黑河—布拉戈维申斯克大桥是什么时候通车的？"
    ),
    help=(
        f"直接写下您的问题就可以，中文、英文、俄文都行，不超过 {MAX_QUESTION_CHARS} 字。\n\n"
        "回答中的每句话都带有编号，按编号可以找到引用的原文、出处和日期。可以接着追问，例如“那2024年呢？”；/new 开始新对话。"
        "在群里请 @我，或者回复我的消息。"
    ),
    begun_anew="新的对话开始了，请提问。",
    notices={
        "greeting": "您好！请向我提一个关于中俄地方合作的问题。",
        "farewell": "再见！有问题随时再来。",
        "thanks": "不客气。",
        "ability": "我用文章原文回答有关中俄地方合作的问题。例如：黑河—布拉戈维申斯克大桥是什么时候通车的？",
        "identity": "我是一个程序，用文章原文回答有关中俄地方合作的问题，不编造内容。",
        "abuse": "抱歉没能帮上忙。请向我提关于中俄地方合作的问题。",
        "about": "相关文章，最相关的在前：",
        "newest": "最新的文章：",
        "none_then": "这段时间没有文章。最新的是：",
    },
)

_RUSSIAN = Messages(
    no_evidence="В источниках ответа нет.",
    nearest="Ближе всего по теме эти отрывки, хотя прямого ответа в них нет:",
    sources="Источники",
    sources_differ="Источники расходятся",
    undated="без даты",
    as_of="по состоянию на …",
    quoted="«…»",
    based_on="по материалам",
    question_empty="Напишите, пожалуйста, вопрос.",
    question_too_long=f"Вопрос слишком длинный. Пожалуйста, уложитесь в {MAX_QUESTION_CHARS} знаков.",
    text_only="Пока я понимаю только текст. Напишите, пожалуйста, вопрос словами.",
    busy="Сейчас я занят. Попробуйте, пожалуйста, через минуту.",
    unavailable="Сейчас до источников не добраться. Попробуйте, пожалуйста, чуть позже.",
    went_wrong="Извините, что-то пошло не так. Спросите, пожалуйста, ещё раз.",
    start=(
        "Здравствуйте! Спросите меня о сотрудничестве регионов России и Китая: о мостах, пунктах пропуска, железных "
        "дорогах, энергетике, торговле. Пишите по-русски, по-китайски или по-английски. Я отвечаю точными цитатами и "
        "указываю, откуда они; если в источниках ответа нет, так и скажу.\n\n"
        "Например: Когда открыли мост Благовещенск — Хэйхэ?"
    ),
    help=(
        "Просто напишите вопрос по-русски, по-китайски или по-английски, не длиннее "
        f"{MAX_QUESTION_CHARS} знаков.\n\n"
        "У каждого предложения в ответе есть номер; под этим номером стоят точная цитата, источник и дата. "
        "Можно спрашивать дальше: «а в 2024 году?»; /new начинает новый разговор. "
        "В группе упомяните меня или ответьте на моё сообщение."
    ),
    begun_anew="Начинаем новый разговор: спрашивайте.",
    notices={
        "greeting": "Здравствуйте! Задайте мне вопрос о сотрудничестве регионов России и Китая.",
        "farewell": "До свидания! Возвращайтесь, когда будет вопрос.",
        "thanks": "Пожалуйста.",
        "ability": (
            "Я отвечаю на вопросы о сотрудничестве регионов России и Китая точными цитатами из статей. "
            "Например: Когда открыли мост Благовещенск — Хэйхэ?"
        ),
        "identity": (
            "Я программа, которая отвечает на вопросы о сотрудничестве регионов России и Китая точными цитатами из статей. "
            "Я ничего не придумываю."
        ),
        "abuse": "Жаль, если я не смог помочь. Спросите меня о сотрудничестве регионов России и Китая.",
        "about": "Статьи на эту тему, сначала самые близкие:",
        "newest": "Новые статьи:",
        "none_then": "За это время статей нет. Самые новые:",
    },
)

_MESSAGES: dict[Language, Messages] = {"en": _ENGLISH, "zh": _CHINESE, "ru": _RUSSIAN}

_ENGLISH_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_RUSSIAN_MONTHS = (
    "января", "февраля", "марта", "апреля", "мая", "июня",
    "июля", "августа", "сентября", "октября", "ноября", "декабря",
)  # fmt: skip

_RUSSIAN_MONTHS_ALONE = (
    "январь", "февраль", "март", "апрель", "май", "июнь",
    "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь",
)  # fmt: skip


def message(language: Language) -> Messages:
    """The fixed texts in `language`."""
    return _MESSAGES[language]


def language_of_locale(code: str | None) -> Language:
    """The language of a client set to `code`, an IETF tag such as `zh-hans`; English for any other language."""
    match (code or "").lower().replace("_", "-").split("-")[0]:
        case "zh":
            return "zh"
        case "ru":
            return "ru"
        case _:
            return "en"


def error_text(error: Exception, language: Language) -> str:
    """The text shown to a user for `error`: what to do next, without internal details."""
    texts = message(language)
    match error:
        case Busy():
            return texts.busy
        case IndexMissing() | IndexBroken() | IndexMismatch() | ModelUnavailable() | Misconfigured():
            return texts.unavailable
        case _:
            return texts.went_wrong


def format_date(published: date | None, language: Language) -> str:
    """`published` in the date format of `language`, independent of the system's locale; None is "undated"."""
    if published is None:
        return message(language).undated
    year, month, day = published.year, published.month, published.day
    match language:
        case "zh":
            return f"{year}年{month}月{day}日"
        case "ru":
            return f"{day} {_RUSSIAN_MONTHS[month - 1]} {year} г."
        case "en":
            return f"{day} {_ENGLISH_MONTHS[month - 1]} {year}"


def format_month(day: date, language: Language) -> str:
    """The month and year of `day`."""
    match language:
        case "zh":
            return f"{day.year}年{day.month}月"
        case "ru":
            return f"{_RUSSIAN_MONTHS_ALONE[day.month - 1]} {day.year} г."
        case "en":
            return f"{_ENGLISH_MONTHS[day.month - 1]} {day.year}"


def format_year(year: int, language: Language) -> str:
    """A year on its own."""
    return {"en": f"{year}", "zh": f"{year}年", "ru": f"{year} г."}[language]


def publisher_line(article: Article | Citation, language: Language) -> str:
    """The publisher; for a brief also the first few publishers of its sources."""
    names = list(dict.fromkeys(source.publisher for source in article.sources if source.publisher))
    if not names:
        return article.publisher
    shown = ", ".join(names[:_SOURCES_SHOWN]) + (" …" if len(names) > _SOURCES_SHOWN else "")
    return f"{article.publisher} ({message(language).based_on} {shown})".strip()
