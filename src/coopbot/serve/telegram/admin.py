"""The commands of admins: add an article, rebuild the index, show status and feedback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from coopbot.domain import Language
from coopbot.errors import CoopbotError, Duplicate
from coopbot.serve.job import Job
from coopbot.serve.jobs import Jobs
from coopbot.serve.messages import error_text, message
from coopbot.serve.redact import without_secrets
from coopbot.serve.telegram.inbox import Waiting
from coopbot.serve.telegram.incoming import Incoming
from coopbot.serve.telegram.kit import Kit
from coopbot.serve.telegram.outgoing import Outgoing, messages
from coopbot.serve.telegram.texts import bot_texts

ADMIN_COMMANDS = frozenset({"add", "rebuild", "status", "feedback"})
_PROGRESS_EVERY_S = 2.0
_DISLIKED = 10


class Admin:
    """Handles the commands of admins; other users get a refusal."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._following: set[asyncio.Task[None]] = set()

    async def handle(self, waiting: Waiting, incoming: Incoming) -> None:
        """Run a command."""
        language = self._kit.language(incoming)
        if incoming.user_id not in self._kit.rules.admins:
            self._kit.reply(waiting, incoming, bot_texts(language).admin_only)
        elif incoming.command == "status":
            self._kit.reply(waiting, incoming, self._status())
        elif incoming.command == "feedback":
            self._kit.reply(waiting, incoming, self._feedback())
        elif self._kit.library.jobs is None:
            self._kit.reply(waiting, incoming, bot_texts(language).changes_off)
        else:
            await self._change(waiting, incoming, self._kit.library.jobs, language)

    async def _change(self, waiting: Waiting, incoming: Incoming, jobs: Jobs, language: Language) -> None:
        texts = bot_texts(language)
        replied = incoming.message.reply_to_message
        document = incoming.message.document or (replied.document if replied else None)
        if incoming.command == "rebuild":
            reply, order = texts.rebuilding, jobs.rebuild
        elif incoming.text.startswith(("http://", "https://")):
            url = incoming.text.split()[0]
            reply, order = texts.adding.format(url), lambda: jobs.add_url(url)
        elif document is not None:
            name = document.file_name or "document"
            data = bytes(await (await document.get_file()).download_as_bytearray())
            reply, order = texts.adding.format(name), lambda: jobs.add_file(data, name)
        else:
            self._kit.reply(waiting, incoming, texts.add_what)
            return
        self._start(waiting, incoming, reply, order, language)

    def _start(self, waiting: Waiting, incoming: Incoming, reply: str, order: Callable[[], Job], language: Language) -> None:
        """Start a job, reply, and update the reply with its progress."""
        try:
            job = order()
        except CoopbotError as error:
            self._kit.reply(waiting, incoming, error_text(error, language))
            return
        self._kit.reply(waiting, incoming, reply)
        like = Outgoing(key=waiting.key, chat_id=incoming.chat_id, language=language)
        task = asyncio.create_task(self._follow(like, job, reply))
        self._following.add(task)
        task.add_done_callback(self._following.discard)

    async def _follow(self, like: Outgoing, job: Job, shown: str) -> None:
        jobs = self._kit.library.jobs
        while jobs is not None and job.state not in ("done", "failed"):
            await asyncio.sleep(_PROGRESS_EVERY_S)
            job = jobs.get(job.job_id)
            now = _progress(job, like.language) or shown
            if now != shown:
                shown = now
                self._kit.send(messages(shown, like, replacing=1))

    def _status(self) -> str:
        store = self._kit.library.index.current()
        jobs = self._kit.library.jobs
        passages = sum(store.manifest.passages.values())
        return "\n".join(
            [
                f"snapshot {store.snapshot_id}: {store.manifest.articles} articles, {passages} passages",
                f"waiting: {self._kit.inbox.count()} updates, {self._kit.outbox.count()} messages",
                f"changes: {'off' if jobs is None else 'idle' if jobs.idle else 'under way'}",
                f"subscriptions: {self._kit.database.number('SELECT COUNT(*) FROM subscriptions')}",
            ]
        )

    def _feedback(self) -> str:
        records = self._kit.records
        counts = f"👍 {records.votes(good=True)}  👎 {records.votes(good=False)}"
        return "\n".join([counts, *(f"👎 {question}" for question in records.disliked(_DISLIKED))])


def _progress(job: Job, language: Language) -> str:
    """The progress of a job; "" if there is none yet."""
    texts = bot_texts(language)
    title = job.title or job.article_id or ""
    if job.state == "failed":
        if isinstance(job.error, Duplicate):
            return texts.known_already.format(job.error.article_id)
        reason = without_secrets(str(job.error)) if isinstance(job.error, CoopbotError) else message(language).went_wrong
        return texts.job_failed.format(reason)
    if job.state == "done":
        return texts.added.format(title) if job.kind == "add" else texts.rebuilt
    return texts.indexing.format(job.done, job.total) if job.total else ""
