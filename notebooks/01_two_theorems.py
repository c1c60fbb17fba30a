# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Two theorems about masked diffusion
#
# A masked diffusion model writes text by revealing several tokens in parallel. Feng et al. (2025,
# *Theoretical Benefit and Limitation of Diffusion Language Model*, arXiv 2502.09622) prove two things about the
# number of steps $N$ that this takes:
#
# 1. measured by **perplexity** (token error rate, TER), a number of steps that does not grow with the length $L$
#    is enough;
# 2. measured by **sequence errors** (SER, the probability that the whole sequence is impossible), there are
#    languages for which the number of steps must grow linearly with $L$.
#
# Here both are derived, and every step of the derivation is checked by exact computation.

# %%
from fractions import Fraction

import matplotlib.pyplot as plt
import sympy as sp

from oracles import MarkovChain, default_corpus, fit_ngram, zoo
from proofs_check.claims import select
from proofs_check.engine import verify
from theory import IID, expected_kl, information_profile, kl_divergence, sampler_law, sequence_error_rate
from theory.estimators import estimate_sequence_error_rate
from theory.information import iid_expected_kl
from theory.laws.closed_forms import pairs_error_rate, same_step

plt.rcParams |= {"figure.figsize": (8, 3.2), "axes.spines.top": False, "axes.spines.right": False}

# %% [markdown]
# ## The setting
#
# The target is a law $q$ on $V^L$. The schedule is a random ordered partition $(S_1, .., S_N)$ of the positions:
# uniform iid means that every position falls in step $k$ with probability $1/N$. Step $k$ fills in $S_k$, each
# position independently from the *ideal* conditional $q(x_i \mid x_{S_1 \cup .. \cup S_{k-1}})$. So the only error
# is the independence within a step.
#
# Write $h(c) = \sum_i \mathbb{E}\, H(X_i \mid X_S)$, where $S$ contains every other position with probability $c$.
# By the chain rule, in bits,
# $$\mathrm{EKL} = \mathbb{E}_\pi \mathrm{KL}(q \,\|\, p_\pi) = \sum_k w_k\, h(c_{k-1}) - H(X),
#   \qquad c_k = w_1 + .. + w_k ,$$
# and $\int_0^1 h = H(X)$: the error of a schedule is the error of a left Riemann sum.
#
# The profile $f(m)$ is the mean of $H(X_i \mid X_S)$ over $i$ and over sets of size $m$, and $h$ is its Bernstein
# polynomial, $h(c) = L \sum_m \binom{L-1}{m} c^m (1-c)^{L-1-m} f(m)$. A chain with a free parameter shows it in
# closed form. Take three tokens, each kept from the one before with probability $1 - a$, and write $H_2$ for the
# binary entropy. By hand, $f = (1,\ \tfrac{2 H_2(a) + H_2(2a(1-a))}{3},\ \tfrac{4 H_2(a) - H_2(2a(1-a))}{3})$. The
# toolkit, given the symbol $a$, agrees:

# %%
a, c, w = sp.symbols("a c w", positive=True)
chain = MarkovChain([Fraction(1, 2), Fraction(1, 2)], [[1 - a, a], [a, 1 - a]], length=3)
profile = information_profile(chain)


def same(left, right):
    """Whether two expressions in a with logarithms are identical.

    In the odds r of a, every logarithm splits into logarithms of polynomials with positive coefficients.
    """
    r = sp.Symbol("r", positive=True)
    difference = (left - right).subs(a, r / (1 + r))
    split = difference.replace(sp.log, lambda x: sp.expand_log(sp.log(sp.factor(x)), force=True))
    return sp.simplify(sp.expand(split)) == 0


def binary_entropy(p):
    return -(p * sp.log(p) + (1 - p) * sp.log(1 - p)) / sp.log(2)


once, twice = binary_entropy(a), binary_entropy(2 * a * (1 - a))
for value, by_hand in zip(profile, [1, (2 * once + twice) / 3, (4 * once - twice) / 3], strict=True):
    assert same(value, by_hand)

# %% [markdown]
# Two identities of any law: $\int_0^1 h = \sum_m f(m)$, and that is $H(X)$. And one of any two-step schedule
# $(w, 1-w)$, with both symbols left free: the expected divergence is the left Riemann sum less the integral.

