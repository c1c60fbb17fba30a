"""Planted claims of every false kind: each is refuted or called vacuous, and none passes."""

import random
from fractions import Fraction
from itertools import count

import numpy as np
import pytest
import sympy
from flint import arb, fmpq
from hypothesis import strategies as st

from oracles import testing, uniform_on, zoo
from proofs_check import (
    Claim,
    Mutant,
    NotCheckable,
    Relation,
    Report,
    Source,
    Tight,
    Verdict,
    at,
    claim,
    grid,
    verify,
)
from proofs_check.backends.monte_carlo import SequenceErrors
from proofs_check.certificates.writing import certificates_of
from proofs_check.checking.effort import Effort, finished
from proofs_check.claims import Box
from proofs_check.commands.check import CheckRequest, run_check
from theory import IID, Partition, bounds, sampler_law
from theory.exact import information as exact_information
from theory.exact.log_sums import log2
from theory.laws import closed_forms

HERE = Source("Planted", "v1")
PAIR = {"pair": zoo.equal_pairs(2)}
ANY_LAW = testing.oracles(max_vocab=2, max_length=3)


def error_rate_and_divergence(q, schedule):
    law = sampler_law(q, schedule)
    return exact_information.error_rate(law), exact_information.divergence(law)


# ------------------------------------------------------------------ a constant that is wrong by 5%


@claim(source=HERE, instances=grid(steps=[1, 2, 3]))
def less_correlation(steps):
    """KL(q||p) <= 0.95 SI / N for 30 equal bits."""
    rate = closed_forms.blocks_error_rate([fmpq(1, steps)] * steps, 30, 1, 2)
    return Relation(-log2(1 - rate), "<=", fmpq(19, 20) * fmpq(30, steps))


@claim(source=HERE, search={"q": ANY_LAW})
def less_divergence(q):
    """-log2(1 - SER) <= 0.95 KL at one step, of which random laws are to find the counterexample."""
    rate, divergence = error_rate_and_divergence(q, IID.uniform(1))
    return Relation(-log2(1 - rate), "<=", fmpq(19, 20) * divergence)


@claim(source=HERE, box=Box.of(a=("1/100", "99/100")))
def less_entropy(a):
    """h(a) <= 0.95 bit for the entropy of a coin, a parameter in a box."""
    entropy = -(a * sympy.log(a) + (1 - a) * sympy.log(1 - a)) / sympy.log(2)
    return Relation(entropy, "<=", sympy.Rational(19, 20))


# ------------------------------------------------------------------ a wrong base of the logarithm


@claim(source=HERE, instances=grid(q=PAIR))
def divergence_in_nats(q):
    """SER <= 1 - 2^{-KL} with KL in nats."""
    rate, divergence = error_rate_and_divergence(q, IID.uniform(1))
    return Relation(-log2(1 - rate), "<=", divergence.enclosure() * arb.const_log2())


@claim(source=HERE, instances=grid(length=[100, 1000]))
def steps_in_bits(length):
    """The pairs have SER > 1/2 with N = 15 L / 32 steps per bit, instead of per nat."""
    steps = bounds.whole(length * bounds.too_few_steps(fmpq(1, 16)) / arb.const_log2())
    return Relation(closed_forms.pairs_error_rate(fmpq(1, steps), length, 16), ">", fmpq(1, 2))


# ------------------------------------------------------------------ a hypothesis that is missing


@claim(source=HERE, instances=grid(x=[Fraction(1, 2), 1, 2]))
def unbounded(x):
    """x^2 <= x, said without x <= 1."""
    return Relation(x * x, "<=", x)


@claim(source=HERE, search={"q": ANY_LAW})
def every_law_is_symmetric(q):
    """SER = 1 - 2^{-KL}, which needs a law that treats all its sequences alike."""
    rate, divergence = error_rate_and_divergence(q, IID.uniform(1))
    return Relation(-log2(1 - rate), "==", divergence)


