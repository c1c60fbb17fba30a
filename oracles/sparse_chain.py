"""Markov chains over thousands of tokens: a few listed successors a token, beside a law that all tokens share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from oracles.arithmetic import Arithmetic, Array, infer
from oracles.background import BackgroundTransition
from oracles.kernels.path import LEAST_WORK, Path, on_cpu, on_device
from oracles.listed_successors import check_parameters, left_over, read_listed
from oracles.ngram import chain_of_space
from oracles.oracle import Oracle
from oracles.patterns import Tokens
from oracles.reachability import occupied, visited
from oracles.result import Result
from oracles.state_space import States, StateSpace, TokenEmissions, Transition
from oracles.state_space_oracle import StateSpaceOracle
from oracles.steps import check_steps, distinct
from oracles.validation import (
    check_distributions,
    check_not_negative,
    check_shape,
    read_array,
    read_count,
)

if TYPE_CHECKING:
    from oracles.kernels.background import BackgroundMessages

ROW_ENTRIES = 2**23
"""Entries of whole rows `[n, V]` that are held at a time."""


DEVICE_ENTRIES = 2**29
"""Most entries of powers of the transition that a device holds, twice: 2 GiB each in float32."""

LEAST_REACH = 4
"""Fewest powers with which tables pay."""


class SparseMarkovChain(StateSpaceOracle):
    """The Markov chain q(x) = initial[x_0] * prod_i P(x_{i+1} | x_i) with

        P(b | a) = sum_k weights[a, k] 1[successors[a, k] = b] + rest[a] background[b],
        rest[a] = 1 - sum_k weights[a, k],

    whose matrix `[V, V]` is never built: memory and a step of a message take what is listed, and O(V).

    initial `[V]`; successors `[V, K]`, tokens, or V rows of any lengths; weights, their probabilities, in the
    same form; background `[V]`, the law of what follows otherwise.  Numbers: fractions, ints and "1/3" strings
    are exact, floats float64, sympy expressions symbolic.  A successor listed twice counts with the sum of its
    weights; one of weight 0 only pads its row (any token will do).  Where rows are empty tokens are independent.
    A row of weights that sums to 1 leaves nothing to the background: exactly, or in floats to within the
    tolerance of rows (1e-9 in float64, 1e-5 in float32), so that rounding leaves no successor possible that is
    not listed.  A smaller rest than that is for exact laws, which keep it when they become floats.
    The background may be all zero where no row leaves anything to it.

    Raises ValueError for wrong shapes, tokens out of range, negative entries, weights that sum to more than 1,
    laws that do not sum to 1, and a background of zeros that is needed.
    """

    def __init__(self, initial: Any, successors: Any, weights: Any, background: Any, length: int) -> None:
        self.length = check_steps(read_count("length", length) - 1) + 1
        self.arithmetic = infer(initial, weights, background)
        self.initial = read_array("initial", initial, self.arithmetic)
        starts, targets, shares = read_listed(successors, weights, self.arithmetic)
        shared = read_array("background", background, self.arithmetic)
        check_parameters(self.initial, starts, targets, shared)
        with self.arithmetic.context():
            rest = left_over(starts, shares, self.arithmetic)
            self._set(starts, targets, shares, rest, shared)

    def _set(self, starts: States, targets: States, weights: Array, rest: Array, background: Array) -> None:
        kept = ~self.arithmetic.is_zero(weights)
        starts = np.concatenate([[0], np.cumsum(kept)])[starts]
        entries = targets[kept], weights[self.arithmetic.index(np.flatnonzero(kept))]
        self.vocab_size = len(self.initial)
        ones = self.arithmetic.ones(self.vocab_size)
        transition = BackgroundTransition(starts, *entries, rest, background, ones, ones)
        self.transitions: tuple[BackgroundTransition, ...] = (transition,) * max(self.length - 1, 1)
        self._check()

    @classmethod
    def with_rest(
        cls, initial: Any, successors: Any, weights: Any, rest: Any, background: Any, length: int,
        number_system: Arithmetic,
    ) -> SparseMarkovChain:  # fmt: skip
        """The chain with what its rows leave to the background, `[V]`, given rather than computed."""
        chain = object.__new__(cls)
        chain.length = check_steps(read_count("length", length) - 1) + 1
        chain.arithmetic, chain.initial = number_system, read_array("initial", initial, number_system)
        starts, targets, shares = read_listed(successors, weights, number_system)
        left = read_array("rest", rest, number_system)
        shared = read_array("background", background, number_system)
        check_parameters(chain.initial, starts, targets, shared)
        check_shape("rest", left, (len(chain.initial),))
        with number_system.context():
            chain._set(starts, targets, shares, left, shared)
        return chain

    @cached_property
    def homogeneous(self) -> bool:
        """Whether one transition serves every step."""
        return len(distinct(self.transitions)) == 1

    @property
    def unscaled(self) -> bool:
        """Whether the law is given by its parameters alone: one transition, and no pattern observed."""
        step = self.transitions[0]
        return self.homogeneous and all(bool((scale == 1).all()) for scale in (step.left, step.right))

    @property
    def successors(self) -> list[States]:
        """The listed successors, a row `[K_a]` for every token; those of weight 0 are left out."""
        step = self.transitions[0]
        return [step.targets[start:end] for start, end in pairwise(step.starts)]

    @property
    def weights(self) -> list[Array]:
        """Their probabilities; of a law given a pattern, those of the law it was made from."""
        step = self.transitions[0]
        return [step.weights[start:end] for start, end in pairwise(step.starts)]

    @property
    def rest(self) -> Array:
        """What each row leaves to the background, `[V]`."""
        return self.transitions[0].rest

    @property
    def background(self) -> Array:
        """The law that all tokens share, `[V]`."""
        return self.transitions[0].background

    def _check(self) -> None:
        system = self.arithmetic
        check_distributions("initial", self.initial, system)
        if not system.is_zero(self.background).all():
            check_distributions("background", self.background, system)
        elif not system.is_zero(self.rest).all():
            row = int(np.argmin(system.is_zero(self.rest)))
            left = system.tolist(self.rest)[row]
            raise ValueError(
                f"background: expected a law, as the weights of token {row} leave it {left}; got zeros"
            )
        seen = visited(self.transitions, self._occupied())
        for step, transition in distinct(self.transitions):
            name = "weights" if self.homogeneous else f"transition[{step}]"
            for array in (transition.weights, transition.rest, transition.left, transition.right):
                check_not_negative(name, array, system)
            sums = transition.pull(system.ones(1, transition.shape[1]), system)[0]
            check_distributions(name, sums[:, None], system, may_vanish=~seen[id(transition)])

    def _occupied(self) -> list[Any]:
        def possible(array: Array) -> Array:
            return np.logical_not(self.arithmetic.is_zero(array))

        moves = {id(step): step.map(possible) for _, step in distinct(self.transitions)}
        return occupied(possible(self.initial), [moves[id(step)] for step in self.transitions])

    @cached_property
    def space(self) -> StateSpace:
        """The states are the tokens."""
        zero_one = self.arithmetic.array([0, 1])
        emissions = TokenEmissions(zero_one, self.vocab_size, self.length)
        return StateSpace(self.initial, self.transitions[: self.length - 1], emissions)

    def _copy_converted(self, clone: Any, converted: Callable[[Array], Array]) -> None:
        clone.initial = converted(self.initial)
        moved = {id(step): step.map(converted) for _, step in distinct(self.transitions)}
        clone.transitions = tuple(moved[id(step)] for step in self.transitions)

    # ------------------------------------------------------------------ conditionals

    @cached_property
    def _messages_paths(self) -> Callable[[int], Path]:
        return self._path

    def _path(self, batch: int) -> Path:
        entries = len(self.transitions[0].targets) + 2 * self.vocab_size
        work = float(2 * batch * (self.length - 1)) * entries
        if on_device(self.arithmetic):
            return self._device_path(batch, work)
        if not on_cpu(self.arithmetic):
            return Path("plain", f"kernels are compiled for floats, not {self.arithmetic!r}", work)
        if len({id(step.weights) for step in self.transitions}) > 1:
            return Path("plain", "the kernel takes one list of successors for all steps", work)
        if self.length == 1 or work < LEAST_WORK:
            return Path("plain", f"fewer than {LEAST_WORK} multiplications", work)
        return Path("compiled messages", "listed successors and a shared background", work)

    def _device_path(self, batch: int, work: float) -> Path:
        if not self.homogeneous or self._reach < min(self.length, LEAST_REACH):
            return Path("plain", "tables of powers, for one transition, would not reach far enough", work)
        reason = f"tables of the powers of one transition, for gaps of less than {self._reach} positions"
        return Path("transition powers", reason, float(2 * batch * self.length * self.vocab_size))

    @property
    def _reach(self) -> int:
        """How many powers of the transition there is room for on a device."""
        return min(self.length, DEVICE_ENTRIES // self.vocab_size**2)

    @cached_property
    def _device_kernel(self) -> Any:
        if not on_device(self.arithmetic) or self.explain().name != "transition powers":
            return None
        from oracles.kernels.device.lookups import DeviceLookups
        from oracles.kernels.gaps import GapTables

        matrix = self.transitions[0].dense(self.arithmetic)
        return DeviceLookups(GapTables.build(self.initial, matrix, self.length, self._reach))

    @cached_property
    def _messages(self) -> BackgroundMessages:
        from oracles.kernels.background import BackgroundMessages

        return BackgroundMessages.pack(self.space)

    # ------------------------------------------------------------------ sampling and entropy

    def _sample(self, n: int, rng: np.random.Generator) -> Tokens:
        system = self.arithmetic
        tokens = np.empty((n, self.length), dtype=np.int64)
        nobody = np.zeros(n, dtype=np.int64)
        tokens[:, 0] = system.draw(self.initial[None][system.index(nobody)], rng)
        for position, step in enumerate(self.transitions[: self.length - 1]):
            tokens[:, position + 1] = _draw_next(step, tokens[:, position], system, rng)
        return tokens

    def _entropy(self) -> Result:
        logs = self.arithmetic.logs
        law = self if logs is self.arithmetic else self.to(logs.name, bits=getattr(logs, "bits", None))
        return Result(law._chain_rule(), "bits", "chain rule over states", logs.guarantee)

    def _chain_rule(self) -> Any:
        """H(X_0) + sum_i sum_a P(X_i = a) H(X_{i+1} | a)."""
        system = self.arithmetic
        total = system.sum(system.plogp(self.initial), 0)
        law, known = self.initial[None], {}
        for transition, possible in zip(self.transitions[: self.length - 1], self._occupied(), strict=False):
            key = id(transition), id(possible)
            if key not in known:
                known[key] = _row_entropies(transition, np.flatnonzero(possible), system)
            total = total + system.matmul(law, known[key][:, None])[0, 0]
            law = transition.push(law, system)
        return system.element(total)

    # ------------------------------------------------------------------ laws made from this one

    def _condition(self, pattern: Tokens) -> Oracle:
        space = self._conditioned_space(pattern)
        return self._from_steps(space.initial, space.transitions)

    def _observed_emissions(self, pattern: Tokens) -> Sequence[Array]:
        # What is observed has gone into the transitions: the state is the token.
        return self.space.emissions

    def _marginal(self, positions: Sequence[int]) -> Oracle:
        space = self._marginal_space(positions)
        if all(isinstance(step, BackgroundTransition) for step in space.transitions):
            return self._from_steps(space.initial, space.transitions)
        return chain_of_space(space, self.arithmetic)

    def _thinned(self, positions: Sequence[int]) -> StateSpace:
        # Gaps of the same steps share a matrix.
        different = {tuple(map(id, self.transitions[a:b])): (a, b) for a, b in pairwise(positions)}
        self._check_composed(different.values())
        law = self.initial[None]
        for step in self.transitions[: positions[0]]:
            law = step.push(law, self.arithmetic)
        composed: dict[tuple[int, ...], Transition] = {}
        steps = []
        for left, right in pairwise(positions):
            key = tuple(id(step) for step in self.transitions[left:right])
            if key not in composed:
                composed[key] = self._composed(left, right)
            steps.append(composed[key])
        emissions = TokenEmissions(self.arithmetic.array([0, 1]), self.vocab_size, len(positions))
        return StateSpace(law[0], tuple(steps), emissions)

    def _from_steps(self, initial: Array, steps: Sequence[Any]) -> SparseMarkovChain:
        chain = object.__new__(SparseMarkovChain)
        chain.arithmetic, chain.vocab_size, chain.length = self.arithmetic, self.vocab_size, len(steps) + 1
        chain.initial, chain.transitions = initial, tuple(steps) or self.transitions[:1]
        return chain


def _draw_next(
    step: BackgroundTransition, states: Tokens, number_system: Arithmetic, rng: np.random.Generator
) -> Tokens:
    """The token after each of these: one of its listed successors, or one of the background."""
    index = number_system.index
    shared = step.background * step.right
    first, counts = step.starts[states], np.diff(step.starts)[states]
    most = int(counts.max(initial=0))
    # Rows that list less than the longest are padded with an entry of theirs or another's, of weight 0.
    entries = np.minimum(first[:, None] + np.arange(most), max(len(step.targets) - 1, 0))
    reached = step.targets[entries]
    listed = number_system.where(
        np.arange(most) < counts[:, None],
        step.weights[index(entries)] * step.right[index(reached)],
        number_system.zeros(1),
    )
    open_ = step.rest[index(states)][:, None] * number_system.sum(shared, 0).reshape(1, 1)
    choices = number_system.draw(number_system.concat([listed, open_], 1), rng)
    others, direct = np.flatnonzero(choices == most), np.flatnonzero(choices < most)
    out = np.empty(len(states), dtype=np.int64)
    out[direct] = reached[direct, choices[direct]]
    block = max(1, ROW_ENTRIES // len(shared))
    for start in range(0, len(others), block):
        part = others[start : start + block]
        out[part] = number_system.draw(shared[None][index(np.zeros(len(part), dtype=np.int64))], rng)
    return out


def _row_entropies(step: BackgroundTransition, states: States, number_system: Arithmetic) -> Array:
    """H(next | a) in bits of the listed states, `[V]`, 0 elsewhere."""
    out = number_system.zeros(step.shape[0])
    block = max(1, ROW_ENTRIES // step.shape[1])
    for start in range(0, len(states), block):
        part = states[start : start + block]
        out[number_system.index(part)] = number_system.sum(
            number_system.plogp(step.rows(part, number_system)), 1
        )
    return out
