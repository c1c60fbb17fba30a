"""Masking schedules alpha(t) by name: the probability that a token is unmasked at time t, from 1 at 0 to 0 at 1.

Sampling runs from t = 1 down to 0: on the uniform grid of N steps, c_k = alpha(1 - k/N) is revealed after k of
them (`IID.from_alpha`).  Every value is a Fraction: exact where alpha(t) is rational at rational t, else the
nearest float64, so that the weights of a schedule sum to 1 exactly and serve exact laws.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

from oracles.validation import read_count

Alpha = Callable[[Fraction], Fraction]


def linear(t: Fraction) -> Fraction:
    """1 - t: N equal steps."""
    return 1 - Fraction(t)


def log_linear(t: Fraction) -> Fraction:
    """exp(-sigma(t)), sigma(t) = -ln(1 - (1 - eps) t), which is 1 - (1 - eps) t: `linear`, whatever eps.

    Sampling starts from masks only, so that what alpha(1) = eps leaves unmasked is conditioned away:
    (alpha(t) - eps) / (1 - eps) = 1 - t.  Source: Sahoo et al. 2024 (MDLM, arXiv 2406.07524).
    """
    return linear(t)


def cosine(t: Fraction) -> Fraction:
    """1 - cos(pi/2 (1 - t)): few tokens first.  Source: Chang et al. 2022 (MaskGIT), Shi et al. 2024 (MD4)."""
    if 3 * t == 1:
        return Fraction(1, 2)  # with 0 and 1 the only rational value
    return 1 - Fraction(math.sin(math.pi / 2 * float(t)))


def power(exponent: Any) -> Alpha:
    """(1 - t)^p: c_k = (k/N)^p is revealed after k of N steps, few tokens first if p > 1.

    Exact for whole p.  ValueError unless p is a positive number.
    """
    p = _positive("exponent", exponent)
    return lambda t: _power(1 - Fraction(t), p)


def polynomial(exponent: Any) -> Alpha:
    """1 - t^p: many tokens first if p > 1.  Exact for whole p.  Source: Shi et al. 2024 (MD4).

    ValueError unless p is a positive number.
    """
    p = _positive("exponent", exponent)
    return lambda t: 1 - _power(Fraction(t), p)


def geometric(lowest: float = 1e-5, highest: float = 20.0) -> Alpha:
    """exp(-sigma(t)), sigma(t) = lowest^(1-t) highest^t, brought to run from 1 to 0 as in `log_linear`.

    Source: Lou et al. 2024 (SEDD).  ValueError unless 0 < lowest < highest.
    """
    low, high = _positive("lowest", lowest), _positive("highest", highest)
    if not low < high:
        raise ValueError(f"lowest: expected less than highest = {highest}, got {lowest}")

    def alpha(t: Fraction) -> Fraction:
        if t in (0, 1):
            return 1 - Fraction(t)
        sigma = float(low) ** float(1 - t) * float(high) ** float(t)
        left = math.expm1(sigma - float(high)) / math.expm1(float(low) - float(high))
        return Fraction(math.exp(float(low) - sigma) * left)

    return alpha


def rounded_sizes(alpha: Alpha, length: int, steps: int) -> list[int]:
    """The sizes of N steps that follow alpha: L c_k positions after k of them, rounded (halves to even).

    What decoders do that reveal a scheduled number of tokens a step.
    """
    length, steps = read_count("length", length), read_count("steps", steps)
    done = [round(length * alpha(Fraction(steps - k, steps))) for k in range(steps + 1)]
    return [after - before for before, after in pairwise(done)]


def _positive(name: str, value: Any) -> Fraction:
    try:
        number = Fraction(value)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise ValueError(f"{name}: expected a positive number, got {value!r}") from error
    if number <= 0:
        raise ValueError(f"{name}: expected a positive number, got {value!r}")
    return number


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator == 1:
        return base**exponent.numerator
    return Fraction(float(base) ** float(exponent))


NAMED: dict[str, Alpha] = {
    "linear": linear,
    "log-linear": log_linear,
    "cosine": cosine,
    "square": power(2),
    "geometric": geometric(),
}
"""The masking schedules without a parameter, or with the usual one."""
