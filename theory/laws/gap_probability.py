"""Exact laws of iid and fixed-size samplers of first-order Markov chains with the ideal denoiser, at any length.

The chains are those of `is_chain` in `theory.information`, homogeneous or not; what is left of one after a prompt
is one again.  Nothing is approximated: in floats, runs of the sampler that together weigh less than the rounding
of the result are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from oracles.arithmetic import Arithmetic, Array, Scalar
from oracles.patterns import Tokens, all_sequences, read_patterns
from oracles.state_space_oracle import StateSpaceOracle
from oracles.validation import read_array
from theory.information.chain_entropies import is_chain
from theory.laws.gap_cost import BATCH, NEGLIGIBLE, has_one_step, reveals_of
from theory.laws.gap_lengths import LengthRecursion
from theory.laws.gap_links import Links, chain_links, sequence_links, step_matrices
from theory.laws.gap_recursion import GapRecursion
from theory.laws.gap_sizes import whole_gaps_of_sizes
from theory.prompts import read_prompt
from theory.unmasking.schedules import IID, FixedSizes

SURE = 15 / 16
"""The valid mass up to which floats may subtract it from 1: that loses four bits at most."""


def gap_error_rate(chain: StateSpaceOracle, schedule: IID | FixedSizes, *, given: Any = None) -> Scalar:
    """SER = 1 - p(support of q) of the sampler, given a prompt or template; in the arithmetic of the chain.

    iid: a SER below 1/16 is summed as the probability of the first gap that goes wrong, so a small one has as
    many digits as a large one, up to a few N L roundings.  Sizes: 1 - `valid_mass`, exact to a few L roundings
    of 1.
    ValueError for an impossible prompt, ArithmeticError if the chain's own probabilities underflow.
    Cost: `theory.laws.gap_cost`; under a prompt a homogeneous chain pays for its longest gap only.
    """
    law, prompt = _prompted(chain, schedule, given)
    system = law.arithmetic
    with system.context():
        if prompt is None and _cannot_err(law):
            return system.element(system.zeros(1)[0])
        if isinstance(schedule, FixedSizes):
            return 1 - valid_mass(law, schedule)
        if has_one_step(law):
            return _ByLength(law, schedule, prompt).wrong()
        links = chain_links(law)
        recursion = GapRecursion(links, system, _between_neighbours(links, system), complement=True)
        return system.element(_present(recursion.whole(reveals_of(law, schedule))[1])[0])


def valid_mass(
    chain: StateSpaceOracle, schedule: IID | FixedSizes, weights: Any = None, *, given: Any = None
) -> Scalar | Array:
    """Sum over possible x of p(x) prod_i weights[i, x_i]; p(support of q) without weights.

    weights: `[L, V]` or a batch `[.., L, V]`, in numbers of the chain, for the masked positions if there is a
    prompt; the answer has the leading shape.  Sums of non-negative terms if the weights are non-negative.
    With weights the recursion goes by position, at the cost of a chain that is not homogeneous.  Errors as in
    `gap_error_rate`, and ValueError for weights of another shape.
    """
    law, prompt = _prompted(chain, schedule, given, reduce=weights is not None)
    system = law.arithmetic
    with system.context():
        if weights is None and isinstance(schedule, IID) and has_one_step(law):
            return _ByLength(law, schedule, prompt).valid()
        return _by_position(law, schedule, weights)


def _by_position(law: StateSpaceOracle, schedule: IID | FixedSizes, weights: Any) -> Scalar | Array:
    system, links = law.arithmetic, chain_links(law)
    edges = _between_neighbours(links, system)
    if weights is None:
        return system.element(_whole(law, schedule, links, edges)[0])
    factors = read_array("weights", weights, system)
    shape = (law.length, law.vocab_size)
    if tuple(factors.shape[-2:]) != shape:
        raise ValueError(f"weights: expected shape [.., L, V] = [.., {shape}], got {tuple(factors.shape)}")
    leading = tuple(factors.shape[:-2])
    rows = factors.reshape(-1, shape[0] * shape[1])
    ones = system.ones(len(rows), 1)
    # Every run ends in one gap without masked positions to the left of every token.
    sums = _whole(law, schedule, links, edges * system.concat([ones, rows, ones], 1)[:, None])
    return sums.reshape(leading) if leading else system.element(sums[0])


def valid_joint(
    chain: StateSpaceOracle, schedule: IID | FixedSizes, positions: Sequence[int], *, given: Any = None
) -> Array:
    """P(the sequence generated is possible, and has these tokens at these positions), `(V,)*len(positions)`.

    One position gives a marginal, two a pair marginal; with a prompt they are counted among the masked ones.
    ValueError for positions out of range.  Cost: V^len(positions) times that of one weighting.
    """
    vocab, chosen = chain.vocab_size, list(positions)
    length = chain.length if given is None else int((np.asarray(given) == chain.mask).sum())
    if any(not 0 <= position < length for position in chosen):
        raise ValueError(f"positions: expected indices in 0..{length - 1}, got {chosen}")
    tokens = all_sequences(vocab, len(chosen))
    weights = np.ones((len(tokens), length, vocab), dtype=np.int64)
    for place, position in enumerate(chosen):
        weights[:, position] *= np.arange(vocab) == tokens[:, place, None]
    return valid_mass(chain, schedule, weights, given=given).reshape((vocab,) * len(chosen))


def sequence_ratios(chain: StateSpaceOracle, schedule: IID | FixedSizes, tokens: Any) -> Array:
    """p(x) / q(x) of possible sequences `[B, L]`, `[B]`: how much more often the sampler generates them.

    Times q(x) this is p(x), and its logarithm does not underflow at any length.  ValueError for an impossible
    sequence (its probability depends on what the denoiser answers in impossible contexts).
    Cost: N L^4 / 24 multiplications and as many additions a sequence (iid); sizes: `theory.laws.gap_sizes`.
    """
    _check_chain(chain)
    schedule.check(range(chain.length))
    batch, _ = read_patterns("tokens", tokens, chain.length, chain.vocab_size - 1)
    possible = np.asarray(chain.in_support(batch))
    if not possible.all():
        first = int(np.argmin(possible))
        raise ValueError(f"tokens: expected possible sequences, got {batch[first].tolist()} (row {first})")
    system = chain.arithmetic
    rows = max(1, BATCH // (chain.length + 2) ** 2)
    with system.context():
        parts = [_ratios(chain, schedule, batch[i : i + rows]) for i in range(0, len(batch), rows)]
        return system.concat([system.zeros(0), *parts])


def _ratios(chain: StateSpaceOracle, schedule: IID | FixedSizes, tokens: Tokens) -> Array:
    system, links = chain.arithmetic, sequence_links(chain, tokens)
    divisors = system.where(links.possible, links.chances, system.ones(1))
    edges = system.divide(_between_neighbours(links, system), divisors)
    if isinstance(schedule, IID) and system.name.startswith("float") and edges.device.type == "cpu":
        from theory.laws.gap_kernel import whole_gaps  # on demand: it brings the compiler

        steps = reveals_of(chain, schedule)
        rates = system.array([step.rate for step in steps])
        stays = system.array([step.stay for step in steps])
        return system.array(whole_gaps(links.chances, edges, rates, stays))
    return _whole(chain, schedule, links, edges)


def _whole(chain: StateSpaceOracle, schedule: IID | FixedSizes, links: Links, edges: Array) -> Array:
    """The recursion by position, `[B]`."""
    if isinstance(schedule, FixedSizes):
        return whole_gaps_of_sizes(links, edges, schedule.sizes, chain.arithmetic)
    return GapRecursion(links, chain.arithmetic, edges).whole(reveals_of(chain, schedule))[0]


def _prompted(
    chain: StateSpaceOracle, schedule: IID | FixedSizes, given: Any, *, reduce: bool = False
) -> tuple[StateSpaceOracle, Tokens | None]:
    """The chain with its prompt, if its gaps are worth telling apart by length; else what the prompt leaves."""
    _check_chain(chain)
    rest, prompt, free = read_prompt(chain, given)
    schedule.check(range(len(free)))
    if prompt is None or (not reduce and isinstance(schedule, IID) and has_one_step(chain)):
        return chain, prompt
    assert isinstance(rest, StateSpaceOracle)
    return rest, None


class _ByLength:
    """What happens to all gaps of a prompt (of none: to the one gap) of a homogeneous chain.

    In floats, less than the rounding of the result is left out.
    """

    def __init__(self, chain: StateSpaceOracle, schedule: IID, prompt: Tokens | None) -> None:
        self.chain, self.steps = chain, reveals_of(chain, schedule)
        self.float = chain.arithmetic.name.startswith("float")
        self.found = gaps_of(np.full(chain.length, chain.mask) if prompt is None else prompt, chain.mask)
        self.longest = None if prompt is None else max(length for length, _, _ in self.found)

    def valid(self) -> Scalar:
        """The probability that all are filled validly."""
        return self._with_all_digits(complement=False)

    def wrong(self) -> Scalar:
        """The probability that some is not: 1 - `valid` where that loses next to nothing, as it is half the
        work, else summed over the first that is not.
        """
        if self.chain.arithmetic.name in ("exact", "symbolic"):
            return 1 - self.valid()
        if self.float and (valid := self._totals(False)(NEGLIGIBLE)) <= SURE:
            return 1 - valid
        return self._with_all_digits(complement=True)

    def _with_all_digits(self, *, complement: bool) -> Scalar:
        totals = self._totals(complement)
        if not self.float:
            return totals(0.0)
        rounding = 2.0**-24 if self.chain.arithmetic.name == "float32" else 2.0**-53
        negligible = NEGLIGIBLE
        while True:
            value = totals(negligible)
            if negligible <= rounding * value:
                return value
            negligible = rounding * value / 4

    def _totals(self, complement: bool) -> Callable[[float], Scalar]:
        """What to call with the weight of runs that may be left out."""
        system = self.chain.arithmetic
        recursion = LengthRecursion(self.chain, longest=self.longest, complement=complement)

        def total(negligible: float) -> Scalar:
            filled, wrong = recursion.gaps(self.steps, negligible)
            valid, first_wrong = system.ones(1), system.zeros(1)
            for gap in self.found:
                if wrong is not None:
                    first_wrong = first_wrong + valid * wrong[gap]
                valid = valid * filled[gap]
            return system.element((first_wrong if complement else valid)[0])

        return total


def gaps_of(prompt: Tokens, mask: int) -> list[tuple[int, int, int]]:
    """(length, left end, right end) of all gaps with masked positions; the begin and the end are token V."""
    places = [0, *(np.flatnonzero(prompt != mask) + 1).tolist(), len(prompt) + 1]
    tokens = [mask, *prompt[prompt != mask].tolist(), mask]
    ends = zip(pairwise(places), pairwise(tokens), strict=True)
    return [(right - left, a, b) for (left, right), (a, b) in ends if right - left > 1]


def _present(value: Array | None) -> Array:
    assert value is not None
    return value


def _check_chain(chain: StateSpaceOracle) -> None:
    if not is_chain(chain):
        raise ValueError(f"chain: expected a first-order Markov chain, got {chain!r}")


def _cannot_err(chain: StateSpaceOracle) -> bool:
    """Whether any token that can stand at a position may follow any that can stand before it."""
    support = chain.support()
    assert isinstance(support, StateSpaceOracle)
    visited, steps = step_matrices(support)
    for step in steps:
        following = np.any(np.asarray(step)[visited], axis=0)
        if not np.asarray(step)[np.ix_(visited, following)].all():
            return False
        visited = following
    return True


def _between_neighbours(links: Links, system: Arithmetic) -> Array:
    """1 for a gap without masked positions whose right end may follow its left one, `[B, n, n]`."""
    adjacent = links.places[None, :] == links.places[:, None] + 1
    return system.where(links.possible & adjacent, system.ones(1), system.zeros(1))
