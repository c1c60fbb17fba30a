"""Published bounds, as functions of information quantities; nothing here looks at a sampler's law.

Numbers in, numbers out: exact numbers, balls and floats all work unless a ball is promised.  Information is
in bits; an error in nats is named so.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from math import isfinite, isqrt, prod
from typing import Any

from oracles.arithmetic import arithmetic
from oracles.optional import needed_for
from theory.exact.log_sums import Bits, LogSum, log2, rational

with needed_for("bounds"):
    from flint import arb, ctx, fmpq

# ------------------------------------------------------------------ enough steps


def divergence_bound(error: Any, correlation: Any, largest_weight: Any, length: int) -> Any:
    """KL(q||p) <= L e + (max_k w_k) SI in bits, for every iid schedule and any law q.

    error: e, the denoiser's largest expected KL a token.  correlation: SI = sum_i I(X_i; X_rest) = TC + DTC.
    With N equal weights and divided by L this is Theorem A: log TER(p) <= log TER(q) + e + SI/(N L).
    Source: Li & Cai 2025 (arXiv 2505.21400) in our explicit form; it implies Feng et al. 2025, Thm 4.2.
    """
    return length * error + largest_weight * correlation


def uniform_divergence_range(correlation: Any, steps: int, length: int) -> tuple[Any, Any]:
    """SI (1/N - x) <= E KL <= SI x in bits, x = N^{-L} sum_{k=1..N} k^{L-1} - 1/L: N uniform iid steps, any law q.

    Both sharp for every N and L: parity has the least E KL of an SI, equal tokens the largest; x < 1/N.
    Source: derived for this project; it sharpens SI/N of Li & Cai 2025 (arXiv 2505.21400).
    """
    most = fmpq(sum(k ** (length - 1) for k in range(1, steps + 1)), steps**length) - fmpq(1, length)
    return (fmpq(1, steps) - most) * correlation, most * correlation


def sizes_divergence_bound(correlation: Any, largest_size: int, length: int) -> Any:
    """E KL <= (n_max - 1)/L SI in bits, for every schedule of sizes and any law q.

    Equality for equal tokens and constant sizes.  Source: Li & Cai 2025 (arXiv 2505.21400), explicit form derived.
    """
    return fmpq(largest_size - 1, length) * correlation


def chain_sizes_share(size: int, length: int) -> fmpq:
    """(s-1)/(2(L-1)), the least E KL/SI of a Markov chain in L/s steps of s tokens; 0 for L = 1.

    Equality for independent equal pairs.  Source: derived for this project.
    """
    return fmpq(size - 1, 2 * (length - 1)) if length > 1 else fmpq(0)


def equal_tokens_divergence(correlation: Any, steps: int, length: int) -> Any:
    """(1 - N/L) SI/N: the least E KL of L equal tokens with N uniform iid steps, in bits; theirs with constant sizes.

    Source: Li & Cai 2025 (arXiv 2505.21400), explicit form derived.
    """
    return (1 - fmpq(steps, length)) * correlation / steps


def geometric_divergence_bound(limiting: Any, correlation: Any, rate: Any, steps: int) -> Any:
    """E KL <= d X + (1+d)^{-(N-1)} SI in bits, with X = DTC for `rising_weights` and X = TC for `falling_weights`.

    rate: d.  Source: Theorem B, derived for this project; rates as in Chen, Cong & Li 2025 (arXiv 2511.04647).
    """
    return rational(rate) * limiting + (1 + rational(rate)) ** (1 - steps) * correlation


def geometric_steps(rate: Any, correlation: Any, eps: Any) -> int:
    """The least N with (1+d)^{-(N-1)} SI <= eps/2, so that Theorem B with d = eps/(2X) gives E KL <= eps.

    correlation: an exact number.  N - 1 = ceil(log(2 SI/eps) / log(1+d)), found without rounding.
    """
    steps, left = 1, correlation
    while left > rational(eps) / 2:
        steps, left = steps + 1, left / (1 + rational(rate))
    return steps


def falling_weights(rate: Any, steps: int) -> list[fmpq]:
    """iid weights w_1, .., w_N with c_k = w_1 + .. + w_k = 1 - (1+d)^{-k} and c_N = 1: every step reveals less."""
    return rising_weights(rate, steps)[::-1]


def rising_weights(rate: Any, steps: int) -> list[fmpq]:
    """iid weights w_1, .., w_N with c_k = (1+d)^{-(N-k)}: after the first, every step reveals more."""
    ends = [fmpq(0)] + [(1 + rational(rate)) ** -left for left in reversed(range(steps))]
    return [end - start for start, end in pairwise(ends)]


def half_step_first(steps: int) -> list[fmpq]:
    """iid weights (1, 2, .., 2)/(2N-1): E KL <= SI/(2N-1) for every Markov chain.

    No iid weights promise all chains less than SI/(2N).  Source: derived for this project.
    """
    return [fmpq(1 if k == 0 else 2, 2 * steps - 1) for k in range(steps)]


def perplexity_bound(error: Any, eps: Any, vocab_size: int) -> Any:
    """log TER(p) - log TER(q) <= e + 4 eps log2 V, in bits a token.  Source: Feng et al. 2025, Thm 4.2."""
    return error + 4 * eps * log2(vocab_size)


def perplexity_steps(order: int, eps: Any) -> int:
    """ceil((n-1) / eps^n), the steps of Thm 4.2 with its unstated constant read as 1."""
    return int(((order - 1) / rational(eps) ** order).ceil())


def perplexity_length(order: int, eps: Any) -> int:
    """The smallest L > (n-1) / eps^{n+1/2}, the length of Thm 4.2 with its unstated constant read as 1."""
    return isqrt(int(((order - 1) ** 2 / rational(eps) ** (2 * order + 1)).floor())) + 1


def correlation_steps(correlation: Any, length: int, eps: Any, vocab_size: int) -> int:
    """The least N with SI/(N L) <= 4 eps log2 V: so many steps give Thm 4.2 by Theorem A, at most ceil(1/(4 eps)).

    correlation: SI in bits, an exact number.
    """
    steps, allowed = 1, length * perplexity_bound(0, rational(eps), vocab_size)
    while correlation > steps * allowed:
        steps += 1
    return steps


# ------------------------------------------------------------------ divergences and error rates


def least_divergence(error_rate: Any) -> Bits:
    """-log2(1 - SER) <= KL(q||p), the exact form of SER <= 1 - 2^{-KL}.  Source: data processing."""
    return -log2(1 - rational(error_rate))


def perturbation_error(amount: Any, vocab_size: int) -> Bits:
    """-log2(1 - a + a/V): the largest KL(q || (1-a) q + a/V) over all q, attained by deterministic ones."""
    return -log2(1 - (1 - fmpq(1, vocab_size)) * rational(amount))


def error_rate_range(ideal: Any, divergence: Any) -> tuple[fmpq, fmpq]:
    """All s with a log2(a/s) + (1-a) log2((1-a)/(1-s)) <= D: what the SER of a learned denoiser can be.

    ideal: a, the SER of the ideal denoiser under the same oblivious schedule, which never masks again; no ball.
    divergence: D >= sum of KL(q(x_i|x_S) || d(x_i|x_S)) in bits over the possible contexts that the ideal sampler
    reveals from, on average, such as L e with e the largest error of any.  Two rationals, rounded outwards.
    Proof: stop both samplers at the first impossible context, where the sequence is an error already.  Until then D
    is the divergence between the two (chain rule), and whether one stopped is a function of it (data processing).
    Source: derived for this project.  ValueError unless 0 <= a <= 1 and D >= 0.
    """
    a: Any = _fraction(ideal)
    with arithmetic("ball", bits=128).context():
        bits = divergence.enclosure() if isinstance(divergence, LogSum) else arb(_fraction(divergence))
    if isinstance(a, arb) or not 0 <= a <= 1:
        raise ValueError(f"ideal: expected a probability, got {ideal}")
    if bits < 0 or bits.is_nan():
        raise ValueError(f"divergence: expected a number of bits >= 0, got {divergence}")
    return 1 - _largest_rate(1 - a, bits), _largest_rate(a, bits)


def _fraction(value: Any) -> Any:
    """A number without rounding: floats are fractions; balls, and what is not finite, are balls."""
    if isinstance(value, arb) or (isinstance(value, float) and not isfinite(value)):
        return arb(value)
    return fmpq(*value.as_integer_ratio()) if isinstance(value, float) else rational(value)


def _largest_rate(a: fmpq, bits: arb) -> fmpq:
    """A number that no s >= a with binary divergence at most so many bits exceeds, by bisection."""
    low, high = a, fmpq(1)
    with arithmetic("ball", bits=128).context():
        while high - low > fmpq(1, 2**60):
            middle = (low + high) / 2
            if _binary_divergence(a, middle) > bits:
                high = middle
            else:
                low = middle
    return high


def _binary_divergence(a: fmpq, s: fmpq) -> arb:
    """a log2(a/s) + (1-a) log2((1-a)/(1-s)) for 0 < s < 1, a ball."""
    nats = [x * arb(x / y).log() for x, y in ((a, s), (1 - a, 1 - s)) if x != 0]
    return sum(nats, arb(0)) / arb.const_log2()


# ------------------------------------------------------------------ too few steps


def counting_bound(projections: int, block: int, vocab_size: int) -> fmpq:
    """SER_pi >= 1 - |projection of the support on S_1| / V^{|S_1|}, for every partition pi that starts with S_1.

    projections: how many words the tokens at S_1 can form; block: |S_1|.  For a law with uniform tokens at S_1,
    whose ideal denoiser draws all V^{|S_1|} words alike; equality if nothing goes wrong later.
    ValueError if there are more projections than words.  Source: derived for this project.
    """
    words = vocab_size**block
    if not 0 < projections <= words:
        raise ValueError(f"projections: expected a number in 1..{words} = V^|S_1|, got {projections}")
    return 1 - fmpq(projections, words)


def too_few_steps(valid: Any, error_rate: Any = "1/2") -> arb:
    """C = (1 - valid) / (2 ln(1/(1-delta))), a ball: with N <= C L iid steps the equal pairs have SER > delta.

    valid: the largest probability that a pair revealed in one step comes out equal, 1/V for an ideal
    denoiser, `largest_collision` for a learned one, `collision_bound` in closed form.  error_rate: delta.
    Source: Feng et al. 2025, Thm 4.4, in our explicit form.  ValueError unless 0 < delta < 1.
    """
    if not 0 < rational(error_rate) < 1:
        raise ValueError(f"error_rate: expected a number between 0 and 1, got {error_rate}")
    return (1 - arb(valid)) / (-2 * arb(1 - rational(error_rate)).log())


def whole(ball: arb) -> int:
    """The largest integer below a ball.  ArithmeticError if the ball does not tell which it is."""
    integer = ball.floor().unique_fmpz()
    if integer is None:
        raise ArithmeticError(f"the whole part of {ball} is not decided; use more bits")
    return int(integer)


def largest_collision(error_nats: Any, vocab_size: int, peaks: int = 1) -> arb:
    """The largest sum_a p(a)^2 over laws p of V tokens with KL(uniform || p) <= e nats, a ball.

    It is attained at p = (t, .., t, s, .., s) with `peaks` entries t > 1/V (at most two values, because
    2 p_a + mu = lambda / p_a at a maximum), where t is the root of
        -(1/V) [k ln(V t) + (V-k) ln(V s)] = e,   s = (1 - k t) / (V - k);
    one peak is best.  By Cauchy-Schwarz sum_a p(a) p'(a) is no larger for two such laws.
    Source: derived for this project.
    """
    low, high = peak_bracket(error_nats, vocab_size, peaks)

    def collision(peak: fmpq) -> arb:
        return arb(peaks * peak**2 + (1 - peaks * peak) ** 2 / (vocab_size - peaks))

    return collision(low).union(collision(high))  # increasing in t above 1/V


def collision_bound(error_nats: Any, vocab_size: int) -> arb:
    """A closed form above `largest_collision`, rho(e), and equal to it for an ideal denoiser, e = 0; a ball.

        rho(e) <= 1 - (1 - 1/V) e^{-V e/(V-1)}, with equality for V = 2;
        rho(e) <= 1/V + V x^2/(V-1), x = (e (1-2/V) + sqrt(e^2 + 2 e (V-1)/V^2))/(1+2e), if e <= (1-2/V)^2/2,
    of which the second is taken where it holds.  `too_few_steps` of it is the constant C as a function of V, e and
    delta: of V = 16, e = 1/128, delta = 1/2 it is 0.67518, of rho(e) itself 0.67533.
    Source: derived for this project.  ValueError unless e >= 0 and V >= 2.
    """
    error = rational(error_nats)
    if not error >= 0:
        raise ValueError(f"error_nats: expected a number >= 0, got {error_nats}")
    if vocab_size < 2:
        raise ValueError(f"vocab_size: expected at least 2, got {vocab_size}")
    share, others = fmpq(1, vocab_size), fmpq(vocab_size - 1, vocab_size)
    if 2 * error <= (1 - 2 * share) ** 2:
        root = arb(error**2 + 2 * error * share * others).sqrt()
        return share + ((error * (1 - 2 * share) + root) / (1 + 2 * error)) ** 2 / others
    return 1 - others * arb(-error / others).exp()


def peak_bracket(error_nats: Any, vocab_size: int, peaks: int = 1) -> tuple[fmpq, fmpq]:
    """Rationals t_low < t_high around the root t of `largest_collision`; at t_low the KL is below e.

    As close as the precision in force can tell apart.  ValueError unless e > 0 and 1 <= peaks < V.
    """
    if not 1 <= peaks < vocab_size:
        raise ValueError(f"peaks: expected a number in 1..{vocab_size - 1}, got {peaks}")
    if not rational(error_nats) > 0:
        raise ValueError(f"error_nats: expected a positive number, got {error_nats}")
    return _bisected(rational(error_nats), vocab_size, peaks, ctx.prec)


@lru_cache(maxsize=64)
def _bisected(error: fmpq, vocab_size: int, peaks: int, bits: int) -> tuple[fmpq, fmpq]:
    """`peak_bracket` at a precision; the root is no rational, so only the precision ends the bisection."""
    with arithmetic("ball", bits=bits).context():
        low, high = fmpq(1, vocab_size), fmpq(1, peaks)
        while True:
            middle = (low + high) / 2
            excess = _uniform_divergence(middle, vocab_size, peaks) - error
            if excess.contains(0):
                return low, high
            low, high = (middle, high) if excess < 0 else (low, middle)


def _uniform_divergence(peak: fmpq, vocab_size: int, peaks: int) -> arb:
    """KL(uniform || p) in nats for the law with `peaks` entries `peak` and the rest equal."""
    rest = (1 - peaks * peak) / (vocab_size - peaks)
    logs = peaks * arb(vocab_size * peak).log() + (vocab_size - peaks) * arb(vocab_size * rest).log()
    return -logs / vocab_size


def pairs_validity_bound(length: int, steps: int, vocab_size: int) -> fmpq:
    """An upper bound on 1 - SER of L/2 equal pairs, for every size vector with at most N steps:

        E[V^{-#pairs in one step}] <= prod_{r = L, L-2, .., 2} (1 - (1 - 1/V) (ceil(r/N) - 1) / (r - 1)).

    With r positions left, the partner of a position in the largest step is one of r-1, of which at least
    ceil(r/N) - 1 share that step.  Source: derived for this project.
    """
    rest = range(length, 0, -2)
    numerator = prod(vocab_size * (r - 1) - (vocab_size - 1) * (-(-r // steps) - 1) for r in rest)
    return fmpq(numerator, prod(vocab_size * (r - 1) for r in rest))
