"""What every step of an oblivious schedule costs: the expected TC(X_{S_k} | X_{S_<k}), whose sum is E KL.

For exchangeable schedules it follows from the information profile f, with h and its integral as in
`theory.information.profile`: a step that reveals the masked positions between the fractions c and c' costs
    (c' - c) h(c) - int_c^c' h.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from typing import Any

import numpy as np

from oracles import Oracle
from oracles.arithmetic import Arithmetic, Array, Scalar, infer
from theory.information.binomial import binomial_weights
from theory.information.profile import Profile
from theory.information.subset_entropies import subset_entropies


def sizes_step_errors(profile: Profile, sizes: Sequence[int]) -> Array:
    """sum over m_{k-1} < m < m_k of f(m_{k-1}) - f(m) for every step k, `[N]`: exactly 0 for single positions."""
    system, f = profile.arithmetic, profile.values
    with system.context():
        errors, done = [], 0
        for size in sizes:
            within = slice(done + 1, done + size)
            errors.append(system.sum(f[done : done + 1] - f[within], 0) if size > 1 else system.zeros(1)[0])
            done += size
        return system.stack(errors)


def iid_step_errors(profile: Profile, weights: Array) -> Array:
    """w_k h(c_{k-1}) - int h over [c_{k-1}, c_k] for every step k, `[N]`.

    The integral of h from 0 to c is sum_m f(m) P(Bin(L, c) > m).  A weight of zero gives exactly 0.
    """
    system, length = profile.arithmetic, len(profile)
    own = infer(weights)
    zero = own.is_zero(weights)
    if system.name.startswith("float"):
        # Summed exactly and rounded once, as in `iid_expected_kl`.
        numbers = [Fraction(float(weight)) for weight in own.tolist(weights)]
        ends = list(accumulate(numbers, initial=Fraction(0)))
        c = np.array([float(end) for end in ends])
        d = np.array([float(ends[-1] - end) for end in ends])
        inside, upto = binomial_weights(length - 1, c[:-1], d[:-1]), binomial_weights(length, c, d)
        shares = np.array([float(w) for w in numbers])[:, None] * length * inside - np.diff(
            _tails(upto), axis=0
        )
        errors = system.array(shares @ (np.asarray(profile) - float(profile[-1])))
    else:
        with system.context():
            exact = system.array(own.tolist(weights))
            points = list(accumulate(exact, initial=system.zeros(1)[0]))
            inside = np.stack([_binomials(length - 1, c, system) for c in points[:-1]])
            upto = np.stack([_binomials(length, c, system) for c in points])
            shares = exact[:, None] * length * inside - np.diff(_tails(upto), axis=0)
            errors = system.sum(shares * profile.values, 1)
    return system.where(zero, system.zeros(1), errors)


def enumerated_step_errors(q: Oracle, blocks: Sequence[Sequence[int]]) -> Array:
    """TC(X_{S_k} | X_{S_<k}) for every step of a fixed partition, `[N]`, from the entropies of all sets."""
    entropies, logs = subset_entropies(q), q.arithmetic.logs

    def entropy(positions: set[int]) -> Scalar:
        return entropies[tuple(int(i in positions) for i in range(q.length))]

    with logs.context():
        errors, done = [], set[int]()
        for block in blocks:
            error, before = logs.zeros(1)[0], entropy(done)
            if len(block) > 1:
                error = sum((entropy({*done, i}) - before for i in block), error)
                error = error - (entropy({*done, *block}) - before)
            errors.append(error)
            done |= set(block)
        return logs.array(logs.tolist(logs.stack(errors)))


def _tails(weights: Any) -> Any:
    """P(Bin > m) for m = 0, 1, .., from P(Bin = m) in rows."""
    return np.cumsum(weights[:, :0:-1], axis=1)[:, ::-1]


def _binomials(n: int, c: Scalar, system: Arithmetic) -> Any:
    """P(Bin(n, c) = m) for m = 0..n in a system without rounding."""
    one = system.ones(1)[0]
    powers = np.multiply.accumulate(np.array([one, *[c] * n], dtype=object))
    others = np.multiply.accumulate(np.array([one, *[1 - c] * n], dtype=object))
    return system.array([math.comb(n, m) for m in range(n + 1)]) * powers * others[::-1]