# ------------------------------------------------------------------ strict for non-strict


@claim(source=HERE, instances=grid(q=PAIR))
def strict(q):
    """SER < 1 - 2^{-KL}, though pairs attain it."""
    rate, divergence = error_rate_and_divergence(q, IID.uniform(1))
    return Relation(-log2(1 - rate), "<", divergence)


@claim(source=HERE, box=Box.of(a=(0, 1)))
def strict_on_a_box(a):
    """a (1-a) < 1/4, though a = 1/2 attains it."""
    return Relation(a * (1 - a), "<", sympy.Rational(1, 4))


# ------------------------------------------------------------------ quantifiers that are swapped


@claim(source=HERE, search={"weights": st.integers(2, 2).flatmap(testing.weights)})
def every_schedule(weights):
    """'Some schedule of two steps has SER <= 1/4 on a pair' does not give every such schedule."""
    rate, _ = error_rate_and_divergence(zoo.equal_pairs(2), IID(weights))
    return Relation(rate, "<=", Fraction(1, 4))


@claim(
    source=HERE,
    instances=grid(
        q={"pairs": zoo.equal_pairs(4), "crossed": uniform_on(["0000", "0101", "1010", "1111"], 2)}
    ),
)
def one_partition_for_all(q):
    """'Every law of two pairs has an exact partition into two steps' does not give one for all of them."""
    rate, _ = error_rate_and_divergence(q, Partition([[0, 2], [1, 3]]))
    return Relation(rate, "==", 0)


# ------------------------------------------------------------------ true only up to L = 3


@claim(source=HERE, instances=grid(length=[1, 2, 3]), search={"length": st.integers(1, 40)})
def short_polynomial(length):
    """L^3 + 11 L <= 6 L^2 + 6, with equality at 1, 2 and 3."""
    return Relation(length**3 + 11 * length, "<=", 6 * length**2 + 6)


@claim(source=HERE, instances=grid(length=[2, 3]), search={"length": st.integers(2, 9)})
def short_blocks(length):
    """One step on L equal bits has SER <= 3/4."""
    return Relation(closed_forms.blocks_error_rate([1], length, 1, 2), "<=", fmpq(3, 4))


REFUTED = [
    (less_correlation, "steps=1: "),
    (less_divergence, "q={"),
    (less_entropy, "a="),
    (divergence_in_nats, "q=pair: "),
    (steps_in_bits, "length=100: "),
    (unbounded, "x=2: 4 <= 2 fails"),
    (every_law_is_symmetric, "q={"),
    (strict, "q=pair: "),
    (strict_on_a_box, "a=1/2: 1/4 < 1/4 fails"),
    (every_schedule, "weights="),
    (one_partition_for_all, "q=crossed: "),
    (short_polynomial, "length=4: "),
    (short_blocks, "length=4: "),
]


@pytest.mark.parametrize(("planted", "counterexample"), REFUTED)
def test_is_refuted_by_a_smallest_counterexample(planted: Claim, counterexample: str) -> None:
    report = verify(planted)
    assert report.verdict is Verdict.REFUTED
    assert report.witness.startswith(counterexample)
    assert "fails" in report.witness
    assert failures_say(report, "refuted: ")


def failures_say(report: Report, words: str) -> bool:
    """Whether the run fails, and says so."""
    return not report.as_claimed and any(failure.startswith(words) for failure in report.failures)


def test_a_counterexample_is_not_lost_where_the_work_ends_early() -> None:
    @claim(source=HERE, instances=grid(x=[5]), tight=Tight(at(x=3)))
    def hides(x):
        """x <= 1, which somebody calls tight where it cannot be computed."""
        if x == 3:
            raise NotCheckable("out of reach")
        return Relation(x, "<=", 1)

    for report in (verify(hides), verify(hides, deadline=0.0)):
        assert report.verdict is Verdict.REFUTED
        assert failures_say(report, "refuted: x=5: 5 <= 1 fails")


