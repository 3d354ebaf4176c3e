"""Every question is answered exactly once, whatever connections, Telegram and this machine do."""

from __future__ import annotations

import asyncio
import itertools
import math
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest
from telegram.constants import MessageLimit

from benchmarks.telegram.bot_api.checks import RefusedError
from benchmarks.telegram.bot_api.flood import Flood
from benchmarks.telegram.bot_api.server import BotApi, Fault, bot_api
from benchmarks.telegram.bot_api.updates import BOT_USERNAME, ME, TOKEN, JsonObject
from benchmarks.telegram.bot_api.updates import message as incoming
from coopbot import errors
from coopbot.domain import Answer
from coopbot.serve.messages import message
from coopbot.serve.telegram.handling import MOST_STARTS
from coopbot.serve.telegram.outbox import Outbox
from coopbot.serve.telegram.outgoing import Outgoing
from coopbot.serve.telegram.pace import Pace, Quota
from coopbot.serve.telegram.parts import Part
from coopbot.serve.telegram.texts import bot_texts

from .telegram_bot import QUICK, Bot, make_answer


def _quote(question: str) -> Answer:
    return make_answer(question, quote=f"Answer to {question}")


def _once(api: BotApi, questions: list[str]) -> None:
    """Every question has its one answer, in the order of asking."""
    assert [sent.text.partition(" [1]")[0] for sent in api.sent] == [f"Answer to {question}" for question in questions]


@pytest.mark.parametrize("fault", ["drop before", "drop after", "error before", "error after", "slow"])
def test_an_answer_arrives_whatever_fails_on_the_way_and_a_possible_repetition_says_so(
    bot: Bot, api: BotApi, fault: Fault
) -> None:
    sends = itertools.count()
    api.fault = lambda method: fault if method == "sendMessage" and next(sends) in (0, 2) else None
    bot.answers.reply = _quote
    questions = [f"question {number}?" for number in range(4)]
    for question in questions:
        api.deliver(incoming(question))
    arrived = {"drop after": 6, "error after": 6}.get(fault, 4)
    bot.run(lambda: api.wait_for_sent(arrived))
    note = bot_texts("en").sent_again
    first = [sent.text.partition(" [1]")[0] for sent in api.sent if not sent.text.endswith(note)]
    marked = [sent.text.partition(" [1]")[0] for sent in api.sent if sent.text.endswith(note)]
    assert len(marked) == (0 if fault == "slow" else 2)
    assert sorted({*first, *marked}) == [f"Answer to {question}" for question in questions]
    assert len(first) == len(set(first))
    assert api.called("editMessageText") == []


def test_a_message_that_never_left_is_sent_again_without_a_note(bot: Bot, api: BotApi, tmp_path: Path) -> None:
    """One of an earlier release that is too long for the note loses its end instead."""
    state = bot.state()
    long = Outgoing(chat_id=1, key="x", content=Part(text="я" * MessageLimit.MAX_TEXT_LENGTH))
    Outbox(state).put([Outgoing(chat_id=2, key="y", content=Part(text="plain")), long])
    pending = Outbox(state).first(1)
    assert pending is not None
    Outbox(state).begin(pending)
    state.close()
    bot.run(lambda: api.wait_for_sent(2))
    texts = {sent.chat_id: sent.text for sent in api.sent}
    assert texts[2] == "plain"
    assert texts[1].endswith(bot_texts("en").sent_again)
    assert len(texts[1]) == MessageLimit.MAX_TEXT_LENGTH


# The library warns of the type that an attribute of its own error will have one day.
@pytest.mark.filterwarnings("ignore:.*retry_after:DeprecationWarning")
def test_a_chat_that_has_to_wait_delays_no_other(bot: Bot, api: BotApi) -> None:
    api.refuse_next("sendMessage", RefusedError(429, "Too Many Requests: retry after 1", retry_after_s=1))
    api.deliver(incoming("first?", chat_id=1))

    def scenario() -> None:
        api.wait_until(lambda: len(api.called("sendMessage")) == 1)
        api.deliver(incoming("second?", chat_id=2))
        api.wait_for_sent(2)

    bot.run(scenario)
    assert [sent.chat_id for sent in api.sent] == [2, 1]


