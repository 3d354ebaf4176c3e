"""The subject of a request for an overview: "tell me about X", «что такое X», 介绍一下X."""

from __future__ import annotations

import re

from coopbot.text.measures import flatten

_BEFORE = re.compile(
    r"^(?:\W|\b(?:please|could|can|would|you|give|me|us|an?|the|short|brief|general|quick|i|want|to|should|hi|hello|so"
    r"|and|in|a)\b"
    r"|\b(?:overview|summary|summari[sz]e|outline|introduction|introduce|background|information|info|key facts"
    r"|main points|facts)\b(?: (?:of|on|about|to))?"
    r"|\b(?:tell|say|talk)(?: (?:more|something|a bit))?(?: about| on)?|\b(?:more|briefly|something) ?(?:about|on)?"
    r"|\b(?:describe|explain|brief me on|know(?: about)?|what(?: is|'s|’s| are| do we know about| should i know about"
    r"| can be said about| is known (?:about|on|of))?"
    r"|who(?: is|'s| are| or what is)?)\b|\b(?:about|on|of|known)\b"
    r"|\b(?:пожалуйста|расскаж\w+|поведай\w*|опиш\w+|объясн\w+|поясн\w+|дай(?:те)?|мне|нам|что такое|что это(?: за"
    r"| такое)?|что за|кто так\w+|что представля\w+ собой"
    r"|что известно|обзор\w*|кратк\w+|вкратце|справк\w+|резюме|сводк\w+|общ\w+ информаци\w+|информаци\w+|основн\w+"
    r"|главн\w+|ключев\w+ факты|факты"
    r"|введи в курс|хочу|узнать|подробн\w+|в двух словах|коротко|о том,? что такое|по теме|на тему|тема|насч[её]т|про|об?"
    r"|по|а|и|ну)\b"
    r"|请|麻烦|能|可以|给我|帮我|我想|想|简单|简要|大概|地|介绍|一下|讲讲|讲一下|讲|说说|说一下|谈谈|概述|总结|描述|了解"
    r"|带我|关于|什么是|吗)+",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"(?:\W|\b(?:overview|summary|please|in (?:brief|a nutshell|general|short)|briefly|to me|explained|all about|about|is)\b"
    r"|\b(?:кратко|вкратце|пожалуйста|в общих чертах|что это(?: такое)?|это что|подробнее|обзор|резюме|справка)\b"
    r"|的?(?:基本|总体|大致)?(?:情况|概况|简介|概览|概要|综述|背景|要点|介绍)|是个?(?:什么样?的?(?:项目|地方|东西)?"
    r"|怎么回事|啥)|的?概[况述览]|吗|呢|吧)+$",
    re.IGNORECASE,
)


def subject_of(request: str) -> str:
    """What an overview is asked of, in the words of the request; "" if nothing is left."""
    flat = flatten(request)
    start = found.end() if (found := _BEFORE.match(flat)) else 0
    end = found.start() if (found := _AFTER.search(flat, start)) else len(flat)
    return request[start:end].strip(" ,.:;?!\"'“”«»《》（）()")


_UNKNOWN = re.compile(r"not known|unknown|неизвестно|未知|不明|尚不清楚", re.IGNORECASE)


def tells_of_gaps(heading: str) -> bool:
    """Whether a heading stands over what is not known."""
    return bool(_UNKNOWN.search(heading))