def test_a_function_that_changes_its_arguments_changes_no_other_instance() -> None:
    @claim(source=HERE, instances=grid(x=[1, 5], sizes=[[2, [2]]], weights=[np.array([2])]))
    def changes(x, sizes, weights):
        """x <= 2, with a second look at what was changed in the first."""
        bounds = [sizes[0], sizes[1][0], int(weights[0])]
        sizes[0] = sizes[1][0] = weights[0] = 100
        return [Relation(x, "<=", bound) for bound in bounds]

    report = verify(changes)
    assert report.verdict is Verdict.REFUTED
    assert report.witness == "x=5, sizes=[2, [2]], weights=[2]: 5 <= 2 fails"


# ------------------------------------------------------------------ hypotheses that nothing meets


@claim(
    source=HERE,
    hypotheses={"x > 1": lambda x: x > 1},
    instances=grid(x=[0, 1]),
    search={"x": st.integers(-3, 1)},
)
def impossible(x):
    """x^2 > x for x > 1, checked only where x <= 1."""
    return Relation(x * x, ">", x)


@claim(
    source=HERE,
    hypotheses={"SI < 0": lambda q: Relation(exact_information.correlation(q), "<", 0)},
    search={"q": ANY_LAW},
)
def negative_information(q):
    """A law whose information is negative has SER = 2."""
    return Relation(error_rate_and_divergence(q, IID.uniform(1))[0], "==", 2)


@claim(
    source=HERE,
    hypotheses={"ln 2 + ln 3 <= ln 6": lambda: Relation(arb(2).log() + arb(3).log(), "<=", arb(6).log())},
)
def doubtful():
    """0 <= 1, under a hypothesis that balls never decide."""
    return Relation(0, "<=", 1)


@claim(source=HERE, instances=[])
def no_instance(x):
    """x = x + 1, for no x at all."""
    return Relation(x, "==", x + 1)


@pytest.mark.parametrize("planted", [impossible, negative_information, doubtful, no_instance])
def test_is_vacuous(planted: Claim) -> None:
    report = verify(planted)
    assert report.verdict is Verdict.VACUOUS
    assert report.tightest is None
    assert not report.as_claimed


def test_hypotheses_that_are_not_met_are_told_from_undecided_ones() -> None:
    assert verify(doubtful).domain == "0 listed instances, 1 skipped, hypotheses undecided"
    assert ", hypotheses not met" in verify(impossible).domain


# ------------------------------------------------------------------ answers that are none


@pytest.mark.parametrize("answer", [[], (), {}, [True], 1, None, "yes", sympy.true, np.array([True, True])])
def test_a_hypothesis_answers_yes_or_no(answer: object) -> None:
    @claim(source=HERE, hypotheses={"x is odd": lambda x: answer}, instances=grid(x=[1]))
    def odd(x):
        """x = 1 where x is odd."""
        return Relation(x, "==", 1)

    with pytest.raises(
        TypeError, match="hypothesis 'x is odd': expected a bool, a Relation or several, got "
    ):
        verify(odd)
    assert failures_say(Effort().check(odd), "TypeError: hypothesis 'x is odd': expected a bool")


@pytest.mark.parametrize("answer", [[], (), {}, [True], True, None, "yes"])
def test_a_claim_states_relations(answer: object) -> None:
    @claim(source=HERE, instances=grid(x=[1]))
    def states(x):
        """x = 1, or so it says."""
        return answer

    with pytest.raises(TypeError, match="expected it to return a Relation or several, got "):
        verify(states)


# ------------------------------------------------------------------ answers that change


