"""A causal model asked for the tokens that follow a prompt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeGuard

import numpy as np
import torch
from torch import Tensor

from oracles import Oracle
from oracles.patterns import Tokens
from oracles.validation import read_count
from theory.neural.answers import Answers, check_possible, read_answer
from theory.neural.continuation import Continuation, rows_together
from theory.neural.learned import MOST_TOKENS, TOKENS_AT_A_TIME
from theory.neural.models import AutoregressiveTransformer
from theory.neural.networks import device_of, evaluating

CAUSAL_TOLERANCE = 1e-2
"""By how much the law of a token may move with later tokens: models round."""


class CausalModel:
    """ln p(x_i | x_0, .., x_{i-1}) at the F positions that a prompt leaves free, and draws of them.

    q: a law over floats, for its length, vocabulary, precision and device.  prompt: the first L - F tokens.
    model, batch, output: see `AutoregressiveLaw`.
    ValueError as there for what the model answers.
    """

    def __init__(
        self,
        q: Oracle,
        model: Callable[..., Any],
        prompt: Tokens,
        batch: int | None = None,
        output: str = "logits",
    ) -> None:
        if not callable(model):
            raise ValueError(f"model: expected one that can be called, got {model!r}")
        self.q, self.model, self.prompt = q, model, prompt
        self.start, self.free = len(prompt), q.length - len(prompt)
        self.device = device_of(model, q.arithmetic.zeros(0).device)
        tokens = TOKENS_AT_A_TIME.get(self.device.type, MOST_TOKENS)
        self.batch = max(1, tokens // q.length) if batch is None else read_count("batch", batch)
        self.drawn_together = self.batch
        if batch is None and _has_continuation(model):
            self.drawn_together = rows_together(model.shape, self.device)
        self._answers = Answers("model", output)
        self._check_causal()

    def completed(self, free: Tokens) -> Tokens:
        """Tokens `[n, F]` with the prompt before them, `[n, L]`."""
        return np.concatenate([np.tile(self.prompt, (len(free), 1)), free], axis=1)

    def logs(self, free: Tokens, at: slice = slice(None)) -> Tensor:
        """ln p(x_i = v | tokens before), at all free positions or some: `[n, F]` -> `[n, P, V]`."""
        return self._normalised(self._logits(self.completed(free))[:, self.start :][:, at])

    def draw(self, n: int, rng: np.random.Generator) -> Tokens:
        """n independent draws of the free positions, `[n, F]`."""
        tokens = self.completed(np.zeros((n, self.free), dtype=np.int64))
        for start in range(0, n, self.drawn_together):
            rows = tokens[start : start + self.drawn_together]
            following = self._following(rows)
            for place in range(self.start, self.q.length):
                weights = self._normalised(following(place)).exp()
                rows[:, place] = self.q.arithmetic.draw(weights, rng)
        return tokens[:, self.start :]

    def _following(self, rows: Tokens) -> Callable[[int], Tensor]:
        """The logits of the token at a place, `[n, V]`, from those before it in rows `[n, L]` that grow."""
        if not _has_continuation(self.model):
            return lambda place: self._logits(rows)[:, place]
        continuation = Continuation(self.model, len(rows))
        return lambda place: continuation(rows[:, :place])

    def _logits(self, tokens: Tokens) -> Tensor:
        """What the model answers, `[n, L]` -> `[n, L, V]`."""
        with evaluating(self.model):
            answer = self.model(torch.tensor(tokens, device=self.device))
        logits = read_answer("model", answer)
        expected = (*tokens.shape, self.q.vocab_size)
        if tuple(logits.shape) != expected:
            raise ValueError(f"model: expected logits of shape {expected}, got {tuple(logits.shape)}")
        return logits

    def _normalised(self, logits: Tensor) -> Tensor:
        """ln p `[.., V]`, in the precision of the oracle."""
        logits = self._answers.logits(logits.to(self.q.arithmetic.zeros(0)))
        check_possible("model", logits)
        return logits.log_softmax(-1)

    def _check_causal(self) -> None:
        """ValueError if the law of a token moves with tokens that come later."""
        if self.q.vocab_size == 1:
            return
        half, free = self.free // 2, np.zeros((2, self.free), dtype=np.int64)
        free[1, half:] = 1
        laws = self.logs(free, slice(half + 1)).exp()
        moved = float((laws[0] - laws[1]).abs().max())
        if moved > CAUSAL_TOLERANCE:
            raise ValueError(
                "model: expected logits of token i that depend on tokens before i alone, got probabilities that "
                f"move by {moved:.3g} with later ones"
            )


def _has_continuation(model: Any) -> TypeGuard[AutoregressiveTransformer]:
    """Whether it is known how the model goes on; what derives from it may answer something else."""
    return type(model) is AutoregressiveTransformer
