"""Checks settings, model, corpus and index as a start would, and says how to fix each. Changes nothing."""

from __future__ import annotations

from coopbot.doctor.check import Check, check, check_only
from coopbot.doctor.corpus import look_at_corpus
from coopbot.doctor.index import look_at_index
from coopbot.errors import CoopbotError
from coopbot.index.model.prepare import ModelSource, is_prepared
from coopbot.index.model.reader_model import BUILT_IN
from coopbot.index.model.updates import READER_FILE, load_updates
from coopbot.serve.logs import public_address
from coopbot.settings import Settings, load_settings
from coopbot.wiring import READER_OFF, open_embedder, open_index, open_llm, open_reader, open_sandbox, prepared_reader

__all__ = ["Check", "examine"]


def examine() -> list[Check]:
    """All checks, in the order in which a start depends on them."""
    try:
        settings = load_settings()
    except CoopbotError as exc:
        return [Check(name="settings", ok=False, detail=str(exc))]
    settings_check = Check(name="settings", ok=True, detail="no unknown or unusable COOPBOT_ variable")
    model_check, fingerprint = check("model", lambda: _model(settings))
    models = [model_check, check_only("reader", lambda: _reader(settings))]
    if settings.llm.base_url:
        models.append(check_only("language model", lambda: _llm(settings)))
    with open_sandbox(settings) as sandbox:
        corpus_checks, articles = look_at_corpus(settings.corpus_dir, sandbox.read)
    if settings.milvus.uri is not None:
        index_check, _ = check("index in Milvus", lambda: _milvus(settings, fingerprint))
        return [settings_check, *models, *corpus_checks, index_check]
    return [settings_check, *models, *corpus_checks, *look_at_index(settings.index_dir, fingerprint, articles)]


def _model(settings: Settings) -> tuple[str, str | None]:
    source = ModelSource.of(settings.model)
    if not is_prepared(source, settings.cache_dir):
        return f"{source.name} is not prepared yet; the first use does it, or: coopbot prepare", None
    embedder = open_embedder(settings)
    embedder.embed_passages([""])  # opens the network that answering does without
    card = embedder.card
    fidelity = f"{card.fidelity:.4f}" + (f", for questions {card.questions.fidelity:.4f}" if card.questions else "")
    return f"{card.name}, {card.precision}, cosine to the float model {fidelity}", embedder.fingerprint


def _reader(settings: Settings) -> str:
    if settings.reader == READER_OFF:
        return "off: passages are quoted unchecked, and more answers are wrong; unset COOPBOT_READER to turn it on"
    load_updates(READER_FILE)
    card = prepared_reader(settings)
    if card is None:
        return f"{BUILT_IN} is not prepared yet; the first use does it, or: coopbot prepare"
    open_reader(settings)
    return f"{card.name}, {card.precision}, cosine to the float model {card.fidelity:.4f}"


def _llm(settings: Settings) -> str:
    from coopbot.write.prompt import Prompt

    model = open_llm(settings)
    assert model is not None
    model.complete(Prompt(instructions="Answer with one word.", request="Say yes."))
    return f"{model.name} answers at {public_address(settings.llm.base_url)}"


def _milvus(settings: Settings, fingerprint: str | None) -> tuple[str, None]:
    if fingerprint is None:
        return "not checked: the model is not prepared yet", None
    now = open_index(settings, fingerprint).current()
    return f"{now.snapshot_id}: {now.manifest.articles} articles, built {now.manifest.facts.built_at}", None