def changing_claims() -> list[Claim]:
    calls, numbers = count(), random.Random(1)

    @claim(source=HERE, instances=grid(x=[1, 2, 3]))
    def counts(x):
        """x <= x + 9, or so it says in the first calls."""
        return Relation(x + next(calls), "<=", x + 9)

    @claim(source=HERE)
    def throws_dice():
        """A random number is below 1."""
        return Relation(Fraction(numbers.random()), "<", 1)

    @claim(
        source=HERE, hypotheses={"it is asked early": lambda x: next(calls) < 15}, instances=grid(x=range(15))
    )
    def assumes_another_thing(x):
        """x <= 14, while it is early."""
        return Relation(x, "<=", 14)

    @claim(source=HERE, box=Box.of(a=(0, 1)))
    def a_number_more_each_time(a):
        """a <= 2, 3, 4, .."""
        return Relation(a, "<=", 2 + next(calls))

    @claim(source=HERE, search={"x": st.integers(0, 9)})
    def by_search(x):
        """x <= 9 or 10 or 11, .."""
        return Relation(x, "<=", 9 + next(calls))

    return [counts, throws_dice, assumes_another_thing, a_number_more_each_time, by_search]


@pytest.mark.parametrize("number", range(5))
def test_a_claim_that_answers_differently_is_undecided(number: int) -> None:
    report = verify(changing_claims()[number])
    assert report.verdict is Verdict.UNDECIDED
    assert failures_say(report, "asked again, it answers differently: ")
    assert not finished(report)


def test_a_counterexample_that_does_not_come_again_refutes_nothing() -> None:
    calls = count()

    @claim(source=HERE)
    def false_at_first():
        """0 <= 1, but not in the first call."""
        return Relation(2 if next(calls) == 0 else 0, "<=", 1)

    report = verify(false_at_first)
    assert report.verdict is Verdict.UNDECIDED
    assert not report.witness
    assert failures_say(report, "asked again, it answers differently: no parameters: 2 <= 1 fails; then ")


# ------------------------------------------------------------------ what can be computed in part


def reachable_up_to(most, *, box=None, **others):
    @claim(source=HERE, instances=grid(n=range(1, 6)), box=box, **others)
    def partial(n, a=1, *, constant=1):
        """n a <= 5, which is out of reach for large n."""
        if n > most:
            raise NotCheckable("too large")
        return Relation(n * a, "<=", 5 * constant)

    return partial


def test_what_cannot_be_computed_is_named_and_the_others_judged() -> None:
    report = verify(reachable_up_to(3, mutants=[Mutant("half", constant=Fraction(1, 2))]))
    assert (report.verdict, report.method) == (Verdict.CERTIFIED, "exact numbers, where it can be checked")
    assert report.domain == "3 listed instances, 2 not checkable (n=4: too large; n=5: too large)"
    assert report.as_claimed
    over_a_box = verify(
        reachable_up_to(4, box=Box.of(a=(0, 1)), mutants=[Mutant("half", constant=Fraction(1, 2))])
    )
    assert over_a_box.verdict is Verdict.PROVED
    assert over_a_box.domain.endswith("1 not checkable (n=5: too large)")
    assert over_a_box.as_claimed
    assert len(certificates_of(reachable_up_to(3)).listed) == 3


def test_one_that_cannot_be_computed_hides_no_counterexample() -> None:
    report = verify(
        reachable_up_to(9, tight=Tight(at(n=10)), mutants=[Mutant("a tenth", constant=Fraction(1, 10))])
    )
    assert failures_say(report, "the tight instance is not checkable: n=10: too large")

    @claim(source=HERE, instances=grid(x=[1, 2, 3]))
    def hides(x):
        """x <= 2, which somebody does not want to compute at 1."""
        if x == 1:
            raise NotCheckable("out of reach")
        return Relation(x, "<=", 2)

    assert failures_say(verify(hides), "refuted: x=3: 3 <= 2 fails")


def test_what_can_be_computed_nowhere_is_not_checkable() -> None:
    report = verify(
        reachable_up_to(0, tight=Tight(at(n=1)), mutants=[Mutant("half", constant=Fraction(1, 2))])
    )
    assert (report.verdict, report.method) == (Verdict.NOT_CHECKABLE, "too large")
    assert report.as_claimed


