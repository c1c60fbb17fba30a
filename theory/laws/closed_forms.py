"""Closed forms: sequence error rates of symmetric languages, at any length.

The languages are uniform on their support and so symmetric that the sampler stays uniform there; hence
KL(q||p) = -log2(1 - SER) exactly, the case of equality in SER <= 1 - 2^{-KL}.  Weights are the w_k of an iid
schedule, c_k = w_1 + .. + w_k; all numbers are rationals (fmpq).
Source: derived for this project; each is tested against enumeration.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from math import comb, factorial, prod
from typing import Any

from flint import arb, fmpq, fmpq_poly

from theory.exact.log_sums import LogSum, log2, rational

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
    return (1 - fmpq(1, vocab_size)) * (1 - _last_alone(weights, length))


def parity_expected_divergence(weights: Sequence[Rational], length: int, vocab_size: int) -> LogSum:
    """E KL = (1 - L sum_k w_k c_{k-1}^{L-1}) log2 V of the parity language, in bits."""
    return (1 - _last_alone(weights, length)) * log2(vocab_size)


def _last_alone(weights: Sequence[Rational], length: int) -> fmpq:
    """L sum_k w_k c_{k-1}^{L-1}: the probability that the last step with a token in it reveals only one."""
    alone, done = fmpq(0), fmpq(0)
    for weight in _exact(weights):
        alone += length * weight * done ** (length - 1)
        done += weight
    return alone


def mds_error_rate(weights: Sequence[Rational], length: int, dimension: int, vocab_size: int) -> fmpq:
    """SER of a maximum distance separable code [L, k] over V tokens, under an iid schedule:

        SER = 1 - E V^{k - M},   M the number of tokens revealed once there are at least k.

    Up to k tokens are independent and uniform, k decide all the others: only the step that passes k can fail,
    and M - k of its tokens are guessed.  k = 1 is the all-equal language, k = L - 1 (V prime) like parity.
    """
    revealed = _revealed_on_completion(weights, length, dimension)
    return 1 - sum((p * fmpq(1, vocab_size**excess) for excess, p in enumerate(revealed)), fmpq(0))


def mds_expected_divergence(
    weights: Sequence[Rational], length: int, dimension: int, vocab_size: int
) -> LogSum:
    """E KL = E[M - k] log2 V of an MDS code in bits, M as in `mds_error_rate`."""
    revealed = _revealed_on_completion(weights, length, dimension)
    return sum((p * excess for excess, p in enumerate(revealed)), fmpq(0)) * log2(vocab_size)


def mds_error_rate_of_sizes(sizes: Sequence[int], dimension: int, vocab_size: int) -> fmpq:
    """SER = 1 - V^{k - M} of an MDS code for fixed sizes, in any order: M is the first n_1 + .. + n_j >= k."""
    return 1 - fmpq(1, vocab_size ** _excess(sizes, dimension))


def mds_expected_divergence_of_sizes(sizes: Sequence[int], dimension: int, vocab_size: int) -> LogSum:
    """KL = E KL = (M - k) log2 V of an MDS code in bits, M as in `mds_error_rate_of_sizes`."""
    return _excess(sizes, dimension) * log2(vocab_size)


def mds_first_order_error(length: int, dimension: int, vocab_size: int) -> fmpq:
    """Lambda = lim N SER = (L/2) (1 - 1/V) of an MDS code with 0 < k < L, whatever k; 0 for k = L.

    A pair fails if it is revealed together when exactly k - 1 others are, which has probability 1/(L-1).
    """
    _check_dimension(length, dimension)
    return fmpq(length, 2) * (1 - fmpq(1, vocab_size)) if dimension < length else fmpq(0)


def two_sentences_error_rate(length: int, steps: int) -> fmpq:
    """SER of {ABAB.., BABA..}, or of any two sentences that differ everywhere, with N equal iid steps:

        1 - SER = 2 sum_{t<N} [(2t+1)^L - (2t)^L] / (2N)^L,

    so that N SER -> L/4: an error rate d takes about L/(4d) steps.  (With N fixed sizes: 1 - 2^{1 - n_1}.)
    """
    differences = sum((2 * t + 1) ** length - (2 * t) ** length for t in range(steps))
    return 1 - fmpq(2 * differences, (2 * steps) ** length)


def two_sentences_expected_divergence(length: int, steps: int) -> fmpq:
    """E KL = L sum_{t=1}^N t^{L-1} / N^L - 1 bits of {ABAB.., BABA..} with N equal iid steps, about L/(2N).

    One less than the expected number of tokens drawn together with the first.
    """
    return fmpq(length * sum(t ** (length - 1) for t in range(1, steps + 1)), steps**length) - 1


def two_sentences_token_error_rate(length: int, steps: int) -> LogSum:
    """log2 TER = (1 - log2(1 - SER)) / L bits a token of {ABAB.., BABA..}: within SER/L of the language's 1/L."""
    return (1 - log2(1 - two_sentences_error_rate(length, steps))) / length


def _revealed_on_completion(weights: Sequence[Rational], length: int, dimension: int) -> list[fmpq]:
    """P(M - k = 0, .., L - k), M the number of tokens revealed by the step that makes them at least k."""
    _check_dimension(length, dimension)
    chances, done = [fmpq(0)] * (length - dimension + 1), fmpq(0)
    for weight in _exact(weights):
        left = 1 - done - weight
        for after in range(dimension, length + 1):
            before = sum(
                (comb(after, m) * done**m * weight ** (after - m) for m in range(dimension)), fmpq(0)
            )
            chances[after - dimension] += comb(length, after) * before * left ** (length - after)
        done += weight
    return chances


def _excess(sizes: Sequence[int], dimension: int) -> int:
    """M - k: by how much the sizes pass k when they first reach it."""
    _check_dimension(sum(sizes), dimension)
    return next(total for total in accumulate(sizes) if total >= dimension) - dimension


def _check_dimension(length: int, dimension: int) -> None:
    if not 1 <= dimension <= length:
        raise ValueError(f"dimension: expected a number in 1..{length}, got {dimension}")


def _half(length: int) -> int:
    if length % 2:
        raise ValueError(f"length: expected an even number of tokens to pair up, got {length}")
    return length // 2


def _exact(weights: Sequence[Rational]) -> list[fmpq]:
    exact = [rational(weight) for weight in weights]
    if sum(exact, fmpq(0)) != 1 or min(exact) < 0:
        raise ValueError(f"weights: expected non-negative rationals that sum to 1, got {list(weights)}")
    return exact
