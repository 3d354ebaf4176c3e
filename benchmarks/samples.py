"""Questions over the corpus that benchmarks ask, three in each language. None can be mistaken for a follow-up question."""

from __future__ import annotations

QUESTIONS = (
    "How much cargo crossed the Tongjiang bridge in 2024?",
    "When did the Heihe-Blagoveshchensk highway bridge open to freight?",
    "What is the capacity of the Zabaikalsk grain terminal?",
    "Какова длина моста Благовещенск — Хэйхэ?",
    "Сколько газа поставили по «Силе Сибири» в 2024 году?",
    "Когда заработает канатная дорога между Благовещенском и Хэйхэ?",
    "同江铁路大桥的设计年过货能力是多少？",
    "黑河公路大桥什么时候通车？",
    "2023年黑龙江对俄贸易额是多少？",
)
