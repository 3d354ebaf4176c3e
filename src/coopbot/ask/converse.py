"""Follow-up questions, put back into the whole question that they stand for.

Rules only, and careful ones: a question that may stand alone is left as it is, for a wrong merge is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from itertools import pairwise

from coopbot.ask import followup_words as words
from coopbot.domain import MAX_QUESTION_CHARS
from coopbot.text.dates import DateMention, find_dates

Names = Callable[[str], Collection[str]]
Span = tuple[int, int]


def resolve(question: str, earlier: Sequence[str], *, names: Names) -> str:
    """What `question` is searched as, after the resolved questions `earlier` of its conversation, newest last.

    names: ids of the known names in a text, as gazetteer.find_names gives them.
    """
    asked = _stripped(question)
    if not earlier or not asked:
        return question
    last = _stripped(earlier[-1])
    if words.REPEATED.fullmatch(asked):
        return earlier[-1]
    rest, linked = _unlinked(asked)
    rest, relative = _absolute_year(rest, last)
    if not rest or _is_long(rest):
        return question
    resolved = _merged(rest, last, names, linked=linked or _is_fragment(question, rest), relative=relative)
    if resolved is None or len(resolved) >= MAX_QUESTION_CHARS:
        return question
    return _as_question(resolved)


def _merged(rest: str, last: str, names: Names, *, linked: bool, relative: bool) -> str | None:
    """The two as one question; None if the follow-up stands alone."""
    dates = find_dates(rest)
    undated = _without(rest, [(date.start_char, date.end_char) for date in dates])
    if dates and not words.TOKEN.search(words.FILLER.sub(" ", re.sub(r"-[а-я]+\b", "", undated))):
        return _with_date(last, rest, dates[-1])
    if words.BARE_QUESTION.fullmatch(rest):
        return _joined(rest, _subject(last))
    worded = words.QUESTION_WORD.search(rest)
    if worded:
        return _with_question(rest, undated, last, names, linked=linked, relative=relative)
    pronoun = words.PRONOUN.search(rest)
    if pronoun and linked:
        return _with_antecedent(rest, pronoun, last, names)
    if not linked and not relative:
        return None
    named = _is_named(rest, names, after_link=linked)
    if dates:
        last = _with_date(last, rest, dates[-1])
        rest = words.DATE_PREPOSITION.sub("", undated).strip()
    return _with_phrase(last, rest, names, named=named)


def _with_question(rest: str, undated: str, last: str, names: Names, *, linked: bool, relative: bool) -> str | None:
    """A follow-up that asks something itself, about what the last question was about."""
    pronoun, anaphor = words.PRONOUN.search(rest), words.ANAPHOR.search(rest)
    if _is_named(words.NATIONALITY.sub("", words.COUNTRY.sub("", undated)), names, after_link=linked):
        leaning = anaphor and not pronoun and not _has_antecedent(rest[: anaphor.start()], anaphor[0])
        return _joined(rest, _topic(last)) if leaning else rest if linked and relative else None
    if pronoun and words.THIS.fullmatch(pronoun[0]) and words.SAID_SO.search(rest):
        return _joined(_without(rest, [pronoun.span()]), _subject(last))
    if pronoun:
        return _with_antecedent(rest, pronoun, last, names)
    if _same_count(rest, last) and (linked or relative):
        return _with_phrase(last, rest, names, named=False)
    return _joined(rest, _topic(last)) if linked or relative or anaphor or _says_little(rest) else None


def _with_antecedent(rest: str, pronoun: re.Match[str], last: str, names: Names) -> str | None:
    before, after = rest[: pronoun.start()], rest[pronoun.end() :]
    return None if _has_antecedent(before, pronoun[0]) else before + _antecedent(last, pronoun[0], names) + after


def _is_long(rest: str) -> bool:
    """Whether a question is too long to be a follow-up."""
    leaning = bool(words.PRONOUN.search(rest))
    most_words = words.MOST_LEANING_WORDS if leaning else words.MOST_WORDS
    most_han = words.MOST_LEANING_HAN if leaning else words.MOST_HAN
    return len(words.WORD.findall(rest)) > most_words or len(words.HAN.findall(rest)) > most_han


def _is_fragment(question: str, rest: str) -> bool:
    """Whether a thing is named and nothing asked but by the mark: "diameter?"."""
    return question.rstrip()[-1:] in "?？" and len(words.TOKEN.findall(rest)) <= words.FEW_WORDS


def _says_little(rest: str) -> bool:
    """ "In which city?" """
    if words.HAN.search(rest):
        left, few = words.QUESTION_WORD.sub(" ", words.FILLER.sub(" ", rest)), words.FEW_HAN
    else:
        left, few = words.FILLER.sub(" ", words.QUESTION_WORD.sub(" ", rest)), words.FEW_WORDS
    return len(words.TOKEN.findall(left)) <= few


def _stripped(question: str) -> str:
    return question.strip().rstrip(" ?？!！.。…")


def _unlinked(asked: str) -> tuple[str, bool]:
    """A question without "and", "а", "那 ... 呢" around it, and whether it had any."""
    before = asked
    asked = words.LINK_INSIDE.sub("，", asked)
    link = words.LINK.match(asked)
    rest = words.LINK_END.sub("", asked[link.end() :] if link else asked)
    return rest.strip(" ,，"), rest != before


def _as_question(text: str) -> str:
    tidy = re.sub(r"\s+([,，?？])", r"\1", re.sub(r"\s{2,}", " ", text)).strip()
    return tidy + ("？" if words.HAN.search(tidy[-1:]) else "?")


def _joined(rest: str, subject: str) -> str:
    """Chinese puts what is asked last, English and Russian first."""
    return subject + rest if words.HAN.search(rest) else f"{rest} {subject}"


def _appended(last: str, rest: str) -> str:
    return f"{last}，{rest}" if words.HAN.search(rest) else f"{last}, {rest}"


def _subject(last: str) -> str:
    """What a question asks about: the question without its question words."""
    return words.SUBJECT_OF.sub("", words.SUBJECT_OF.sub("", last)).strip(" ，,") or last


def _topic(last: str) -> str:
    """What a question asks about, whenever."""
    dates = [(date.start_char, date.end_char) for date in find_dates(last)]
    return words.DATE_PREPOSITION.sub("", _subject(_without(last, dates))).strip()


# Dates


def _absolute_year(rest: str, last: str) -> tuple[str, bool]:
    """ "Two years before that" as a year, counted from the last question's, and whether there was any to count."""
    years = [date.year for date in find_dates(last) if date.year]
    if not years or find_dates(rest):
        return rest, False
    for sign, pattern in words.RELATIVE_YEARS:
        if match := pattern.search(rest):
            count = match.groupdict().get("n") or "1"
            year = years[-1] + sign * (int(count) if count.isdigit() else words.NUMBERS[count.lower()])
            unit = "年" if words.HAN.search(match[0]) else ""
            return f"{rest[: match.start()]}{year}{unit}{rest[match.end() :]}", True
    return rest, False


