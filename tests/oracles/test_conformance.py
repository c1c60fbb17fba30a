"""The conformance test passes every family in every arithmetic, and catches oracles that break one law."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from oracles import HMM, MarkovChain, Oracle, Result, Table, zoo
from oracles.arithmetic import NAMES, Array
from oracles.patterns import Tokens
from oracles.testing import LAWS, ConformanceError, check_oracle, oracles
from oracles.testing.laws import chain_rule

CHAIN: tuple[Any, Any, int] = (["1/3", "2/3", 0], [["1/2", "1/4", "1/4"], [1, 0, 0], [0, 0, 1]], 3)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15)
@given(data=st.data())
def test_every_family_in_every_arithmetic_conforms(name: str, data: st.DataObject) -> None:
    # The longest laws have 81 patterns; symbols are compared by simplification, which is slow.
    small = {"max_vocab": 2, "max_length": 2} if name == "symbolic" else {"max_vocab": 2}
    check_oracle(data.draw(oracles(arithmetic=name, **small)), samples=300)


def test_free_symbols_conform() -> None:
    p, r = sympy.symbols("p r", positive=True)
    check_oracle(MarkovChain([p, 1 - p], [[1 - r, r], [1, 0]], 2))
    check_oracle(HMM([p, 1 - p], [[1, 0], [r, 1 - r]], [[1, 0], ["1/2", "1/2"]], 2))
    check_oracle(Table([[p, r], [0, 1 - p - r]]))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("name", ["float32", "float64"])
def test_every_family_conforms_on_a_gpu(name: str) -> None:
    for q in (MarkovChain(*CHAIN), zoo.trigram(4), zoo.non_unifilar_hmm(4), zoo.equal_pairs(4), zoo.dyck(4)):
        check_oracle(q.to(name, device="cuda"), samples=300)


@pytest.mark.parametrize("name", ["float32", "float64", "exact"])
def test_an_oracle_too_large_to_list_is_examined_on_its_samples(name: str) -> None:
    check_oracle(MarkovChain(*CHAIN[:2], 40).to(name), samples=500, limit=60)


def test_a_law_that_cannot_be_sampled_must_be_small() -> None:
    with pytest.raises(ValueError, match=r"^limit: expected at least the 4\*\*40 patterns"):
        check_oracle(MarkovChain(*CHAIN[:2], 40).to("ball"))


def test_probabilities_that_underflow_conform() -> None:
    law = MarkovChain([1 - 1e-200, 1e-200], [[1 - 1e-100, 1e-100], [1e-100, 1 - 1e-100]], 4)
    assert law.probability([1, 0, 1, 0]) == 0
    check_oracle(law)


def test_a_ball_law_made_from_floats_needs_a_tolerance() -> None:
    law = MarkovChain([0.1, 0.9], [[0.3, 0.7], [0.6, 0.4]], 3).to("ball")
    with pytest.raises(ConformanceError, match="normalisation"):
        check_oracle(law)
    check_oracle(law, tolerance=1e-15)


def test_floats_within_the_constructors_tolerance_conform() -> None:
    check_oracle(MarkovChain([0.5, 0.5 + 9e-10], [[0.5, 0.5 - 9e-10], [1.0, 0.0]], 4))


# ------------------------------------------------------------------ oracles that break exactly one law


class NotNormalised(Table):
    """Its probabilities sum to 2."""

    def _probability(self, patterns: Tokens) -> Array:
        return super()._probability(patterns) * 2


class Negative(Table):
    """Its probabilities sum to 1, but one is negative."""

    def _check(self) -> None:
        pass


class MarginalOffByOne(MarkovChain):
    """Sums a masked last token over all values but the last."""

    def _probability(self, patterns: Tokens) -> Array:
        whole = super()._probability(patterns)
        lost = patterns.copy()
        lost[:, -1] = self.vocab_size - 1
        open_end = (patterns[:, -1] == self.mask) & (patterns != self.mask).any(axis=1)
        return whole - self.arithmetic.where(open_end, super()._probability(lost), self.arithmetic.zeros(1))


class SupportByThreshold(MarkovChain):
    """Calls improbable what it calls impossible."""

    def in_support(self, tokens: Any) -> Any:
        return np.asarray(self.probability(tokens)) * 10 > 1


class SupportOfEverything(MarkovChain):
    def in_support(self, tokens: Any) -> Any:
        return np.ones(np.shape(tokens)[:-1], dtype=bool)


class LogInBits(MarkovChain):
    def _log_prob(self, patterns: Tokens) -> Array:
        return self.arithmetic.log2(self._probability(patterns) + self.arithmetic.array([10**-30]))


class NoMinusInfinity(MarkovChain):
    """Clamps log-probabilities at -100."""

    def _log_prob(self, patterns: Tokens) -> Array:
        return super()._log_prob(patterns).clamp(min=-100)


class UnnormalisedConditionals(MarkovChain):
    """Joint probabilities in place of conditional ones."""

    def _conditionals(self, patterns: Tokens, positions: Sequence[int]) -> Array:
        return super()._conditionals(patterns, positions) * self._probability(patterns)[:, None, None]


class ObservedStaysSoft(MarkovChain):
    """At an observed position gives the law of the token without looking at it."""

    def _conditionals(self, patterns: Tokens, positions: Sequence[int]) -> Array:
        rows = super()._conditionals(patterns, positions)
        for p, position in enumerate(positions):
            hidden = patterns.copy()
            hidden[:, position] = self.mask
            rows[:, p] = super()._conditionals(hidden, positions)[:, p]
        return rows


class IgnoresTheRight(MarkovChain):
    """Conditionals of a left-to-right model: what follows a position is masked."""

    def _conditionals(self, patterns: Tokens, positions: Sequence[int]) -> Array:
        rows = super()._conditionals(patterns, positions)
        for p, position in enumerate(positions):
            seen = patterns.copy()
            seen[:, position + 1 :] = self.mask
            rows[:, p] = super()._conditionals(seen, positions)[:, p]
        return rows


class MixesUpBatches(MarkovChain):
    """Answers the rows of a batch in reverse if its leading shape has two axes."""

    def conditionals(self, patterns: Any, positions: Any = None, *, out: Any = None) -> Array:
        rows = super().conditionals(patterns, positions, out=out)
        return rows[::-1] if np.ndim(patterns) == 3 else rows


class SortsPositions(MarkovChain):
    def conditionals(self, patterns: Any, positions: Any = None, *, out: Any = None) -> Array:
        return super().conditionals(patterns, positions if positions is None else sorted(positions), out=out)


class ForgetsTheBuffer(MarkovChain):
    """Answers in fresh memory, whatever it is given."""

    def conditionals(self, patterns: Any, positions: Any = None, *, out: Any = None) -> Array:
        return super().conditionals(patterns, positions)


class FillsHalfTheBuffer(MarkovChain):
    def conditionals(self, patterns: Any, positions: Any = None, *, out: Any = None) -> Array:
        rows = super().conditionals(patterns, positions)
        if out is None:
            return rows
        out[: len(out) // 2] = rows[: len(out) // 2]
        return out


class TakesAnyBuffer(MarkovChain):
    """Writes into a part of a buffer that is too large."""

    def conditionals(self, patterns: Any, positions: Any = None, *, out: Any = None) -> Array:
        rows = super().conditionals(patterns, positions)
        if out is not None:
            out.reshape(-1)[: rows.numel()] = rows.reshape(-1)
        return rows if out is None else out


class AnswersTheImpossible(MarkovChain):
    """Gives uniform conditionals where there are none."""

    def conditionals(self, patterns: Any, positions: Any = None, *, out: Any = None) -> Array:
        try:
            return super().conditionals(patterns, positions, out=out)
        except ValueError:
            return self.arithmetic.ones(self.length, self.vocab_size) / self.vocab_size


class TransposedJoint(MarkovChain):
    def _joint(self) -> Array:
        return super()._joint().reshape((self.vocab_size,) * self.length).T


class ConditionsOnTheLeftOnly(MarkovChain):
    def _condition(self, pattern: Tokens) -> Oracle:
        last = int(np.flatnonzero(pattern != self.mask)[-1]) if (pattern != self.mask).any() else 0
        prefix = np.where(np.arange(self.length) < last, pattern, self.mask)
        return super()._condition(prefix)


class MarginalOfTheFirst(MarkovChain):
    """Returns the law of as many tokens from the start."""

    def _marginal(self, positions: Sequence[int]) -> Oracle:
        return super()._marginal(list(range(len(positions))))


class EntropyInNats(MarkovChain):
    def _entropy(self) -> Result:
        bits = super()._entropy()
        return Result(bits.value * self.arithmetic.logs.array([2]).item().log(), "bits", "", "")


class EntropyEnclosureTooLow(MarkovChain):
    def _entropy(self) -> Result:
        value = super()._entropy().value
        return Result(value, "bits", "", "", (value - 1, value - 1e-20))


class EntropyUnit(MarkovChain):
    def _entropy(self) -> Result:
        return Result(super()._entropy().value, "nats", "", "")


class BiasedSampler(MarkovChain):
    """Now and then repeats the first sample."""

    def _sample(self, n: int, rng: np.random.Generator) -> Tokens:
        tokens = super()._sample(n, rng)
        tokens[rng.random(n) < 0.2] = tokens[:1]
        return tokens


class ImpossibleSample(MarkovChain):
    def _sample(self, n: int, rng: np.random.Generator) -> Tokens:
        tokens = super()._sample(n, rng)
        tokens[:1] = [1, 2, 2]
        return tokens


class Unseeded(MarkovChain):
    def _sample(self, n: int, rng: np.random.Generator) -> Tokens:
        return super()._sample(n, np.random.default_rng())


class IgnoresGiven(MarkovChain):
    def sample(self, n: int, seed: int = 0, given: Any = None) -> Tokens:
        if given is not None:
            self.condition(given)
        return super().sample(n, seed)


class OverwritesWithGiven(MarkovChain):
    """Samples the law and writes the observed tokens over it: keeps them, but has the wrong law."""

    def sample(self, n: int, seed: int = 0, given: Any = None) -> Tokens:
        if given is not None:
            self.condition(given)
        tokens = super().sample(n, seed)
        return tokens if given is None else np.where(np.asarray(given) == self.mask, tokens, given)


class GreedyMode(MarkovChain):
    """The most probable token at every step, left to right: not the most probable sequence."""

    def most_probable(self, pattern: Any = None) -> tuple[Tokens, Any]:
        tokens = self.all_masked() if pattern is None else np.array(pattern)
        for position in range(self.length):
            tokens[position] = np.argmax(self.conditionals(tokens, positions=[position])[0])
        return tokens, self.probability(tokens)


class ModeIsNotACompletion(MarkovChain):
    def most_probable(self, pattern: Any = None) -> tuple[Tokens, Any]:
        return super().most_probable()


GREEDY_TRAP: tuple[Any, Any, int] = (["2/5", "3/5", 0], [[1, 0, 0], ["1/3", "1/3", "1/3"], [1, 0, 0]], 3)

BROKEN: list[tuple[str, Oracle]] = [
    ("normalisation", NotNormalised(["1/2", "1/2"])),
    ("normalisation", Negative([["1/2", "1/2"], ["1/2", "-1/2"]])),
    ("marginal_consistency", MarginalOffByOne(*CHAIN)),
    ("support_is_positive_probability", SupportByThreshold(*CHAIN)),
    ("support_is_positive_probability", SupportOfEverything(*CHAIN)),
    ("log_prob_is_the_logarithm", LogInBits(*CHAIN).to("float64")),
    ("log_prob_is_the_logarithm", NoMinusInfinity(*CHAIN).to("float64")),
    ("conditionals_sum_to_one", UnnormalisedConditionals(*CHAIN)),
    ("observed_is_one_hot", ObservedStaysSoft(*CHAIN)),
    ("conditionals_are_ratios", IgnoresTheRight(*CHAIN)),
    ("batches_agree", MixesUpBatches(*CHAIN)),
    ("positions_select", SortsPositions(*CHAIN)),
    ("out_is_filled", ForgetsTheBuffer(*CHAIN).to("float64")),
    ("out_is_filled", FillsHalfTheBuffer(*CHAIN).to("float64")),
    ("out_is_filled", TakesAnyBuffer(*CHAIN).to("float32")),
    ("impossible_is_refused", AnswersTheImpossible(*CHAIN)),
    ("tables_list_the_probabilities", TransposedJoint(*CHAIN)),
    ("condition_is_the_conditional_law", ConditionsOnTheLeftOnly(*CHAIN)),
    ("marginal_is_the_marginal_law", MarginalOfTheFirst(*CHAIN)),
    ("entropy_is_the_sum", EntropyInNats(*CHAIN)),
    ("entropy_is_the_sum", EntropyEnclosureTooLow(*CHAIN)),
    ("entropy_is_the_sum", EntropyUnit(*CHAIN)),
    ("samples_match", BiasedSampler(*CHAIN)),
    ("samples_match", ImpossibleSample(*CHAIN)),
    ("samples_match", Unseeded(*CHAIN)),
    ("given_samples_match", IgnoresGiven(*CHAIN)),
    ("given_samples_match", OverwritesWithGiven(*CHAIN)),
    ("most_probable_is_a_maximum", GreedyMode(*GREEDY_TRAP)),
    ("most_probable_is_a_maximum", ModeIsNotACompletion(*CHAIN)),
]


@pytest.mark.parametrize(("law", "broken"), BROKEN, ids=[type(broken).__name__ for _, broken in BROKEN])
def test_a_broken_oracle_is_caught_by_the_law_it_breaks(law: str, broken: Oracle) -> None:
    with pytest.raises(ConformanceError, match=rf"breaks the law {law}") as caught:
        check_oracle(broken)
    assert caught.value.law == law


def test_every_law_is_broken_by_some_oracle() -> None:
    # The chain rule follows from the conditionals being ratios, so what breaks it is caught there first.
    with pytest.raises(ConformanceError, match="breaks the law chain_rule"):
        check_oracle(IgnoresTheRight(*CHAIN), laws=[chain_rule])
    assert {law.__name__ for law in LAWS} == {law for law, _ in BROKEN} | {"chain_rule"}


def test_the_error_names_the_oracle_and_the_pattern() -> None:
    with pytest.raises(
        AssertionError, match=r"<SupportByThreshold V=3 L=3 exact> .* pattern \[0, 0, 0\]: outside"
    ) as e:
        check_oracle(SupportByThreshold(*CHAIN))
    assert e.value.pattern == [0, 0, 0]
