"""Samplers that mask revealed tokens again: remasking diffusion, and a corrector after every step."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from copy import copy
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oracles.arithmetic import Arithmetic, infer
from oracles.patterns import Tokens
from oracles.validation import ROW_TOLERANCE, check_shape, read_array, read_count
from theory.unmasking.base import Unmasking, fill_in, follow_on, read_inner
from theory.unmasking.draws import Draw, Rows
from theory.unmasking.schedules import IID, weights_in
from theory.unmasking.ties import comparable


class Remasking(Unmasking):
    """ReMDM: at step k every revealed token is masked again with probability sigma_k, independently.

    With c_k the probability of being revealed after step k, a masked position is revealed at step k with
    probability (c_k - (1 - sigma_k) c_{k-1}) / (1 - c_{k-1}), which keeps c_k; sigma = 0 is the iid schedule.
    weights: w_k = c_k - c_{k-1}, as for `IID`.  sigmas: N probabilities with sigma_k <= (1 - c_k) / c_{k-1}, so 0
    at the last step (ValueError otherwise).  (Wang et al. 2025)
    """

    remasks = True
    forceable = False

    def __init__(self, weights: Any, sigmas: Any) -> None:
        self.schedule = IID(weights)
        self._system = infer(self.schedule.weights)
        comparable("weights", self.schedule.weights, self._system)
        wanted = read_array("sigmas", sigmas, self._system)
        check_shape("sigmas", wanted, (self.schedule.steps,))
        self.sigmas: list[Any] = self._system.tolist(wanted)
        steps = _progress(self.schedule.weights, self._system)
        rounding = ROW_TOLERANCE.get(self._system.name, 0)
        for number, (sigma, (done, _, left)) in enumerate(zip(self.sigmas, steps, strict=True)):
            if not (0 <= sigma <= 1 and sigma * done <= left * (1 + rounding)):
                raise ValueError(
                    f"sigmas: expected 0 <= sigma <= (1 - c_k) / c_(k-1) at every step, got {sigma} at step {number}"
                )
        self._rates = [_rate(sigma, *step, rounding) for sigma, step in zip(self.sigmas, steps, strict=True)]

    @classmethod
    def capped(cls, weights: Any, eta: Any) -> Remasking:
        """sigma_k = min(eta, (1 - c_k) / c_{k-1}), the cap strategy of ReMDM; eta: a number in [0, 1]."""
        return cls(weights, _largest_sigmas(weights, eta, min))

    @classmethod
    def rescaled(cls, weights: Any, eta: Any) -> Remasking:
        """sigma_k = eta min(1, (1 - c_k) / c_{k-1}), the rescale strategy of ReMDM; eta: a number in [0, 1]."""
        return cls(weights, _largest_sigmas(weights, eta, operator.mul))

    def check(self, masked: Sequence[int]) -> None:
        """Any number of positions is fine."""

    def most_steps(self, length: int) -> int:
        return len(self.sigmas)

    def step(
        self, number: int, patterns: Tokens, scope: NDArray[np.bool_], denoiser: Any, draw: Draw
    ) -> tuple[Rows, Tokens]:
        mask, system = denoiser.oracle.mask, denoiser.oracle.arithmetic
        rows, revealed = draw.coins((patterns == mask) & scope, *self._numbers(self._rates[number], system))
        patterns = patterns[rows]
        sigma = self.sigmas[number]
        later, gone = draw.coins((patterns != mask) & scope, *self._numbers((sigma, 1 - sigma), system))
        patterns, rows = patterns[later], follow_on(rows, later)
        last, filled = fill_in(patterns, revealed[later], denoiser, draw)
        return follow_on(rows, last), np.where(gone[last], mask, filled)

    def outcomes(self, masked: int, observed: int, vocab_size: int) -> int:
        return (vocab_size + 1) ** masked * 2**observed

    def _numbers(self, pair: tuple[Any, Any], system: Arithmetic) -> list[Any]:
        return system.tolist(weights_in(system, self._system.array(list(pair)), self._system))

    def __repr__(self) -> str:
        return f"Remasking({self.schedule!r})"


class Corrected(Unmasking):
    """After every step of an inner sampler, some revealed tokens are masked and drawn again together.

    `sweeps` times a uniformly random set of `size` revealed positions (all, where there are fewer).  One at a
    time with the ideal denoiser is Gibbs sampling: it leaves q alone if the order of the inner sampler looks at no
    token.  Several at a time do not, nor does one between the steps of a planner, whose choice of positions tells
    of their tokens.
    """

    remasks = True
    forceable = False

    def __init__(self, inner: Unmasking, size: int = 1, sweeps: int = 1) -> None:
        self.inner = read_inner(inner)
        self.size, self.sweeps = read_count("size", size), read_count("sweeps", sweeps)

    def check(self, masked: Sequence[int]) -> None:
        self.inner.check(masked)

    def most_steps(self, length: int) -> int:
        return self.inner.most_steps(length) * (1 + self.sweeps)

    def step(
        self, number: int, patterns: Tokens, scope: NDArray[np.bool_], denoiser: Any, draw: Draw
    ) -> tuple[Rows, Tokens]:
        inner, sweep = divmod(number, 1 + self.sweeps)
        if sweep == 0:
            return self.inner.step(inner, patterns, scope, denoiser, draw)
        mask = denoiser.oracle.mask
        rows, chosen = draw.subset((patterns != mask) & scope, self.size)
        later, redrawn = fill_in(np.where(chosen, mask, patterns[rows]), chosen, denoiser, draw)
        return follow_on(rows, later), redrawn

    def outcomes(self, masked: int, observed: int, vocab_size: int) -> int:
        size = min(self.size, observed)
        redrawn = comb(observed, size) * vocab_size**size
        return max(redrawn, self.inner.outcomes(masked, observed, vocab_size))

    def relabelled(self, masked: Sequence[int]) -> Corrected:
        return self._around(self.inner.relabelled(masked))

    def with_denoisers(self, move: Callable[[Any], Any]) -> Corrected:
        return self._around(self.inner.with_denoisers(move))

    def _around(self, inner: Unmasking) -> Corrected:
        moved = copy(self)
        moved.inner = inner
        return moved

    def __repr__(self) -> str:
        return f"Corrected({self.inner!r}, size={self.size}, sweeps={self.sweeps})"


def _progress(weights: Any, system: Arithmetic) -> list[tuple[Any, Any, Any]]:
    """(c_{k-1}, w_k, 1 - c_k) of every step; the last is summed from what is still to come."""
    numbers = system.tolist(weights)
    return [(sum(numbers[:k], 0), w, sum(numbers[k + 1 :], 0)) for k, w in enumerate(numbers)]


def _largest_sigmas(weights: Any, eta: Any, change: Callable[[Any, Any], Any]) -> list[Any]:
    """`change` of min(1, (1 - c_k) / c_{k-1}) and eta at every step."""
    system = infer(weights)
    eta = system.element(read_array("eta", [eta], system)[0])
    if not 0 <= eta <= 1:
        raise ValueError(f"eta: expected a number in [0, 1], got {eta}")
    steps = _progress(read_array("weights", weights, system), system)
    return [change(1 if done <= left else left / done, eta) for done, _, left in steps]


def _rate(sigma: Any, done: Any, weight: Any, left: Any, rounding: float) -> tuple[Any, Any]:
    """The probabilities with which a masked position is revealed, or stays masked."""
    room = left - sigma * done
    # As many are masked again as may be: of the difference of equal numbers only rounding is left, of any sign.
    if room <= rounding * left:
        return 1, 0
    stay = room / (weight + left)
    return 1 - stay, stay