def _with_date(last: str, rest: str, new: DateMention) -> str:
    """The last question with its last date changed for the new one; of that it keeps what the new one leaves open."""
    text = rest[new.start_char : new.end_char]
    dates = find_dates(last)
    whole_year = re.fullmatch(r"\d{4}(?:-\w{1,2})?(?: ?год\w*)?年?", text)
    if not dates:
        preposition = words.DATE_PREPOSITION.search(rest[: new.start_char])
        return f"{text}{last}" if words.HAN.search(last) else f"{last} {preposition[0] if preposition else ''}{text}"
    old = dates[-1]
    old_text = last[old.start_char : old.end_char]
    if whole_year and old.year:
        text = old_text.replace(str(old.year), str(new.year))
    elif not new.year and old.year:
        text = f"{old.year}年{text}" if words.HAN.search(text) else f"{text} {old.year}"
    return last[: old.start_char] + text + last[old.end_char :]


def _without(text: str, spans: Sequence[Span]) -> str:
    for start, end in reversed(spans):
        text = text[:start] + text[end:]
    return text


# Names


def _is_named(rest: str, names: Names, *, after_link: bool) -> bool:
    if names(rest) or words.COUNTRY.search(rest):
        return True
    return any(after_link or match.start() for match in words.CAPITALISED.finditer(rest))


def _spans(text: str, names: Names) -> list[Span]:
    """Where names stand in `text`: known ones and countries, or else what is written like one."""
    found = [match.span() for match in words.COUNTRY.finditer(text)]
    tokens = [match.span() for match in words.TOKEN.finditer(text)] if names(text) else []
    first = 0
    while first < len(tokens):
        last = _last_of_name(text, tokens[first : first + words.LONGEST_NAME_TOKENS], names)
        if last is not None:
            found.append((tokens[first][0], tokens[first + last][1]))
        first += 1 if last is None else last + 1
    if not any(not words.COUNTRY.fullmatch(text[start:end]) for start, end in found):
        found += [match.span() for match in words.CAPITALISED.finditer(text) if match.start()]
    apart = sorted(found, key=lambda span: (span[0], -span[1]))
    return [span for i, span in enumerate(apart) if all(span[0] >= end for _, end in apart[:i])]