# %%
f = sp.symbols("f0:3")
bernstein = 3 * sum(sp.binomial(2, m) * c**m * (1 - c) ** (2 - m) * f[m] for m in range(3))
assert sp.expand(sp.integrate(sp.expand(bernstein), (c, 0, 1)) - sum(f)) == 0
assert same(sum(profile), chain.entropy().value)

two_steps = expected_kl(chain, IID([w, 1 - w]), method="enumeration").value
riemann_sum = w * profile.h(0) + (1 - w) * profile.h(w)
assert same(two_steps, riemann_sum - chain.entropy().value)

# %% [markdown]
# ## First theorem: perplexity needs a constant number of steps
#
# *Theorem A.* For any $q$, any $L$ and the uniform iid schedule with $N$ steps,
# $$\log \mathrm{TER}(p) \;\le\; \log \mathrm{TER}(q) + \frac{\mathrm{SI}}{N L}
#   \;\le\; \log \mathrm{TER}(q) + \frac{\log |V|}{N}, \qquad \mathrm{SI} = h(0) - h(1).$$
#
# *Proof.* (i) $\log \mathrm{TER}(p) - \log \mathrm{TER}(q) = \mathrm{KL}(q\|p)/L \le \mathrm{EKL}/L$ by
# convexity. (ii) $h$ is nonincreasing, because conditioning reduces entropy; so its integral is at least the
# right Riemann sum, and EKL is at most the left sum minus the right sum. (iii) These differ by a telescope:

# %%
h = sp.Function("h")
steps = 6
left = sum(h(sp.Rational(k, steps)) for k in range(steps)) / steps
right = sum(h(sp.Rational(k, steps)) for k in range(1, steps + 1)) / steps
sp.Eq(sp.Symbol("left - right"), sp.simplify(left - right))

# %% [markdown]
# which is $\mathrm{SI}/N$. (iv) $\mathrm{SI} = \sum_i I(X_i; X_{-i}) \le L \log |V|$. $\qquad\blacksquare$
#
# So $N \ge 1/(4\epsilon)$ steps give the paper's $+\,4 \epsilon \log |V|$, for every law, with no dependence on the
# length. Here is the exact error for real English (character bigrams of Python's own documentation), at three
# lengths, beside the bound:

# %%
corpus = default_corpus()
english = {length: fit_ngram(corpus, 2, length) for length in (64, 256, 1024)}
grid = [1, 2, 4, 8, 16, 32, 64]
figure, axis = plt.subplots()
for size, (length, law) in zip((9, 6, 3), english.items(), strict=True):
    profile = information_profile(law)
    excess = [float(iid_expected_kl(profile, [Fraction(1, n)] * n)) / length for n in grid]
    bound = [float(profile.correlation) / (n * length) for n in grid]
    assert all(error <= limit for error, limit in zip(excess, bound, strict=True))
    axis.loglog(grid, excess, "o-", ms=size, label=f"exact E KL / L, L = {length}")
axis.loglog(grid, bound, "k--", label="bound SI / (N L)")
axis.set(xlabel="steps N", ylabel="bits per token", title="Excess log TER: the length does not matter")
axis.legend(frameon=False)
plt.show()

# %% [markdown]
# ## Between the two: sequence errors are bounded by the divergence
#
# Every possible sequence lies in the support $A$ of $q$, and $p(A) = 1 - \mathrm{SER}$. Coarse-graining to "in $A$
# or not" cannot increase the divergence, so $\mathrm{KL}(q\|p) \ge 1 \cdot \log \frac{1}{p(A)}$, that is
# $$\mathrm{SER}(p) \le 1 - 2^{-\mathrm{KL}(q\|p)} .$$
# Equality holds when $p$ is proportional to $q$ on the support, as for equal pairs. On the chain "no two 1s in a
# row" (golden mean), in exact rationals:

# %%
golden = zoo.golden_mean(length=5)
for n in (1, 2, 3, 5, 8):
    ser = sequence_error_rate(golden, IID.uniform(n))
    kl = kl_divergence(golden, IID.uniform(n))
    print(f"N={n}: SER = {ser.value} = {float(ser):.6f} <= {1 - 2 ** -float(kl):.6f}")

