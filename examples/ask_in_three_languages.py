"""Asks a running service one thing in three languages, and a follow-up: python examples/ask_in_three_languages.py [ADDRESS]."""

from __future__ import annotations

import sys

from coopbot.client import Client
from coopbot.errors import CoopbotError

QUESTIONS = (
    "When did the Heihe-Blagoveshchensk bridge open to freight?",
    "黑河—布拉戈维申斯克大桥什么时候开通货运？",
    "Когда по мосту Благовещенск — Хэйхэ пошли грузы?",
)


def main(address: str) -> None:
    """Ask the service at an address."""
    with Client(address) as client:
        for question in QUESTIONS:
            answer = client.ask(question, max_citations=2)
            print(f"{question}\n{answer.text}")
            for citation in answer.citations:
                print(f"  [{citation.number}] {citation.title}, {citation.publisher}, {citation.published}")
        followed = client.ask("and how long is it?", conversation_id=client.ask(QUESTIONS[0]).conversation_id)
        print(f"{followed.searched_as}\n{followed.text}")


if __name__ == "__main__":
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000")
    except CoopbotError as error:
        sys.exit(f"coopbot: {error}")
