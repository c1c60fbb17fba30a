"""Negative evidence lower bounds (NELBOs) of masked diffusion models, in bits a sequence, exactly.

With g(m) the mean of E_q[-log2 d(x_i | x_S)] over |S| = m and i not in S, and s(m) the probability that a given
position is revealed when m others are,

    NELBO = L sum_m s(m) g(m) = H(q) + sum over contexts of KL(q(x_i | x_S) || d) + E KL of the ideal denoiser.

One token a step, s(m) = 1/L: the bound in continuous time, sum_m g(m), which no masking schedule alpha changes,
and the expectation over uniformly random orders of an autoregressive model.  N iid steps: the discrete bound.
Sources: Sahoo et al. 2024 (MDLM), Shi et al. 2024 (MD4), Ou et al. 2024 (RADD).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from oracles import Oracle, Result
from oracles.arithmetic import convert
from theory.errors.contexts import cross_entropies_by_size, expected_cross_entropy
from theory.information import information_profile
from theory.information.binomial import binomial_weights
from theory.information.profile import Profile
from theory.samplers import Problem, one_by_one, read_problem
from theory.unmasking.base import Unmasking
from theory.unmasking.oblivious import Exchangeable


def cross_entropy_profile(q: Oracle, denoiser: Any = None, *, given: Any = None) -> Profile:
    """g(0), .., g(L-1) in bits: g(m) is the mean of E_q[-log2 d(x_i | x_S)] over |S| = m and i not in S.

    Of the ideal denoiser the information profile f, which g exceeds by the mean of KL(q(x_i|x_S) || d(x_i|x_S)).
    Unlike f it may increase.  Infinite where the denoiser gives a possible token probability zero.
    Enumerates all (V+1)**L patterns, but for the ideal denoiser of a chain.  Errors as in `expected_kl`.
    """
    return _profile(one_by_one(q, denoiser, given))


def nelbo(q: Oracle, schedule: Unmasking | None = None, denoiser: Any = None, *, given: Any = None) -> Result:
    """The NELBO of a masked diffusion model that unmasks by `schedule`, in bits a sequence.

    E_q of -log2 of what the model generates is at most this.  By default in continuous time.  With the ideal
    denoiser it is H(q) + E KL, which in continuous time is H(q).
    ValueError for planners, whose law it does not bound (see `negative_log_likelihood`), and as in `expected_kl`.
    """
    if schedule is None:
        problem = one_by_one(q, denoiser, given)
    else:
        problem = read_problem(q, schedule, denoiser, given)
    parts = problem.schedule.parts(problem.law.arithmetic)
    if all(isinstance(part, Exchangeable) for _, part in parts):
        profile = _profile(problem)
        with profile.arithmetic.context():
            values = [share * nelbo_of(profile, part, problem.law) for share, part in parts]  # type: ignore[arg-type]
            return Result(sum(values[1:], values[0]), "bits", profile.method, profile.guarantee)
    logs = problem.law.arithmetic.logs
    with logs.context():
        return Result(expected_cross_entropy(problem), "bits", "enumeration", logs.guarantee)


def nelbo_of(profile: Profile, schedule: Exchangeable, law: Oracle) -> Any:
    """L sum_m s(m) g(m) in bits for a cross-entropy profile of a denoiser of `law`."""
    system, logs = law.arithmetic, profile.arithmetic
    with logs.context():
        shares = schedule.context_sizes(len(profile), system)
        met = np.flatnonzero(~system.is_zero(shares))  # 0 times infinity is 0 here
        weights = convert(shares[system.index(met)], system, logs) * len(profile)
        return logs.element(logs.sum(weights * profile.values[logs.index(met)], 0))


def clipped_nelbo(profile: Profile, lowest: Any) -> float:
    """What the NELBO in continuous time becomes if t is uniform in [lowest, 1] in place of [0, 1], in bits.

    1/(1 - lowest) times the integral of h(c) = L sum_m C(L-1,m) c^m (1-c)^(L-1-m) g(m) over c from 0 to
    1 - lowest, that is sum_m g(m) P(Bin(L, 1 - lowest) > m) / (1 - lowest).  No bound: it can be less than H(q).
    """
    clip = float(Fraction(lowest))
    if not 0 <= clip < 1:
        raise ValueError(f"lowest: expected a number in [0, 1), got {lowest!r}")
    law = binomial_weights(len(profile), np.array([1 - clip]), np.array([clip]))[0]
    tails = law[::-1].cumsum()[::-1][1:]
    return float(np.sum(tails * np.asarray(profile)) / (1 - clip))


def _profile(problem: Problem) -> Profile:
    if problem.ideal:
        return information_profile(problem.law)
    return Profile(cross_entropies_by_size(problem), problem.law.arithmetic.logs, "enumeration")
