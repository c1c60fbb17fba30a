"""What a model has yet to learn of an oracle: exactly where its contexts can be enumerated, else estimated."""

from __future__ import annotations

from dataclasses import dataclass, replace

from oracles import Oracle, Result
from theory.learning.contexts import context_errors
from theory.learning.estimates import estimate_learning_error
from theory.monte_carlo import Estimate
from theory.neural.autoregressive import AutoregressiveLaw
from theory.neural.learned import Learned
from theory.neural.models import MaskedTransformer, Transformer

WORK = 5e11
"""Multiplications that an exact answer may take, by default: some ten seconds on two idle cores."""

NUMBERS = 10**7
"""Probabilities that a model may give for one, which take time of their own where it is small."""


@dataclass(frozen=True)
class Shortfall:
    """What is left to learn.

    gap: in bits per token, (NELBO - H(q)) / L of a denoiser and KL(q||p) / L of an autoregressive model.
    worst: eps_learning of a denoiser, the largest KL(q(x_i|x_S) || d(x_i|x_S)) of all possible contexts in bits,
    where they are enumerated; None elsewhere, as draws bound it only from below.
    """

    gap: Result | Estimate
    worst: Result | None


def shortfall(
    q: Oracle, model: Transformer, *, work: float = WORK, draws: int = 1000, seed: int = 0
) -> Shortfall:
    """How far a model is from a float oracle of its vocabulary and length.

    work: multiplications up to which all contexts are enumerated, if they are not more than `NUMBERS` allows; draws,
    seed: of the estimate otherwise, whose interval is Student's.  ValueError for another vocabulary or length.
    """
    masked = isinstance(model, MaskedTransformer)
    tokens = q.length * (q.vocab_size + masked) ** (q.length - (not masked))
    weights = sum(weight.numel() for weight in model.parameters())
    exact = tokens * weights <= work and tokens * q.vocab_size <= NUMBERS
    if masked:
        return _of_denoiser(q, Learned(q, model), exact, draws, seed)
    law = AutoregressiveLaw(q, model)
    if exact:
        found = law.kl_divergence()
        return Shortfall(replace(found, value=found.value / q.length, unit="bits per token"), None)
    drawn = law.estimate_kl_divergence(draws, seed=seed)
    value, low, high = (each / q.length for each in (drawn.value, drawn.low, drawn.high))
    return Shortfall(replace(drawn, value=value, low=low, high=high, unit="bits per token"), None)


def _of_denoiser(q: Oracle, denoiser: Learned, exact: bool, draws: int, seed: int) -> Shortfall:
    if exact:
        errors = context_errors(q, denoiser)
        return Shortfall(errors.average, errors.worst.value)
    return Shortfall(estimate_learning_error(q, denoiser, draws, seed=seed), None)