def _last_of_name(text: str, tokens: Sequence[Span], names: Names) -> int | None:
    """Index of the last token of the longest name that begins with the first token."""
    best, known = None, frozenset[str]()
    for i, (_, end) in enumerate(tokens):
        ids = frozenset(names(text[tokens[0][0] : end]))
        without_first = frozenset(names(text[tokens[1][0] : end])) if i else frozenset[str]()
        if (best is None and ids - without_first) or (
            best is not None and ids != known and not known & ids - without_first and len(ids) <= len(known)
        ):
            best, known = i, ids
    return best


def _groups(text: str, names: Names, *, countries: bool) -> list[Span]:
    """Names in `text`, countries or others; a pair such as "Heihe-Blagoveshchensk" is one."""
    spans = [span for span in _spans(text, names) if bool(words.COUNTRY.fullmatch(text[slice(*span)])) == countries]
    groups = spans[:1]
    for before, span in pairwise(spans):
        if words.BETWEEN_PAIRED.fullmatch(text[before[1] : span[0]]):
            groups[-1] = (groups[-1][0], span[1])
        else:
            groups.append(span)
    return groups


def _has_antecedent(before: str, pronoun: str) -> bool:
    """Whether the words before a pronoun are enough for it to mean something there: "do truck drivers need their ..."."""
    if words.HAN.search(before):
        return len(words.HAN.findall(before)) > words.MOST_HAN_BEFORE
    left = words.TOKEN.findall(words.FILLER.sub(" ", words.QUESTION_WORD.sub(" ", before)))
    return bool(words.SECOND_CLAUSE.search(before)) or len(left) > (1 if words.PLURAL_PRONOUN.fullmatch(pronoun) else 2)


def _antecedent(last: str, pronoun: str, names: Names) -> str:
    """The named thing ("the Heihe bridge") if one is meant, or else the subject without its dates."""
    groups = _groups(last, names, countries=False)
    if groups and not words.PLURAL_PRONOUN.fullmatch(pronoun):
        start, end = groups[0]
        after, before = words.AFTER_NAME.match(last, end), words.BEFORE_NAME.search(last[:start])
        return last[before.start() if before else start : after.end() if after else end]
    return _topic(last)


# Phrases


def _same_count(rest: str, last: str) -> bool:
    """ "How many trucks" after "How many passengers"."""
    counted = words.COUNTED.match(rest)
    return bool(counted and counted.end() == len(rest) and words.COUNTED.search(last))


def _with_phrase(last: str, rest: str, names: Names, *, named: bool) -> str:
    """The last question with a phrase in the place of its like, or with it at the end."""
    preposition = words.PREPOSITION.match(rest)
    phrase = rest[preposition.end() :] if preposition else rest
    word = preposition["word"] if preposition else None
    if named:
        country = bool(words.COUNTRY.fullmatch(phrase))
        groups = _groups(last, names, countries=country)
        every = [*groups, *_groups(last, names, countries=not country)]
        same = [span for span in every if word and re.search(rf"\b{word}\s+(?:the\s+)?$", last[: span[0]], re.IGNORECASE)]
        chosen = same if len(same) == 1 else groups
        if len(chosen) == 1 and _is_mostly_name(phrase, names):
            start, end = chosen[0]
            kind = words.HAN_KIND_OF_PLACE.match(last, end)
            return last[:start] + phrase + last[kind.end() if kind else end :]
    elif word and word.lower() not in words.AMBIGUOUS_PREPOSITIONS:
        places = list(re.finditer(rf"\b{word}\s+(?P<noun>[^\W\d][\w-]*)", last, re.IGNORECASE))
        if len(places) == 1 and " " not in phrase:
            return last[: places[0].start("noun")] + phrase + last[places[0].end("noun") :]
    elif not word and len(words.WORD.findall(rest)) <= words.MOST_COUNTED_WORDS and (counted := words.COUNTED.search(last)):
        new = words.COUNTED.match(rest)
        noun = "noun" if counted["noun"] else "noun_ru"
        phrase = (new["noun"] or new["noun_ru"]) if new else phrase
        return last[: counted.start(noun)] + phrase + last[counted.end(noun) :]
    return _appended(last, rest)


def _is_mostly_name(phrase: str, names: Names) -> bool:
    """Whether a phrase names something and hardly says more: not "the Chinese side's pressure"."""
    # A capital at the very start is no sign of a name.
    spans = [(start - 1, end - 1) for start, end in _spans(f" {phrase}", names)]
    return len(words.TOKEN.findall(words.FILLER.sub(" ", _without(phrase, spans)))) <= words.MOST_BESIDE_NAME