@pytest.mark.server
def test_telegrams_limits_are_kept(tmp_path: Path) -> None:
    flood = Flood(chat_every_s=0.2, group_messages_per_minute=20, all_per_second=10)
    with bot_api(flood) as api:
        bot = Bot(api, tmp_path, quota=Quota(chat_every_s=0.2, group_messages_per_minute=20, all_per_second=10))
        for number in range(3):
            for chat_id in range(1, 8):
                api.deliver(incoming(f"{number}?", chat_id=chat_id, user_id=chat_id))
        bot.run(lambda: api.wait_for_sent(21))
    assert flood.refused == 0


def test_a_group_gets_20_messages_a_minute_and_a_chat_one_a_second() -> None:
    now = [100.0]
    pace = Pace(lambda: now[0], Quota())
    for _ in range(20):
        assert pace.ready_at_s(-5) <= now[0]
        _send(pace, -5)
        now[0] += 1.0
    assert pace.ready_at_s(-5) == 160
    assert pace.ready_at_s(7) <= now[0]
    _send(pace, 7)
    assert pace.ready_at_s(7) == now[0] + 1.0
    pace.pause(7, 30)
    assert pace.ready_at_s(7) == now[0] + 30
    assert pace.ready_at_s(8) <= now[0]


def test_all_chats_together_get_30_messages_a_second() -> None:
    now = [100.0]
    pace = Pace(lambda: now[0], Quota())
    for chat_id in range(10):
        _send(pace, chat_id)
    now[0] += 0.5
    for _ in range(20):
        assert pace.ready_at_s(99) <= now[0]
        pace.began()
    assert pace.ready_at_s(99) == 101
    now[0] += 0.5
    for _ in range(10):
        assert pace.ready_at_s(99) <= now[0]
        pace.began()
    assert pace.ready_at_s(99) == math.inf


def _send(pace: Pace, chat_id: int) -> None:
    pace.began()
    pace.ended(chat_id)


def test_a_user_who_blocked_the_bot_delays_no_other(bot: Bot, api: BotApi) -> None:
    api.blocked.add(1)
    api.deliver(incoming("why?", chat_id=1))
    api.deliver(incoming("why?", chat_id=2))
    bot.run(lambda: api.wait_for_sent(1))
    assert [sent.chat_id for sent in api.sent] == [2]


def test_a_group_that_became_a_supergroup_gets_its_answer_there(bot: Bot, api: BotApi) -> None:
    api.migrated[-100] = -1_001_000_000_000
    api.deliver(incoming(f"@{BOT_USERNAME} why?", chat_id=-100, chat_type="group"))
    bot.run(lambda: api.wait_for_sent(1), refused=1)
    assert [(sent.chat_id, sent.reply_to) for sent in api.sent] == [(-1_001_000_000_000, None)]


def test_a_closed_topic_gets_no_message(bot: Bot, api: BotApi) -> None:
    api.closed_topics.add(3)
    topic: JsonObject = {"message_thread_id": 3, "is_topic_message": True}
    api.deliver(incoming(f"@{BOT_USERNAME} why?", chat_id=-100, chat_type="supergroup", extra=topic))
    api.deliver(incoming("last?", chat_id=2))
    bot.run(lambda: api.wait_until(lambda: bool(api.sent) and bool(api.refused)), refused=1)
    assert [sent.chat_id for sent in api.sent] == [2]


def test_an_answer_that_telegram_refuses_is_replaced_by_a_notice(bot: Bot, api: BotApi) -> None:
    api.refuse_next("sendMessage", RefusedError(400, "Bad Request: ENTITIES_TOO_LONG"))
    api.deliver(incoming("why?"))
    bot.run(lambda: api.wait_for_sent(1), refused=1)
    assert [sent.text for sent in api.sent] == [message("en").went_wrong]


def test_waiting_messages_of_a_user_who_blocks_the_bot_are_dropped(bot: Bot, api: BotApi) -> None:
    change: JsonObject = {
        "chat": {"id": 5, "type": "private"},
        "from": {"id": 77, "is_bot": False, "first_name": "Li"},
        "date": 1,
        "old_chat_member": {"user": ME, "status": "member"},
        "new_chat_member": {"user": ME, "status": "kicked", "until_date": 0},
    }
    bot.quota = Quota(chat_every_s=60)
    api.deliver(incoming("first?", chat_id=5))
    api.deliver(incoming("second?", chat_id=5))

    def scenario() -> None:
        api.wait_until(lambda: len(bot.answers.asked) == 2 and len(api.sent) == 1)
        api.deliver(change, kind="my_chat_member")
        api.deliver(incoming("last?", chat_id=6))
        api.wait_for_sent(2)

    bot.run(scenario)
    service = bot.service()
    assert service._context.outbox.count() == 0
    service._state.close()


