"""How far the law p of a sampler is from its target q, and how much of q it still covers."""

from __future__ import annotations

import math
from typing import Any

from oracles import Oracle, Result
from oracles.arithmetic import convert
from theory.laws.sampler_law import SamplerLaw, off_support, on_support


def error_rate_of(law: SamplerLaw) -> Result:
    """SER = p(impossible sequences), a probability."""
    system = law.problem.law.arithmetic
    with system.context():
        value = system.element(system.sum(off_support(law), 0))
    return Result(value, "probability", law.method, law.guarantee, notes=law.notes)


def divergence_of(law: SamplerLaw) -> Result:
    """KL(q || p) in bits; infinite where p misses something possible."""
    return _bits(law, _divergence)


def token_error_rate_of(law: Oracle, divergence: Result) -> Result:
    """log2 TER = (H(q) + KL(q || p)) / L in bits per token; enclosed where one of the two is."""
    entropy, logs = law.entropy(), law.arithmetic.logs
    with logs.context():
        value, bounds = (entropy.value + divergence.value) / law.length, None
        if entropy.bounds or divergence.bounds:
            ends = zip(_ends(entropy), _ends(divergence), strict=True)
            low, high = ((first + second) / law.length for first, second in ends)
            if logs.name == "ball":
                low, high = low.lower(), high.upper()
            value, bounds = (low + high) / 2, (low, high)
    guarantee = entropy.guarantee if divergence.bounds is None and bounds else divergence.guarantee
    return Result(value, "bits per token", divergence.method, guarantee, bounds, divergence.notes)


def total_variation_of(law: SamplerLaw) -> Result:
    """TV = sum_x |q(x) - p(x)| / 2, a probability."""
    system = law.problem.law.arithmetic
    with system.context():
        differences = abs(law.table() - law.problem.law.joint()).reshape(-1)
        value = system.element(system.sum(differences, 0)) / 2
    return Result(value, "probability", law.method, law.guarantee, notes=law.notes)


def generated_entropy(law: SamplerLaw) -> Result:
    """H(p) in bits: well below H(q), the sampler says ever the same (mode collapse)."""
    return _bits(law, lambda law: _summed(law, law.problem.law.arithmetic.plogp(law.table().reshape(-1))))


def generative_cross_entropy(law: SamplerLaw) -> Result:
    """E_p[-log2 q(X) | X possible] in bits, of which 2^(./L) is the generative perplexity of what is no error.

    Low where p prefers what is probable under q, even if it generates nothing else: it says little without H(p)
    and SER.  NaN if nothing possible is generated.
    """
    return _bits(law, _cross_entropy)


def _ends(result: Result) -> tuple[Any, Any]:
    """What encloses a number: itself where it has no bounds."""
    return result.bounds or (result.value, result.value)


def _bits(law: SamplerLaw, compute: Any) -> Result:
    logs = law.problem.law.arithmetic.logs
    with logs.context():
        return Result(compute(law), "bits", law.method, logs.guarantee, notes=law.notes)


def _summed(law: SamplerLaw, terms: Any) -> Any:
    logs = law.problem.law.arithmetic.logs
    return logs.element(logs.sum(terms, 0))


def _divergence(law: SamplerLaw) -> Any:
    system, found = law.problem.law.arithmetic, on_support(law)
    if found is None:
        return system.logs.element(system.logs.infinity())
    target, generated = found
    ratio = system.divide(target, generated)
    return _summed(law, convert(target, system, system.logs) * system.log2(ratio))


def _cross_entropy(law: SamplerLaw) -> Any:
    system = law.problem.law.arithmetic
    logs = system.logs
    generated, target = law.table().reshape(-1), law.problem.law.joint().reshape(-1)
    possible = ~system.is_zero(target)
    weights = system.where(possible, generated, system.zeros(1))
    if system.is_zero(weights).all():
        return math.nan
    safe = system.where(possible, target, system.ones(1))
    bits = -_summed(law, convert(weights, system, logs) * system.log2(safe))
    return bits / logs.element(logs.sum(convert(weights, system, logs), 0))
