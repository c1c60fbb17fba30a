"""Likelihoods and their estimators as tables for people, and as JSON."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

from rich.table import Table

from proofs_check.commands.digits import fixed, plus_minus, significant
from proofs_check.commands.numbers import number_json, pedigree
from theory.analysis import Missing
from theory.comparison import Number
from theory.likelihood.likelihoods import Likelihoods
from theory.likelihood.nelbo_estimators import Estimator
from theory.monte_carlo import Estimate

PRECISION = 0.01
"""Bits a token to which the number of draws is given."""

ROUNDING = 1e-13
"""A variance, in squared bits a token, that is taken for 0."""


def bounds_table(found: Likelihoods) -> Table:
    """One line a number of bits, in every unit: the conversion table."""
    table = _table()
    table.add_column("", overflow="fold", min_width=28)
    for name in ("bits/\nsequence", "bits/\ntoken", "nats/\ntoken", "perplexity/\ntoken"):
        table.add_column(name, justify="right", no_wrap=True)
    texts = text_units(found)
    for unit in texts:
        table.add_column(f"bits/\n{unit}", justify="right", no_wrap=True)
    for name, number in named_bounds(found):
        shares = [found.length / math.log(2), *texts.values()]
        nats, *others = (_plain(number, share) for share in shares)
        bits = (_shown(number, share) for share in (1.0, found.length))
        table.add_row(name, *bits, nats, _perplexity(number, found.length), *others)
    return table


def text_units(found: Likelihoods) -> dict[str, float]:
    """Expected characters and bytes of a sequence, where they differ from its tokens and from each other."""
    units: dict[str, float] = {}
    for unit, number in (("character", found.characters), ("byte", found.bytes)):
        if number is not None and abs(number - next(reversed(units.values()), found.length)) > 1e-9:
            units[unit] = number
    return units


def named_bounds(found: Likelihoods) -> list[tuple[str, Number]]:
    """Everything in bits a sequence, with what it is called."""
    return [
        ("H(q), the least possible", found.entropy),
        ("NELBO, continuous time", found.continuous),
        *((f"NELBO, N = {count}", number) for count, number in found.discrete),
        *((f"-E log p, {order.name}", order.value) for order in found.orders),
    ]


def _perplexity(number: Number, length: int) -> str:
    if isinstance(number, Missing):
        return "-"
    bits = float(number.value) / length
    return "inf" if bits > 1000 else fixed(2**bits, 4)


def _plain(number: Number, share: float) -> str:
    """A number without its interval."""
    if isinstance(number, Missing):
        return "-"
    value = float(number.value) / share
    return fixed(value, 4) if math.isfinite(value) else "inf"


def _shown(number: Number, share: float) -> str:
    if isinstance(number, Missing):
        return "-"
    if isinstance(number, Estimate) and math.isfinite(number.value):
        return plus_minus(number.value / share, (number.high - number.low) / 2 / share)
    return _plain(number, share)


def estimators_table(found: Likelihoods, draws: list[int], confidence: float) -> Table | None:
    """What one draw of every estimator is worth, in bits a token."""
    if isinstance(found.estimators, Missing):
        return None
    table = _table()
    table.add_column("", overflow="fold")
    for name in (
        "\nmean",
        "\ndeviation",
        "given\nx",
        "\nstratified",
        *(f"± at\n{n}" for n in draws),
        f"n for\n± {PRECISION}",
    ):
        table.add_column(name, justify="right", no_wrap=True)
    times = deviations(confidence)
    for name, each in zip(estimator_names(found), found.estimators, strict=True):
        length = found.length
        spread = [each.variance, each.variance_of_a_sequence, each.stratified_variance]
        table.add_row(
            name,
            fixed(each.mean / length, 4),
            *(_deviation(variance, length) for variance in spread),
            *(_deviation(times**2 * each.variance / n, length) for n in draws),
            _draws(each, length, times),
        )
    return table


def estimator_names(found: Likelihoods) -> list[str]:
    """What the estimators are called, in their order."""
    return [
        "t in (0, 1]",
        f"t in [{found.lowest:g}, 1]",
        "j of L masked",
        f"order, {found.length} calls",
    ]


def deviations(confidence: float) -> float:
    """Standard deviations of a normal law that an interval reaches to both sides."""
    return NormalDist().inv_cdf((1 + confidence) / 2)


def _deviation(variance: float, length: int) -> str:
    if math.isinf(variance):
        return "inf"
    return "0" if variance < ROUNDING * length**2 else fixed(math.sqrt(variance) / length, 4)


def _draws(each: Estimator, length: int, times: float) -> str:
    needed = each.draws_for(PRECISION * length, times)
    return "inf" if math.isinf(needed) else significant(math.ceil(needed), 3)


def gaps_table(found: Likelihoods) -> Table | None:
    """The gaps of bounds with several orders inside the logarithm."""
    if not found.gaps:
        return None
    table = _table()
    table.add_column("K", justify="right")
    table.add_column("gap", justify="right", no_wrap=True)
    for count, number in found.gaps:
        table.add_row(str(count), _shown(number, found.length))
    return table


def footnotes(found: Likelihoods) -> list[str]:
    """What the rows are worth."""
    lines = [
        "NELBO, N: N iid steps of equal weight; -E log p: of what is generated one token a step in that order",
        "estimators: loss of the masked tokens, divided by t or j/L at random; or of all tokens in random order",
        "deviation: of one draw; given x: for one sequence; stratified: with evenly spread t or j",
    ]
    if isinstance(found.estimators, Missing):
        lines[1:] = [f"estimators: {found.estimators.reason}"]
    kinds: dict[str, list[str]] = {}
    for name, number in named_bounds(found):
        draws = f", n = {number.n}" if isinstance(number, Estimate) else ""
        kinds.setdefault(pedigree(number) + draws, []).append(name)
    return lines + [f"{kind}: {'; '.join(names)}" for kind, names in kinds.items()]


def elbo_json(found: Likelihoods, draws: list[int], confidence: float) -> dict[str, Any]:
    """Everything in bits a sequence, every number with its kind; what JSON lacks is null."""
    estimators = None if isinstance(found.estimators, Missing) else found.estimators
    return {
        "vocab_size": found.vocab_size,
        "length": found.length,
        "ideal": found.ideal,
        "characters": found.characters,
        "bytes": found.bytes,
        "entropy": number_json(found.entropy),
        "nelbo": number_json(found.continuous),
        "nelbo_steps": [{"steps": count} | number_json(number) for count, number in found.discrete],
        "orders": [{"order": order.name} | number_json(order.value) for order in found.orders],
        "lowest": found.lowest,
        "clipped": found.clipped,
        "estimators": estimators and [_estimator_json(each, draws, confidence) for each in estimators],
        "gaps": [{"orders_inside": count} | number_json(number) for count, number in found.gaps],
    }


def _estimator_json(each: Estimator, draws: list[int], confidence: float) -> dict[str, Any]:
    def finite(value: float) -> float | None:
        return value if math.isfinite(value) else None

    times = deviations(confidence)
    return {
        "name": each.name,
        "calls": each.calls,
        "mean": each.mean,
        "variance": finite(each.variance),
        "variance_given_sequence": finite(each.variance_of_a_sequence),
        "variance_stratified": finite(each.stratified_variance),
        "half_widths": {str(n): finite(times * math.sqrt(each.variance / n)) for n in draws},
    }


def _table() -> Table:
    return Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
