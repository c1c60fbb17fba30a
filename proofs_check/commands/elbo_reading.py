"""Likelihoods in plain words: why two bounds of one model differ, and how many draws it takes to see it."""

from __future__ import annotations

import math

from proofs_check.commands.digits import fixed, significant
from proofs_check.commands.elbo_table import PRECISION, deviations, text_units
from theory.analysis import Missing
from theory.comparison import Number
from theory.likelihood.likelihoods import Likelihoods
from theory.monte_carlo import Estimate

NOTHING = 1e-9
"""Bits that are taken for rounding."""


def reading(found: Likelihoods, denoiser: str, confidence: float) -> list[str]:
    """The sentences, each on what the numbers show here."""
    return [
        *_continuous(found),
        *_discrete(found),
        *_units(found),
        *_orders(found),
        *_estimators(found, confidence),
        *_clipped(found),
    ]


def _bits(value: float, length: int) -> str:
    share = value / length
    return f"{0 if abs(share) < NOTHING else fixed(share, 4)} bits/token"


def _known(number: Number) -> float:
    return math.nan if isinstance(number, Missing) else float(number.value)


def _continuous(found: Likelihoods) -> list[str]:
    """The NELBO against the entropy."""
    entropy, bound = float(found.entropy.value), _known(found.continuous)
    if math.isinf(bound):
        return ["The NELBO is infinite: the denoiser gives a possible token probability zero."]
    if math.isnan(bound):
        return []
    if abs(bound - entropy) < NOTHING * found.length:
        return [
            "In continuous time the NELBO of the ideal denoiser is the entropy: nothing is lost by the bound."
        ]
    about = "about " if isinstance(found.continuous, Estimate) else ""
    excess = about + _bits(bound - entropy, found.length)
    return [f"In continuous time the NELBO is {excess} above the entropy: the mean error of the denoiser."]


def _discrete(found: Likelihoods) -> list[str]:
    """The bounds of few steps against that of continuous time."""
    bound = _known(found.continuous)
    known = [(count, _known(number)) for count, number in found.discrete]
    known = [(count, value) for count, value in known if math.isfinite(value) and math.isfinite(bound)]
    if not known or bound <= 0:
        return []
    (least, first), (most, last) = known[0], known[-1]
    words = f"With N = {least} step{'s' * (least > 1)} the bound is {fixed(first / bound, 3)} times as large"
    if most > least:
        words += f", with N = {most} {fixed(last / bound, 3)} times"
    return [words + ": two NELBOs of one model compare only at the same N."]


def _units(found: Likelihoods) -> list[str]:
    """Factors between units."""
    words = "The same number is 1.443 times larger in bits than in nats"
    for unit, number in text_units(found).items():
        words += f", {fixed(number / found.length, 3)} times larger by token than by {unit}"
    return [words + ": say which."]


def _orders(found: Likelihoods) -> list[str]:
    """What is generated in several orders against the NELBO, which bounds that of random order only."""
    bound = _known(found.continuous)
    if found.ideal or not math.isfinite(bound):
        exact = [
            order.name for order in found.orders if abs(_known(order.value) - _known(found.entropy)) < NOTHING
        ]
        if not exact or not found.ideal:
            return []
        return [
            f"With the ideal denoiser every one of these orders generates the law itself: {', '.join(exact)}."
        ]
    if isinstance(found.continuous, Estimate):
        return []
    values = {o.name: _known(o.value) for o in found.orders if not isinstance(o.value, Estimate)}
    lines = []
    if math.isfinite(values.get("random", math.nan)):
        gap = bound - values["random"]
        lines.append(
            f"In random order, one token a step, the model generates at {_bits(values['random'], found.length)}: the "
            f"NELBO is {_bits(gap, found.length)} too high (Jensen)."
        )
    others = {name: value - bound for name, value in values.items() if name != "random"}
    above = [f"{name} by {_bits(v, found.length)}" for name, v in others.items() if v > NOTHING]
    below = [f"{name} by {_bits(-v, found.length)}" for name, v in others.items() if v < -NOTHING]
    if above:
        lines.append(f"It is no bound for other orders: -E log p is above it in {', '.join(above)}.")
    elif below:
        lines.append(
            f"For other orders it is no bound by itself; here -E log p is below it in {', '.join(below)}."
        )
    return lines


def _estimators(found: Likelihoods, confidence: float) -> list[str]:
    """How many draws a precision takes."""
    if isinstance(found.estimators, Missing):
        return []
    time, clipped, count, order = found.estimators
    width, times = PRECISION * found.length, deviations(confidence)
    lines = []
    if math.isinf(time.variance):
        lines.append(
            "Draws of t in (0, 1] with weight 1/t are unbiased, but of infinite variance: now and then a single "
            "masked token counts 1/t times. More draws do not give an interval."
        )
    needed = [significant(math.ceil(each.draws_for(width, times)), 3) for each in (clipped, count, order)]
    lines.append(
        f"± {PRECISION} bits/token at {100 * confidence:g}% takes {needed[1]} draws of a number of masked tokens, or "
        f"{needed[0]} of t in [{found.lowest:g}, 1], one call each, or {needed[2]} whole orders of "
        f"{order.calls} calls."
    )
    share = count.between_sequences / count.variance if count.variance else 0.0
    lines.append(
        f"Of the variance of a draw of j, {fixed(100 * share, 1)}% lies between sequences, and is left however many "
        "masks are drawn for each."
    )
    return lines


def _clipped(found: Likelihoods) -> list[str]:
    """What cutting t off does to the mean."""
    if found.clipped is None:
        return []
    shift = found.clipped - _known(found.continuous)
    way = "up" if shift > 0 else "down"
    return [
        f"t in [{found.lowest:g}, 1] in place of (0, 1] moves the mean {way} by {_bits(abs(shift), found.length)}."
    ]
