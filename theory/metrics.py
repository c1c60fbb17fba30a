"""How far the law of a sampler is from its target: TER, SER, KL and the expected KL of a schedule.

Units: probabilities for SER, bits for KL, bits per token for log2 TER.  For an exact oracle SER is a rational
and the others are enclosures; for a float oracle everything is rounded; results say which.
"""

from __future__ import annotations

from typing import Any

from oracles import Oracle, Result, Table
from oracles.arithmetic import convert
from theory.context_errors import expected_cross_entropy
from theory.information import information_profile
from theory.laws.sampler_law import SamplerLaw, law_of, off_support, on_support
from theory.profile import iid_expected_kl, sizes_expected_kl
from theory.samplers import Problem, read_problem
from theory.schedules import IID, FixedSizes
from theory.unmasking import Unmasking


def sequence_error_rate(
    q: Oracle,
    schedule: Unmasking,
    denoiser: Any = None,
    *,
    given: Any = None,
    method: str | None = None,
) -> Result:
    """SER = 1 - p(support of q): the probability that the whole sequence is impossible.

    Computed as the mass off the support, which loses no digits when it is small (Feng et al. 2025, Sec. 3).
    Arguments and errors as in `sampler_law`.
    """
    problem = read_problem(q, schedule, denoiser, given)
    law = law_of(problem, method)
    system = problem.law.arithmetic
    with system.context():
        value = system.element(system.sum(off_support(law), 0))
    return Result(value, "probability", law.method, law.guarantee)


def kl_divergence(
    q: Oracle,
    schedule: Unmasking,
    denoiser: Any = None,
    *,
    given: Any = None,
    method: str | None = None,
) -> Result:
    """KL(q || p) = sum_x q(x) log2(q(x) / p(x)) in bits; infinite if p misses a possible sequence.

    Arguments and errors as in `sampler_law`.
    """
    law = law_of(read_problem(q, schedule, denoiser, given), method)
    logs = law.problem.law.arithmetic.logs
    with logs.context():
        value = _mean_surprise(law, relative=True)
    return Result(value, "bits", law.method, logs.guarantee)


def log2_token_error_rate(
    q: Oracle,
    schedule: Unmasking,
    denoiser: Any = None,
    *,
    given: Any = None,
    method: str | None = None,
) -> Result:
    """log2 TER(p) = E_q[-log2 p(X)] / L = (H(q) + KL(q || p)) / L, in bits per token.

    With a prompt, L counts the masked positions (Feng et al. 2025, Sec. 3: TER is the perplexity).
    """
    law = law_of(read_problem(q, schedule, denoiser, given), method)
    logs = law.problem.law.arithmetic.logs
    with logs.context():
        value = _mean_surprise(law, relative=False) / law.problem.law.length
    return Result(value, "bits per token", law.method, logs.guarantee)


def expected_kl(
    q: Oracle,
    schedule: Unmasking,
    denoiser: Any = None,
    *,
    given: Any = None,
    method: str | None = None,
) -> Result:
    """E KL = E_pi KL(q || p_pi) in bits, the expected error of the schedule; at least KL(q || p).

    Ideal denoiser, iid: sum_k w_k h(c_{k-1}) - H; sizes: sum_k n_k f(m_{k-1}) - H, both from the information
    profile, so also at real lengths for Markov chains.  Otherwise sum_i E[-log2 d(x_i | x_S)] - H with S the
    context in which position i is revealed, by enumeration of all contexts.  An N-step NELBO is H + E KL.
    method: None, or "enumeration" to force the latter.  Other arguments and errors as in `sampler_law`.
    """
    if method not in (None, "enumeration"):
        raise ValueError(f"method: expected 'enumeration' or None, got {method!r}")
    problem = read_problem(q, schedule, denoiser, given)
    if method is None and problem.ideal and isinstance(problem.schedule, IID | FixedSizes):
        return _from_profile(problem)
    logs = problem.law.arithmetic.logs
    with logs.context():
        value = expected_cross_entropy(problem) - Table.of(problem.law).entropy().value
    return Result(value, "bits", "enumeration of contexts", logs.guarantee)


def _from_profile(problem: Problem) -> Result:
    profile = information_profile(problem.law)
    schedule = problem.schedule
    if isinstance(schedule, IID):
        value = iid_expected_kl(profile, schedule.checked_weights(problem.law.arithmetic))
    else:
        assert isinstance(schedule, FixedSizes)
        value = sizes_expected_kl(profile, schedule.sizes)
    return Result(value, "bits", f"information profile by {profile.method}", profile.guarantee)


def _mean_surprise(law: SamplerLaw, *, relative: bool) -> Any:
    """E_q[-log2 p(X)], or E_q[log2 q(X)/p(X)] if `relative`; infinite where p misses something possible."""
    system = law.problem.law.arithmetic
    logs, found = system.logs, on_support(law)
    if found is None:
        return logs.element(logs.infinity())
    target, generated = found
    ratio = system.divide(target if relative else system.ones(1), generated)
    return logs.element(logs.sum(convert(target, system, logs) * system.log2(ratio), 0))
