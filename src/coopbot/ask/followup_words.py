"""How follow-up questions are worded in English, Russian and Chinese: the tables that `ask.converse` reads."""

from __future__ import annotations

import re


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.VERBOSE)


HAN = re.compile(r"[\u3400-\u9fff]")
TOKEN = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")
WORD = re.compile(r"[^\W_\u3400-\u9fff]+(?:['’-][^\W_\u3400-\u9fff]+)*")
MOST_WORDS, MOST_HAN, MOST_HAN_BEFORE = 8, 14, 6
# With a pronoun in it.
MOST_LEANING_WORDS, MOST_LEANING_HAN = 14, 24
# Beside its question words, what says so little does not stand alone.
FEW_WORDS, FEW_HAN = 1, 3
MOST_BESIDE_NAME = 2
MOST_COUNTED_WORDS = 3  # "how many trucks"
LONGEST_NAME_TOKENS = 8

REPEATED = _words(
    r"""yes|yeah|yep|sure|ok(?:ay)?|yes,?[ ]please|please[ ]do|go[ ]on|(?:and[ ])?(?:tell[ ]me[ ])?more
    |(?:and[ ])?(?:any|what)(?:thing)?[ ]else
    |да|ага|конечно|давай(?:те)?|да,?[ ]пожалуйста|хорошо|(?:а[ ]|и[ ])?(?:что[ ])?ещ?[её](?:[ ]что(?:-нибудь|-то)?)?
    |подробнее|(?:расскажи(?:те)?[ ])(?:ещ[её]|подробнее)
    |是的?|对的?|好的?|嗯|可以|(?:那)?还有(?:呢|吗|别的吗|什么)?|更多|继续|再?详细(?:一)?点"""
)
LINK = _words(
    r"""(?:(?:and|but|or|so|well),?[ ])?(?:what|how)[ ]about[ ]|(?:and|but)[ ](?:then[ ])?
    |(?:ну[ ])?[аи][ ](?:если[ ])?(?:(?:что|как)[ ](?:насч[её]т|там|со?)[ ])?|(?:что|как)[ ]насч[её]т[ ]|но[ ]
    |(?:那么?|还有)(?![个些年一里边时儿天种位次座条])[，,]?"""
)
LINK_INSIDE = re.compile("呢[，,]")
LINK_END = _words(r"(?:那边|这边|那里|这里|的(?:话|情况)?)?呢$")
BARE_QUESTION = _words(
    r"""(?:since[ ])?when(?:[ ]exactly)?|why(?:[ ](?:so|not|is[ ]that))?|where(?:[ ]exactly)?|who|by[ ]whom
    |which(?:[ ]ones?)?|what[ ]for|how(?:[ ](?:so|come|much|many|long|far|big|wide|tall|often))?
    |когда(?:[ ]именно)?|почему(?:[ ]так)?|зачем|где(?:[ ]именно)?|кто(?:[ ]именно)?|как(?:ой|ая|ое|ие)?|сколько
    |куда|откуда|с[ ]каких[ ]пор|кем
    |什么时候|何时|几时|哪一?[年天]|为什么|为何|为啥|怎么(?:回事)?|多少钱?|谁|在?哪[里儿]?|多[长大久宽高远]"""
)
_ENGLISH_BEFORE = r"(?:(?:in|on|at|by|from|to|for|since|until)[ ])?"
_ENGLISH_VERB = r"(?:is|are|was|were|do|does|did|has|have|had|will|can|could|would)"
_RUSSIAN_BEFORE = r"(?:(?:[свкзоу]|на|по|до|за|от|из|об?|при|про|под|над|для|без|через|между)[ ])?"
_RUSSIAN_ASKING = r"""(?:кто|кого|кому|что|чего|чем|когда|где|куда|откуда|почему|зачем|сколько(?:[ ](?:процентов|лет))?
    |как(?:ой|ая|ое|ие|ого|их|ую|им|ом)?|каков[аоы]?|чей|чья|чь[её])\b"""
