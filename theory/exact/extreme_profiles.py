"""The information profiles that cost a schedule most and least: of codes among all laws, of blocks among chains.

E KL is linear in the profile f, and so is SI.  A profile that falls is a mixture of those of MDS codes; that of a
Markov chain is one of those of blocks of equal tokens (`theory.exact.runs`).  So at equal SI the E KL of any law lies
between the codes' least and largest, and that of a chain between the blocks'.  Source: derived for this project.
"""

from __future__ import annotations

from collections.abc import Callable
from math import comb
from typing import Any

from flint import fmpq


def code_profile(length: int, known: int) -> list[fmpq]:
    """f(m) = 1 for m < t, else 0: an MDS code [L, t], any t of whose tokens are free and decide the others.

    In units of the logarithm of its alphabet.  t = 1: equal tokens; t = L-1: parity; t = L: independent tokens.
    """
    return [fmpq(m < known) for m in range(length)]


def block_profile(length: int, size: int) -> list[fmpq]:
    """f(m) = C(L-1-m, b-1)/C(L-1, b-1), that m other tokens miss all of a token's block: blocks of b equal tokens.

    In units of their entropy; b = L: equal tokens; b = 1: independent ones.  No law has it where b does not divide L.
    """
    return [fmpq(comb(length - 1 - m, size - 1), comb(length - 1, size - 1)) for m in range(length)]


def codes(length: int) -> list[list[fmpq]]:
    """The profiles of all codes [L, t] whose tokens are not independent, t = 1, .., L-1."""
    return [code_profile(length, known) for known in range(1, length)]


def blocks(length: int) -> list[list[fmpq]]:
    """The profiles of blocks of b equal tokens, b = 2, .., L."""
    return [block_profile(length, size) for size in range(2, length + 1)]


Divergence = Callable[[list[fmpq]], Any]
"""E KL of some schedule as a function of the profile."""


def share_lost(divergence: Divergence, f: list[fmpq]) -> Any:
    """E KL/SI of a profile, SI = L (f(0) - f(L-1)) > 0."""
    return divergence(f) / (len(f) * (f[0] - f[-1]))


def range_lost(divergence: Divergence, profiles: list[list[fmpq]]) -> tuple[Any, Any]:
    """The least and the largest E KL/SI of some profiles, (0, 0) of none.

    Of `codes(L)`: what any law can lose, attained over alphabets of a prime power of L or more.  Of `blocks(L)`: what
    a Markov chain can, attained where the extreme b divides L.
    """
    shares = [share_lost(divergence, f) for f in profiles]
    return min(shares, default=fmpq(0)), max(shares, default=fmpq(0))