def test_of_two_processes_over_one_state_one_runs_the_bot_and_the_other_goes_on(bot: Bot, api: BotApi) -> None:
    bot.answers.reply = _quote
    services = [bot.service(), bot.service()]

    async def main() -> None:
        one = asyncio.create_task(services[0].run())
        await asyncio.to_thread(api.wait_until, lambda: bool(api.called("getUpdates")))
        other = asyncio.create_task(services[1].run())
        api.deliver(incoming("first?"))
        await asyncio.to_thread(api.wait_for_sent, 1)
        services[0].stop()
        await one
        api.deliver(incoming("second?"))
        await asyncio.to_thread(api.wait_for_sent, 2)
        services[1].stop()
        await other

    asyncio.run(main())
    _once(api, ["first?", "second?"])


def test_repeated_updates_are_not_answered_again(bot: Bot, api: BotApi) -> None:
    """A process that is killed before it confirms what it kept is given it again."""
    api.fault = lambda method: "drop after" if method == "getUpdates" and len(api.called("getUpdates")) == 2 else None
    bot.answers.reply = _quote
    api.deliver(incoming("why?"))
    bot.run(lambda: api.wait_for_sent(1))
    api.deliver(incoming("last?"))
    api._pending.appendleft({"update_id": 1001, "message": incoming("why?", message_id=1)})
    bot.run(lambda: api.wait_for_sent(2))
    _once(api, ["why?", "last?"])


@pytest.mark.parametrize(
    ("code", "description"), [(401, "Unauthorized"), (404, "Not Found"), (502, "Bad Gateway"), (409, "Conflict: x")]
)
def test_a_poll_that_fails_once_is_repeated(bot: Bot, api: BotApi, code: int, description: str) -> None:
    api.refuse_next("getUpdates", RefusedError(code, description))
    api.deliver(incoming("why?"))
    bot.run(lambda: api.wait_for_sent(1))


def test_a_refusal_after_an_outage_does_not_end_the_bot(bot: Bot, api: BotApi) -> None:
    for code in (502, 502, 502, 502, 401):
        api.refuse_next("getUpdates", RefusedError(code, "Bad Gateway"))
    api.deliver(incoming("why?"))
    bot.run(lambda: api.wait_for_sent(1))


@pytest.mark.parametrize(
    ("code", "error", "reason"),
    [
        (401, errors.Misconfigured, "COOPBOT_TELEGRAM_TOKEN"),
        (404, errors.Misconfigured, "COOPBOT_TELEGRAM_TOKEN"),
        (409, errors.Busy, "Another process"),
    ],
)
def test_a_bot_that_telegram_refuses_ends_with_an_error(
    bot: Bot, api: BotApi, code: int, error: type[errors.CoopbotError], reason: str
) -> None:
    for _ in range(10):
        api.refuse_next("getUpdates", RefusedError(code, "Unauthorized" if code != 409 else "Conflict: x"))
    with pytest.raises(error, match=reason):
        asyncio.run(bot.service().run())


def test_a_second_poller_is_noticed_though_polls_succeed_in_between(bot: Bot, api: BotApi) -> None:
    polls = itertools.count()

    def conflict(method: str) -> None:
        if method == "getUpdates" and next(polls) % 2:
            api.refuse_next("getUpdates", RefusedError(409, "Conflict: x"))

    api.fault = conflict
    bot.patience = replace(QUICK, poll_s=0)
    with pytest.raises(errors.Busy, match="Another process"):
        asyncio.run(bot.service().run())


_PROGRAM = """
import sys, time
from pathlib import Path
from coopbot.serve.admission import Admission
from coopbot.serve.telegram.context import Backend
from coopbot.sections import BotSettings
from coopbot.serve.telegram.service import BotProcess, BotService, run_bot
from coopbot.state import State
from tests.serve.telegram_bot import NO_LIMITS, QUICK, FakeAnswers, make_answer, make_index

delay_s, shutdown_s, port = float(sys.argv[4]), float(sys.argv[5]), int(sys.argv[6])

def reply(question):
    time.sleep(delay_s)
    return make_answer(question, quote=f"Answer to {question}")

folder = Path(sys.argv[3])
backend = Backend(answerer=FakeAnswers(reply), index=make_index(folder / "index"), admission=Admission())
settings = BotSettings(token=sys.argv[1], api_url=sys.argv[2] + "/", rate=1000, health_port=port or None)
process = BotProcess(heartbeat=folder / "heartbeat", quota=NO_LIMITS, lease_s=1.0, patience=QUICK, shutdown_s=shutdown_s)
run_bot(BotService(backend, settings, process, State(folder / "state.sqlite")))
"""