# %% [markdown]
# ## Second theorem: sequence errors need linearly many steps
#
# The witness: $L/2$ independent pairs of equal tokens, uniform over $V = 16$ (a hidden Markov model with 32 states).
# If both tokens of a pair are revealed in the same step, they agree only by luck. The toolkit computes the law of
# one pair with the weight left symbolic:

# %%
pair = zoo.equal_pairs(length=2, vocab_size=2).to("symbolic")
law = sampler_law(pair, IID([w, 1 - w]))
valid = sp.factor(law.probability([0, 0]) + law.probability([1, 1]))
assert sp.expand(valid - (1 - sp.Rational(1, 2) * (w**2 + (1 - w) ** 2))) == 0
sp.Eq(sp.Symbol("P(pair valid)"), valid)

# %% [markdown]
# In general a pair is valid with probability $1 - (1 - 1/V) \sum_k w_k^2$, pairs are independent, and so
# $$\mathrm{SER} = 1 - \Bigl(1 - \tfrac{15}{16} \sum_k w_k^2\Bigr)^{L/2} \;\ge\;
#   1 - \Bigl(1 - \tfrac{15}{16 N}\Bigr)^{L/2},$$
# since $\sum w_k^2 \ge 1/N$ for every schedule of $N$ steps. With $1 - x < e^{-x}$ the right side exceeds $1/2$ as
# soon as $\frac{15}{16 N} \cdot \frac{L}{2} \ge \ln 2$:

# %%
N, L = sp.symbols("N L", positive=True)
[largest] = sp.solve(sp.Eq(sp.Rational(15, 16) / N * L / 2, sp.log(2)), N)
print(f"SER > 1/2 for every iid schedule with N <= {largest} = {float(largest / L):.5f} L")

for n in (676, 677):
    ser = pairs_error_rate(same_step([Fraction(1, n)] * n), 1000, 16)
    print(f"L = 1000, N = {n}: SER {'>' if ser > Fraction(1, 2) else '<='} 1/2 exactly ({float(ser):.6f})")

# %% [markdown]
# The same HMM, sampled: the Monte Carlo intervals (99.9%) around draws of the real sampler contain the closed form.

# %%
length = 32
witness = zoo.pair_hmm(length=length).to("float64")
for n in (4, 16, 32, 64):
    exact = pairs_error_rate(same_step([Fraction(1, n)] * n), length, 16)
    estimate = estimate_sequence_error_rate(witness, IID.uniform(n), 1000, confidence=0.999, seed=n)
    assert estimate.contains(exact)
    print(f"N={n:3d}: exact {float(exact):.4f}, sampled {estimate}")

# %% [markdown]
# ## The two measures side by side
#
# Left: the excess perplexity of the pairs falls like $1/N$ whatever the length. Right: the sequence error rate does
# not fall until the steps outnumber the tokens.

# %%
figure, (left_axis, right_axis) = plt.subplots(1, 2, figsize=(10, 3.4))
grid = [2**j for j in range(11)]
for size, length in zip((8, 5, 3), (16, 64, 256), strict=True):
    rates = [pairs_error_rate(same_step([Fraction(1, n)] * n), length, 16) for n in grid]
    divergence = [-float(sp.log(1 - sp.Rational(int(r.p), int(r.q)), 2).evalf()) for r in rates]
    left_axis.loglog(grid, [value / length for value in divergence], "o-", ms=size, label=f"L = {length}")
    right_axis.semilogx(grid, [float(rate) for rate in rates], "o-", ms=size, label=f"L = {length}")
left_axis.set(xlabel="steps N", ylabel="KL(q||p) / L, bits per token", title="perplexity: one curve")
right_axis.axhline(0.5, color="grey", lw=0.8)
right_axis.set(xlabel="steps N", ylabel="SER", title="sequence errors: a curve per length")
right_axis.legend(frameon=False)
plt.tight_layout()
plt.show()

# %% [markdown]
# ## The claims, as the toolkit records them
#
# Each claim carries an instance at which it is tight and mutants that must be refuted. `maskproof check` runs all of
# them; here are three.

# %%
for claim in select(["feng2025.error_rate"]):
    report = verify(claim, examples=10)
    print(f"{report.id}: {report.verdict} ({report.method})")
    print(f"  tightest: {report.tightest}")
    for mutant in report.mutants:
        print(f"  mutant {mutant}")