QUESTION_WORD = _words(
    rf"""^{_ENGLISH_BEFORE}(?:who|whom|whose|what|when|where|why|which|how)\b|^{_ENGLISH_VERB}\b
    |^{_RUSSIAN_BEFORE}{_RUSSIAN_ASKING}|^кем\b
    |什么|多少|几|哪|谁|怎|为何|何时|为啥|多[长大高远久宽]|吗"""
)
SUBJECT_OF = _words(
    rf"""^{_ENGLISH_BEFORE}(?:how[ ](?:much|many|long|far|big|wide|often)|who|whom|whose|what|when|where|why|which|how)
      (?:[ ]{_ENGLISH_VERB})?(?:[ ]the[ ]\w+[ ]of)?[ ]
    |^{_RUSSIAN_BEFORE}{_RUSSIAN_ASKING}[ ]
    |(?:是|有|在|了)?(?:什么时候|为什么|多少钱?|哪一?[年天里儿个]|谁|怎么|几(?=[条个座年]))|[的了吗呢]$"""
)
# "Is it true" has no antecedent.
PRONOUN = _words(
    r"""\b(?:it|they|them|those|these|its|their|(?<=of[ ])that)\b(?![ ](?:true|possible|legal|safe|necessary)\b)
    |\b(?:он|она|оно|они|это|его|е[её]|их|этого|этих|них|н[её]м|ней|нему|него|не[её]|ими)\b
    |它们?|(?<![其之])其(?![他它中实余])"""
)
THIS = _words(r"it|that|this|это")
# What was said, and no thing: "who said that".
SAID_SO = _words(r"\b(?:said|says|reported|claims?|сказал\w*|говор\w+|заяв\w+|сообщ\w+)\b|[说称]")
# Other words that mean something told before: a place, a time counted from it, one of its kind.
ANAPHOR = _words(
    r"""\bthere\b(?![ ](?:is|are|was|were)\b)|\b(?:first|previous|following)[ ](?:full[ ])?year\b(?=$|[ ]after[ ]that)
    |\b(?:chinese|russian|first|last|next|new|old|other)[ ]ones?\b
    |\b(?:там|туда|оттуда)\b|\bперв(?:ый|ом)[ ](?:же[ ])?год[у]?$
    |那里|那边|那儿|当地|双方|^第一年|^头一年|^首年|^原计划|^原定"""
)
NATIONALITY = _words(r"\b(?:chinese|russian)\b|\b(?:китайск|российск)\w+")
PLURAL_PRONOUN = _words(r"them|they|those|these|their|они|их|ими|этих|них|它们")
SECOND_CLAUSE = _words(r",|.\b(?:when|if|because|before|after|that|когда|если|потому|чтобы)\b")
COUNTED = _words(
    rf"""\bhow[ ](?:many|much)[ ](?!(?:{_ENGLISH_VERB}|of)\b)(?P<noun>\w+)
    |\bсколько[ ](?!процент|миллион|миллиард|тысяч|тонн)
      (?P<noun_ru>[а-яё]{{2,}}(?:ов|ев|[^т]ей|[гжкмнршщв]ек|[^лв]а|[^сл]я|ы))\b"""
)
PREPOSITION = _words(
    r"""(?P<word>in|on|at|by|from|to|for|via|through|over|across|with|during
      |в|во|на|по|к|ко|с|со|из|от|до|за|у|через|при|для|о|об|про)[ ]+
    |(?:在|到|从|经|对)(?=.)"""
)
DATE_PREPOSITION = _words(r"\b(?:in|on|by|for|since|в|за|к|на|с|до)\s*$")
# Of money and weight as well as of places.
AMBIGUOUS_PREPOSITIONS = frozenset(["in", "on", "at", "в", "во", "на"])
FILLER = _words(
    r"""\b(?:how|what|when|much|many|was|were|is|are|did|it|they|there|that|the|a|in|of|for|by|during|about|only|then|be
    |сколько|как(?:ой|ая|ое|ие)?|что|было|был|была|это|он|она|они|там|в|во|за|к|на|по|с|со|до|г|году?|тогда)\b
    |是多少|多少|哪[一几]?[个座家条种位里些]?[\u4e00-\u9fff]{0,2}|怎么样|如何|情况|以后|每年|[是有到在了呢的为又约那才要将]"""
)
CAPITALISED = re.compile(r"[A-ZА-ЯЁ][\w’'-]*(?:[ –—-]+(?:(?:of|the|de)[ ])?[A-ZА-ЯЁ][\w’'-]*)*")
COUNTRY = _words(
    r"""\b(?:china|russia|prc|кита[йяеюй]|китаем|кнр|росси[яиюей]{1,2}|рф|сша|usa)\b|中国|俄罗斯|(?<![中对])俄(?![语方])"""
)
BETWEEN_PAIRED = _words(r"\s*(?:[-–—/~－]|and|и|和|与|同|对面)?\s*")
# Kinds of place that a Chinese name carries on its end.
HAN_KIND_OF_PLACE = re.compile("[省市县区州]")
AFTER_NAME = _words(
    r"""(?:[ ](?:highway|road|railway?|cross-border|gas|free[ ]trade|border))*[ ]
      (?:bridge|pipeline|port|checkpoint|crossing|plant|line|corridor|reserve|park|campus|forum|zone|harbour|mill|mine|route)\b
    |(?:公路|铁路|跨境|界河|天然气|自贸|综合|边境)*(?:大桥|桥|口岸|港|管道|园区|工厂|片区|线|走廊|保护区|通道|机场)"""
)
BEFORE_NAME = _words(
    r"""(?:(?:автомобильн|железнодорожн|трансграничн|сух)[а-я]+[ ])?
      (?:мост|порт|газопровод|погранпереход|пункт[а-я]*[ ]пропуска|завод|коридор|кампус|форум|парк|заповедник)[а-я]*[ ]«?$
    |\bthe[ ]$"""
)
NUMBERS = {
    word: number
    for number, words in enumerate(
        ("a an one один 一", "two два двумя 两 二", "three три тремя 三", "four четыре 四", "five пять 五"), 1
    )
    for word in words.split()
}
_N = rf"(?:(?P<n>\d{{1,2}}|{'|'.join(NUMBERS)})[ ])?"
_HAN_N = r"(?P<n>\d{1,2}|[一两二三四五])"
# "The year before", but not "the year before the bridge opened".
_THAT = r"(?:[ ](?:that|then|this)\b|(?![ ]\w))"
RELATIVE_YEARS = tuple(
    (sign, _words(pattern))
    for sign, pattern in (
        (-1, rf"(?:the[ ])?\b{_N}\byears?[ ](?:before|earlier){_THAT}"),
        (-1, r"\b(?:in[ ])?the[ ](?:previous|preceding)[ ]year"),
        (-1, rf"\b{_N}\bгод(?:ом|а|ами)?[ ](?:раньше|ранее)"),
        (-1, rf"\bза[ ]{_N}года?[ ]до[ ](?:этого|того)|\bв[ ]пред(?:ыдущ|шествующ)ем[ ]году"),
        (-1, rf"{_HAN_N}年(?:以|之)?前|[前上]一年"),
        (1, rf"(?:the[ ])?\b{_N}\byears?[ ](?:after|later){_THAT}"),
        (1, r"\b(?:in[ ])?the[ ](?:next|following)[ ]year"),
        (1, rf"\b{_N}\bгод(?:ом|а|ами)?[ ](?:позже|позднее)|\bв[ ]следующем[ ]году|\bчерез[ ]год"),
        (1, rf"{_HAN_N}年(?:以|之)?后|次年|第二年|后一年"),
        (0, r"\b(?:that|the[ ]same)[ ]year|\b(?:в[ ])?(?:том|тот|того)[ ]же[ ]год[ау]?|\bв[ ]том[ ]году|那一?年|当年|同年"),
    )
)