def _start(
    api: BotApi, folder: Path, *, delay_s: float = 0.0, shutdown_s: float = 10, port: int = 0
) -> subprocess.Popen[bytes]:
    root = Path(__file__).parents[2]
    arguments = [TOKEN, api.url, str(folder), str(delay_s), str(shutdown_s), str(port)]
    environ = os.environ | {"PYTHONPATH": f"{root / 'src'}{os.pathsep}{root}"}
    return subprocess.Popen([sys.executable, "-W", "error", "-c", _PROGRAM, *arguments], stderr=subprocess.PIPE, env=environ)


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_after_a_signal_answers_in_progress_are_finished(api: BotApi, tmp_path: Path, number: signal.Signals) -> None:
    api.deliver(incoming("why?"))
    with _start(api, tmp_path, delay_s=0.8) as process:
        try:
            api.wait_until(lambda: bool(api.called("sendChatAction")), 60)
            process.send_signal(number)
            _, stderr = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, stderr) == (0, b"")
    _once(api, ["why?"])


@pytest.mark.process
def test_a_stop_is_in_time_and_pending_questions_are_answered_after_the_next_start(api: BotApi, tmp_path: Path) -> None:
    api.deliver(incoming("why?"))
    with _start(api, tmp_path, delay_s=60, shutdown_s=1) as process:
        try:
            api.wait_until(lambda: bool(api.called("sendChatAction")), 60)
            process.terminate()
            assert process.wait(timeout=60) == 0
        finally:
            process.kill()
    assert api.sent == []
    with _start(api, tmp_path) as process:
        try:
            api.wait_for_sent(1, 60)
        finally:
            process.terminate()
    _once(api, ["why?"])


@pytest.mark.process
def test_a_killed_bot_loses_no_question_and_repeats_none_without_saying_so(api: BotApi, tmp_path: Path) -> None:
    """Killed at an answer under way, at a message that was sent and not confirmed, and at a message not yet sent."""
    calls = itertools.count()
    api.fault = lambda method: "slow" if method == "sendMessage" and next(calls) % 3 else None
    questions = [f"question {number}?" for number in range(12)]
    for question in questions:
        api.deliver(incoming(question))
    for sends in (1, 4, 6):
        with _start(api, tmp_path, delay_s=0.02) as process:
            try:
                api.wait_until(lambda sends=sends: len(api.called("sendMessage")) >= sends, 60)  # type: ignore[misc]
            finally:
                process.kill()
    with _start(api, tmp_path) as process:
        try:
            api.wait_for_sent(12, 60)
            time.sleep(0.5)
        finally:
            process.terminate()
    note = bot_texts("en").sent_again
    answers = [sent.text.partition(" [1]")[0] for sent in api.sent if not sent.text.endswith(note)]
    assert len(answers) == len(set(answers))
    assert {sent.text.partition(" [1]")[0] for sent in api.sent} == {f"Answer to {question}" for question in questions}


def test_an_update_that_crashes_the_process_is_given_up(bot: Bot, api: BotApi) -> None:
    service = bot.service()
    service._context.inbox.put([{"update_id": 1, "message": incoming("why?", message_id=1)}])
    for _ in range(MOST_STARTS):
        assert service._context.inbox.take(()) is not None
    service._state.close()
    bot.run(lambda: api.wait_for_sent(1))
    assert [sent.text for sent in api.sent] == [message("en").went_wrong]
    assert bot.answers.asked == []


@pytest.mark.process
def test_health_is_answered_and_a_file_shows_the_last_poll(api: BotApi, tmp_path: Path, free_port: int) -> None:
    with _start(api, tmp_path, port=free_port) as process:
        try:
            api.wait_until(lambda: len(api.called("getUpdates")) >= 1, 60)
            api.deliver(incoming("why?"))
            api.wait_for_sent(1)
            with urllib.request.urlopen(f"http://127.0.0.1:{free_port}/healthz", timeout=60) as response:
                assert response.status == 200
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(f"http://127.0.0.1:{free_port}/", timeout=60)
            assert time.time() - (tmp_path / "heartbeat").stat().st_mtime < 60
        finally:
            process.terminate()
