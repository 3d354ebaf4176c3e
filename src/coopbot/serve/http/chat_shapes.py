"""The JSON of `/v1/chat/completions` and `/v1/models`, as OpenAI's clients send and expect it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, NotRequired

from pydantic import BaseModel, Field, StringConstraints
from typing_extensions import TypedDict

from coopbot.domain import Answer
from coopbot.errors import InvalidRequest
from coopbot.serve.links import source_address
from coopbot.serve.markdown import MarkdownLine, answer_markdown
from coopbot.serve.wire import AnswerOut, answer_out
from coopbot.text.characters import plain_characters

MODEL = "coopbot"

_MESSAGES = 1000
_PARTS = 20


class PartIn(TypedDict):
    """A part of a message. Only text is accepted. A plain dict, since there may be thousands."""

    type: Annotated[str, StringConstraints(max_length=100)]
    text: NotRequired[str]


class MessageIn(BaseModel):
    """A message of the conversation. Only the user's messages are used."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | Annotated[list[PartIn], Field(max_length=_PARTS, fail_fast=True)] | None = None

    @property
    def text(self) -> str:
        """The text of the message, in plain characters. Raises InvalidRequest if it has other parts."""
        if self.content is None or isinstance(self.content, str):
            return plain_characters(self.content or "").strip()
        if any(part["type"] != "text" for part in self.content):
            raise InvalidRequest("messages", "only text is accepted; send the question as text")
        return plain_characters(" ".join(part.get("text", "") for part in self.content)).strip()


class StreamOptionsIn(BaseModel):
    """Options of a stream. include_usage: whether it ends with a chunk that has `usage`."""

    include_usage: bool = False


class ChatOptions(BaseModel):
    """How an answer is sent."""

    stream: bool | None = False
    stream_options: StreamOptionsIn | None = None
    n: Literal[1] | None = None


class ChatIn(ChatOptions):
    """A conversation; the user's last message is the question. OpenAI's other fields are accepted and ignored.

    Checking ends at the first message that is wrong: a body of wrong ones would make an error of every six bytes.
    """

    model: Annotated[str, StringConstraints(max_length=200)]
    messages: list[MessageIn] = Field(min_length=1, max_length=_MESSAGES, fail_fast=True)


class UrlCitationOut(BaseModel):
    """A link at `content[start_index:end_index]`, with the address and title of its target."""

    start_index: int
    end_index: int
    url: str
    title: str


class AnnotationOut(BaseModel):
    """A link, as OpenAI's clients read it."""

    type: Literal["url_citation"] = "url_citation"
    url_citation: UrlCitationOut


class MessageOut(BaseModel):
    """The answer in Markdown."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    annotations: list[AnnotationOut]


class ChoiceOut(BaseModel):
    """The only choice of a completion."""

    index: Literal[0] = 0
    message: MessageOut
    logprobs: None = None
    finish_reason: Literal["stop"] = "stop"


class UsageOut(BaseModel):
    """Token counts, always 0. Some clients fail without them."""

    prompt_tokens: Literal[0] = 0
    completion_tokens: Literal[0] = 0
    total_tokens: Literal[0] = 0


class ChatOut(BaseModel):
    """A completion. `coopbot` is the answer as `/v1/ask` returns it, with exact quotes and offsets."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[ChoiceOut]
    usage: UsageOut = UsageOut()
    coopbot: AnswerOut


class ModelOut(BaseModel):
    """An available model."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str


class ModelsOut(BaseModel):
    """The available models."""

    object: Literal["list"] = "list"
    data: list[ModelOut]


def chat_schema() -> dict[str, Any]:
    """The JSON schema of `ChatIn` in one piece, as a description of the service needs it."""
    schema = ChatIn.model_json_schema()
    parts = schema.pop("$defs")

    def whole(part: Any) -> Any:
        if isinstance(part, list):
            return [whole(one) for one in part]
        if not isinstance(part, dict):
            return part
        if reference := part.get("$ref"):
            return whole(parts[reference.rpartition("/")[2]])
        return {name: whole(one) for name, one in part.items()}

    described: dict[str, Any] = whole(schema)
    return described


def chat_out(answer: Answer, chat_id: str, created: int, base: str) -> ChatOut:
    """The completion for an answer."""
    lines = list(answer_markdown(answer, base))
    content = "".join(line.text for line in lines)
    message = MessageOut(content=content.rstrip(), annotations=link_annotations(lines, answer, base))
    return ChatOut(id=chat_id, created=created, model=MODEL, choices=[ChoiceOut(message=message)], coopbot=answer_out(answer))


def link_annotations(lines: Sequence[MarkdownLine], answer: Answer, base: str) -> list[AnnotationOut]:
    """The links of all lines, with their offsets in the whole content."""
    cited = {citation.number: citation for citation in answer.citations}
    found, start = [], 0
    for line in lines:
        for number, span in line.links:
            if url := source_address(cited[number], base):
                place = {"start_index": start + span.start_char, "end_index": start + span.end_char}
                found.append(AnnotationOut(url_citation=UrlCitationOut(**place, url=url, title=cited[number].title)))
        start += len(line.text)
    return found
