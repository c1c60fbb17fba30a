"""Models that live elsewhere, given by a function from ids to logits, as denoisers.

The conventions of the families, with `ids = TokenMap(..)` in each case:

    LLaDA:  Remote(q, model, ids)                                   # logits of the token at its own place
    Dream:  Remote(q, model, ids, shifted=True)                     # of the next place; ids need a prefix
    MDLM:   Remote(q, lambda x, sigma: net(x, sigma), ids, time=loglinear_sigma)
    after SUBS, or from a service:  Remote(q, function, ids, output="log-probabilities")
    after softmax:  Remote(q, function, ids, output="probabilities")
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from oracles import Oracle
from oracles.arithmetic import Array
from oracles.patterns import Tokens
from oracles.validation import read_count
from theory.denoisers.base import Denoiser, entries_of, read_request, shaped_as, with_observed
from theory.neural.answers import Answers, check_possible, read_answer
from theory.neural.networks import device_of, evaluating
from theory.neural.reading import check_ids, read_float_oracle
from theory.neural.token_maps import TokenMap

Times = Callable[[NDArray[np.float64]], Any]
"""From fractions of masked positions `[B]` to what a model wants to be told of the time, `[B]`."""


class LeftOut(NamedTuple):
    """Probability that a model gave to ids that are no token of the oracle, at the masked positions it was asked.

    positions: how many of them; mask: the mean on the id of the mask, which is dropped, since a revealed token is
    never a mask; others: the mean on other ids, once the mask is dropped; most: the largest of these.
    """

    positions: int = 0
    mask: float = 0.0
    others: float = 0.0
    most: float = 0.0

    def joined(self, mask: Tensor, others: Tensor) -> LeftOut:
        """With those of more positions, `[M]` each."""
        total = self.positions + len(mask)
        if total == self.positions:
            return self
        return LeftOut(
            total,
            (self.positions * self.mask + float(mask.sum())) / total,
            (self.positions * self.others + float(others.sum())) / total,
            max(self.most, float(others.max())),
        )


class Remote(Denoiser):
    """softmax over the tokens of an oracle of the logits that a function answers, or its probabilities of them.

    function: ids `[B, T]` (int64, on the device of a module's weights or else of the oracle) -> logits `[B, T, W]`
    of ids 0..W-1: a tensor anywhere, a NumPy array or an object with such `logits`; -inf says impossible.  What it
    answers at observed positions, prefix and suffix is not looked at: observed tokens are kept, and masks are never
    revealed (the SUBS parametrisation; Sahoo et al. 2024).
    ids: how tokens are numbered there, by default as in the oracle, V being the mask.
    output: "logits", or "log-probabilities" or "probabilities" of all W ids, which must sum to 1 (within 1e-3).
    shifted: whether logits at a place are of the next one, as in models adapted from autoregressive ones (Ye et
    al. 2025); the first token then needs a prefix.
    time: from the fraction of masked positions to a second argument for the function, `[B]`, for models that
    are told one: see `loglinear_sigma`.
    batch: patterns that are sent together.

    The model's law on all its ids is restricted to those of the oracle's tokens and normalised; `left_out` says
    how much probability that has dropped since it was made.
    ValueError for an oracle that is not over floats, a map of another vocabulary, and at a call for an answer of
    another shape, one with NaN or +inf, one that makes all tokens impossible, or one that is not what `output` says.
    Probabilities said to be logits are noticed as long as no row was anything else, see `Answers`.
    """

    convention = "a model's law restricted to the tokens of the oracle"

    def __init__(
        self,
        oracle: Oracle,
        function: Callable[..., Any],
        ids: TokenMap | None = None,
        *,
        output: str = "logits",
        shifted: bool = False,
        time: Times | None = None,
        batch: int = 64,
    ) -> None:
        self.oracle = read_float_oracle(oracle)
        if not callable(function):
            raise ValueError(f"function: expected a function of a batch of ids, got {function!r}")
        self.function, self.time, self.shifted = function, time, shifted
        self.ids = TokenMap.plain(oracle.vocab_size) if ids is None else ids
        check_ids(self.ids, oracle)
        if shifted and not self.ids.prefix:
            raise ValueError(
                "ids: expected a prefix, from which shifted logits tell the first token, got none"
            )
        self.answers, self.batch = Answers("function", output), read_count("batch", batch)
        self.left_out = LeftOut()

    def __call__(self, patterns: Any, positions: Any = None) -> Array:
        """`[B, L]` -> `[B, P, V]`, or `[M, V]` for Boolean `positions`."""
        oracle, system = self.oracle, self.oracle.arithmetic
        batch, chosen = read_request(oracle, patterns, positions)
        rows, places = entries_of(batch, chosen)
        wanted = np.flatnonzero(batch[rows, places] == oracle.mask)
        laws = system.zeros(len(rows), oracle.vocab_size)
        asked, index = np.unique(rows[wanted], return_inverse=True)  # ascending, as the rows are
        for start in range(0, len(asked), self.batch):
            here = slice(*np.searchsorted(index, (start, start + self.batch)))
            logits = self._logits(batch[asked[start : start + self.batch]])
            entries = wanted[here]
            laws[system.index(entries)] = self._law(logits, index[here] - start, places[entries])
        return with_observed(shaped_as(laws, batch, chosen), batch, chosen, oracle)

    def _logits(self, patterns: Tokens) -> Tensor:
        """What the function answers, `[B, T, W]`."""
        device = device_of(self.function, self.oracle.arithmetic.zeros(0).device)
        ids = torch.as_tensor(self.ids.encode(patterns), device=device)
        arguments = [ids]
        if self.time is not None:
            masked = (patterns == self.oracle.mask).mean(axis=1)
            arguments.append(torch.as_tensor(self.time(masked), device=device))
        with evaluating(self.function):
            logits = read_answer("function", self.function(*arguments))
        least = max(self.ids.tokens) + 1
        if logits.ndim != 3 or logits.shape[:2] != ids.shape or logits.shape[2] < least:
            raise ValueError(
                f"function: expected logits of shape {(*ids.shape, 'W')} with W >= {least}, got {tuple(logits.shape)}"
            )
        return logits

    def _law(self, logits: Tensor, rows: Tokens, places: Tokens) -> Tensor:
        """The laws of tokens at these rows and positions, `[M, V]`."""
        columns = places + (len(self.ids.prefix) - self.shifted)
        index = (torch.as_tensor(which, device=logits.device) for which in (rows, columns))
        found = self.answers.logits(logits[tuple(index)].to(self.oracle.arithmetic.zeros(0)))
        chosen = found[:, list(self.ids.tokens)]
        check_possible("function", chosen)
        self._record(found, chosen.logsumexp(-1))
        return chosen.softmax(-1)

    def _record(self, logits: Tensor, kept: Tensor) -> None:
        """Keep how much probability falls outside of the oracle's tokens, whose own is exp(kept)."""
        inside = torch.tensor([*self.ids.tokens, self.ids.mask], device=logits.device)
        ids = torch.arange(logits.shape[1], device=logits.device)
        others = logits[:, ~torch.isin(ids, inside)].logsumexp(-1)
        mask = logits[:, ids == self.ids.mask].logsumexp(-1)  # no column: no probability
        self.left_out = self.left_out.joined(
            (mask - torch.logaddexp(kept, others)).sigmoid(), (others - kept).sigmoid()
        )


def loglinear_sigma(masked: NDArray[np.float64], least: float = 1e-3) -> NDArray[np.float64]:
    """sigma(t) = -ln(1 - (1 - least) t) of the fraction t of masked positions, as MDLM's networks are told it.

    The noise of alpha(t) = 1 - t; with `least`, sigma is finite at t = 1 (Sahoo et al. 2024).
    """
    return -np.log1p(-(1 - least) * masked)