# ------------------------------------------------------------------ what is not decided


def test_a_violation_in_floats_is_not_a_refutation() -> None:
    @claim(source=HERE, instances=grid(x=[2.0]))
    def floats(x):
        """x^2 <= x in floats."""
        return Relation(x * x, "<=", x)

    report = verify(floats)
    assert report.verdict is Verdict.UNDECIDED
    assert "fails" in report.witness
    assert not report.as_claimed


@pytest.mark.parametrize("listed", [True, False])
def test_random_instances_alone_only_support(listed: bool) -> None:
    """There is one counterexample among a million, which a hundred random instances will not meet."""

    @claim(source=HERE, instances=grid(x=[1]) if listed else None, search={"x": st.integers(0, 10**6)})
    def rarely_wrong(x):
        """x is not 777777."""
        return Relation(abs(x - 777777), ">", 0)

    assert verify(rarely_wrong).verdict is (Verdict.CERTIFIED if listed else Verdict.SUPPORTED)
    by_search = verify(rarely_wrong, backends=["search"])
    assert by_search.verdict is Verdict.SUPPORTED


def test_what_balls_cannot_tell_is_undecided() -> None:
    @claim(source=HERE, instances=[at()])
    def equality():
        """ln 2 + ln 3 = ln 6, which balls alone never decide."""
        return Relation(arb(2).log() + arb(3).log(), "==", arb(6).log())

    report = verify(equality)
    assert report.verdict is Verdict.UNDECIDED
    assert not report.as_claimed


# ------------------------------------------------------------------ checks that are too weak


@claim(
    source=HERE,
    instances=grid(x=[Fraction(1, 3)]),
    mutants=[Mutant("reversed", reverse=True), Mutant("5% sharper", constant=Fraction(19, 20))],
)
def loose(x, *, constant=1):
    """x^2 <= x, checked where it is far from equality."""
    return Relation(x * x, "<=", constant * x)


def test_a_surviving_mutant_fails_the_claim() -> None:
    report = verify(loose)
    assert report.verdict is Verdict.CERTIFIED
    assert failures_say(report, "a mutant survives: 5% sharper: UNDECIDED")
    assert report.mutant is not None
    assert report.mutant.verdict is Verdict.UNDECIDED


def test_an_instance_that_is_not_tight_fails_the_claim() -> None:
    @claim(source=HERE, tight=Tight(at(x=Fraction(1, 2)), ratio=Fraction(3, 5)), instances=grid(x=[1]))
    def loose(x):
        """x^2 <= x."""
        return Relation(x * x, "<=", x)

    assert failures_say(verify(loose), "called tight at ratio 0.6")


def test_a_tight_instance_must_meet_the_hypotheses() -> None:
    @claim(source=HERE, hypotheses={"x < 1": lambda x: x < 1}, tight=Tight(at(x=1)), instances=grid(x=[0]))
    def square(x):
        """x^2 <= x."""
        return Relation(x * x, "<=", x)

    assert failures_say(verify(square), "the tight instance does not meet the hypotheses")


def test_monte_carlo_that_disagrees_fails_the_claim() -> None:
    """The stated SER is off by .1; 4000 draws miss that with probability below 1e-6."""

    @claim(source=HERE, observations=[SequenceErrors(zoo.equal_pairs(2), IID.uniform(1), exact=0.6, n=4000)])
    def wrong():
        """SER = .6 (it is 1/2)."""
        return Relation(0, "<=", 1)

    report = verify(wrong)
    assert failures_say(report, "Monte Carlo disagrees")
    assert report.error_probability == 1e-9


def test_the_command_fails_on_every_one_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    for planted in ("unbounded", "impossible", "loose"):
        assert run_check(CheckRequest([f"{__file__}::{planted}"], jobs=1)) == 1
        assert "1 not as claimed" in capsys.readouterr().out
