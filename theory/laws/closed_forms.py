"""Closed forms: sequence error rates of symmetric languages, at any length.

The languages are uniform on their support and so symmetric that the sampler stays uniform there; hence
KL(q||p) = -log2(1 - SER) exactly, the case of equality in SER <= 1 - 2^{-KL}.  Weights are the w_k of an iid
schedule, c_k = w_1 + .. + w_k; all numbers are rationals (fmpq).
Source: derived for this project; each is tested against enumeration.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import comb, factorial, prod
from typing import Any

from flint import arb, fmpq, fmpq_poly

from theory.log_sums import LogSum, log2, rational

Rational = int | Fraction | fmpq


def same_step(weights: Sequence[Rational]) -> fmpq:
    """sum_k w_k^2: the probability that two given positions fall in the same step."""
    return sum((weight * weight for weight in _exact(weights)), fmpq(0))


def pairs_error_rate(together: Rational, length: int, vocab_size: int, *, valid: Any = None) -> Any:
    """SER of L/2 independent pairs of equal tokens, uniform over V, under an iid schedule:

        SER = 1 - (1 - (1 - valid) together)^{L/2}.

    together: sum_k w_k^2 (`same_step`; 1/N for N equal weights).  valid: the probability that a pair revealed
    in one step comes out equal, 1/V unless the denoiser is not ideal; if it is a ball, so is the SER.
    ValueError for an odd length.
    """
    chance = fmpq(1, vocab_size) if valid is None else valid if isinstance(valid, arb) else rational(valid)
    return 1 - (1 - (1 - chance) * rational(together)) ** _half(length)


def pairs_expected_divergence(together: Rational, length: int, vocab_size: int) -> LogSum:
    """E KL = (L/2) together log2 V of the equal pairs under an iid schedule, in bits."""
    return _half(length) * rational(together) * log2(vocab_size)


def pairs_error_rate_of_sizes(sizes: Sequence[int], vocab_size: int) -> fmpq:
    """SER of L/2 equal pairs over V when a uniformly random ordered partition has these sizes:

        1 - SER = [prod z_k^{n_k}] ((sum z)^2 - (1 - 1/V) sum z^2)^{L/2} / (L! / prod n_k!),

    expanded in the number of pairs that fall in one step.
    """
    length = sum(sizes)
    pairs, loss = _half(length), fmpq(1, vocab_size) - 1
    together = fmpq_poly([1])
    for size in sizes:
        together *= fmpq_poly([fmpq(1, factorial(i) * factorial(size - 2 * i)) for i in range(size // 2 + 1)])
    valid = sum(
        (
            comb(pairs, j) * loss**j * factorial(j) * factorial(length - 2 * j) * together[j]
            for j in range(pairs + 1)
        ),
        fmpq(0),
    )
    return 1 - valid * prod(map(factorial, sizes)) / factorial(length)


def blocks_error_rate(weights: Sequence[Rational], block: int, count: int, vocab_size: int) -> fmpq:
    """SER of `count` independent blocks of `block` equal tokens, uniform over V, under an iid schedule:

        1 - SER = (V sum_k [(w_k/V + 1 - c_k)^b - (1 - c_k)^b])^count.

    One block of length L is the all-equal language, blocks of 2 are the pairs.
    """
    valid, left = fmpq(0), fmpq(1)
    for weight in _exact(weights):
        left -= weight
        valid += vocab_size * ((weight / vocab_size + left) ** block - left**block)
    return 1 - valid**count


def blocks_expected_divergence(
    weights: Sequence[Rational], block: int, count: int, vocab_size: int
) -> LogSum:
    """E KL = count (b sum_k w_k (1 - c_{k-1})^{b-1} - 1) log2 V of the equal blocks, in bits."""
    total, left = fmpq(-1), fmpq(1)
    for weight in _exact(weights):
        total += block * weight * left ** (block - 1)
        left -= weight
    return count * total * log2(vocab_size)


def parity_error_rate(weights: Sequence[Rational], length: int, vocab_size: int) -> fmpq:
    """SER of the tokens that sum to 0 mod V, under an iid schedule:

        SER = (1 - 1/V) (1 - L sum_k w_k c_{k-1}^{L-1}).

    The sum is the probability that one position comes last and alone; then it is filled in correctly.
    """
    alone, done = fmpq(0), fmpq(0)
    for weight in _exact(weights):
        alone += length * weight * done ** (length - 1)
        done += weight
    return (1 - fmpq(1, vocab_size)) * (1 - alone)


def parity_expected_divergence(weights: Sequence[Rational], length: int, vocab_size: int) -> LogSum:
    """E KL = (1 - L sum_k w_k c_{k-1}^{L-1}) log2 V of the parity language, in bits."""
    return parity_error_rate(weights, length, vocab_size) / (1 - fmpq(1, vocab_size)) * log2(vocab_size)


def _half(length: int) -> int:
    if length % 2:
        raise ValueError(f"length: expected an even number of tokens to pair up, got {length}")
    return length // 2


def _exact(weights: Sequence[Rational]) -> list[fmpq]:
    exact = [rational(weight) for weight in weights]
    if sum(exact, fmpq(0)) != 1 or min(exact) < 0:
        raise ValueError(f"weights: expected non-negative rationals that sum to 1, got {list(weights)}")
    return exact
