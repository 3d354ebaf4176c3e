from __future__ import annotations

import numpy as np

from coopbot.index import token_codes
from coopbot.index.model.embedder import unit


def test_two_bits_keep_similarities_and_which_token_is_nearest() -> None:
    rng = np.random.default_rng(1)
    question = unit(rng.standard_normal((5, 384)).astype(np.float32))
    tokens = unit(rng.standard_normal((300, 384)).astype(np.float32))
    tokens[:5] = unit(question + 0.5 * tokens[:5])  # one true match for each question token
    codes = token_codes.encode(tokens)
    assert codes.shape == (300, 96)
    scores = token_codes.similarities(token_codes.rotated(question), codes)
    assert np.corrcoef(scores.ravel(), (tokens @ question.T).ravel())[0, 1] > 0.94
    assert scores.argmax(axis=0).tolist() == [0, 1, 2, 3, 4]


def test_the_rotation_is_orthogonal_and_fixed() -> None:
    rotation = token_codes.rotation(64)
    assert np.allclose(rotation @ rotation.T, np.eye(64), atol=1e-5)
    assert np.array_equal(rotation, token_codes.rotation.__wrapped__(64))


def test_no_tokens_make_no_codes() -> None:
    assert token_codes.encode(np.zeros((0, 384), np.float32)).shape == (0, 96)
