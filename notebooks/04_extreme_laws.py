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
# # Which laws lose most?
#
# Notebook 01 bounds what $N$ uniform steps lose: $\mathrm{EKL} \le \mathrm{SI}/N$ for every law, with
# $\mathrm{SI} = \sum_i I(X_i; X_{-i})$. Here the constant is made sharp, for every $N$ and $L$ and any weights, by
# finding the laws that lose most and least at equal $\mathrm{SI}$: among all laws these are *codes*, among Markov
# chains *independent blocks of equal tokens*.

# %%
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from flint import fmpq

from oracles import zoo
from proofs_check.claims import select
from proofs_check.engine import verify
from theory import IID, information_profile
from theory.bounds import half_step_first, uniform_divergence_range
from theory.exact.extreme_profiles import block_profile, blocks, codes, range_lost, share_lost
from theory.exact.profile import iid_expected_divergence
from theory.information import iid_expected_kl, run_information

plt.rcParams |= {"figure.figsize": (8, 3.2), "axes.spines.top": False, "axes.spines.right": False}


def uniform(steps):
    """N equal weights."""
    return [fmpq(1, steps)] * steps


def loses(weights):
    """E KL of iid weights, as a function of the profile."""
    return lambda f: iid_expected_divergence(f, weights)


# %% [markdown]
# ## All laws: codes
#
# The profile $f(m)$, the mean of $H(X_i \mid X_S)$ over $|S| = m$, falls with $m$. So it is a mixture of steps
# $\mathbb{1}[m < t]$, and these are profiles of laws: of an MDS code $[L, t]$, of which any $t$ tokens are free and
# decide all others. $t = 1$: all tokens are equal. $t = L - 1$: parity. Both $\mathrm{EKL}$ and
# $\mathrm{SI} = L\,(f(0) - f(L-1))$ are linear in $f$, so **no law loses a larger share of its SI than the worst
# code, nor a smaller one than the best**.
#
# For $N$ uniform steps the worst code is $t = 1$. The code $[L, t]$ loses $\mathbb{E}[\lceil N U_t \rceil / N -
# U_t]$, where $U_t$ is the $t$-th smallest of $L - 1$ uniform numbers. Given $D = U_t - U_1$, the density of $U_1$
# falls on $[0, 1 - D]$; the number of ends of steps in $(U_1, U_t]$ is $\lfloor N D \rfloor$, or one more if $U_1$
# is late in its step, which under a falling density it is less often than not. So it is at most $N D$ on average,
# and $t$ loses no more than $1$ does. By symmetry $t$ and $L - t$ lose $1/N$ together, so $t = L - 1$ loses least:
# $$\Bigl(\tfrac1N - x\Bigr)\, \mathrm{SI} \;\le\; \mathrm{EKL} \;\le\; x\, \mathrm{SI}, \qquad
#   x = N^{-L} \sum_{k=1}^N k^{L-1} - \tfrac1L .$$

# %%
for length in (2, 5, 16, 32):
    for steps in (1, 3, 8, 20):
        assert range_lost(loses(uniform(steps)), codes(length)) == uniform_divergence_range(1, steps, length)
print([str(x) for x in uniform_divergence_range(1, 4, 8)], "of SI at L = 8, N = 4, against 1/4")

# %% [markdown]
# Equal tokens attain the upper end and parity the lower one, at every $N$; other laws are in between:

# %%
counts = [1, 2, 3, 4, 6, 8, 12, 16]
laws = {
    "equal tokens": (zoo.all_equal(8), "C3^-"),
    "parity": (zoo.parity(8), "C0v-"),
    "golden mean": (zoo.golden_mean(8), "C1o"),
    "equal pairs": (zoo.equal_pairs(8), "C2s"),
    "non-unifilar HMM": (zoo.non_unifilar_hmm(8), "C4D"),
}
low, high = np.array([[float(x) for x in uniform_divergence_range(1, n, 8)] for n in counts]).T
fig, ax = plt.subplots()
ax.fill_between(counts, low * counts, high * counts, color="0.9", label="all laws")
for name, (law, mark) in laws.items():
    profile = information_profile(law.to("float64"))
    shares = [float(iid_expected_kl(profile, IID.uniform(n).weights) / profile.correlation) for n in counts]
    ax.plot(counts, np.array(shares) * counts, mark, markersize=5, label=name)
ax.set(
    xscale="log", xticks=counts, xticklabels=counts, xlabel="steps $N$", ylabel="$N$ EKL / SI", ylim=(0, 1)
)
ax.legend(fontsize=8, frameon=False, ncols=2)
plt.show()

# %% [markdown]
# ## Markov chains: blocks of equal tokens
#
# Given any revealed tokens, what the tokens at $A$ share in a Markov chain is what the first and the last of them
# share: nothing if a token between them is revealed, and never less than nothing. So all information lies on *runs*
# of neighbours (Kawabata & Yeung 1992): the run $i..j$ has
# $$w(i, j) = I(X_i; X_j \mid X_{i-1}, X_{j+1}) \ge 0$$
# bits that its tokens share and no other token has, and $H(X_A \mid X_S)$ is the sum over the runs that meet $A$ and
# miss $S$. Whatever else the law does, a sampler sees a chain as such runs: the first step that meets a run and
# reveals $k$ of its tokens draws the same information $k$ times, and loses $(k - 1)\, w(i, j)$.
#
# Let $B_b$ be the sum of $w$ over the runs of $b$ tokens. Then $\sum_b B_b = H(X)$, $\sum_b (b-1) B_b = \mathrm{TC}$,
# $\sum_{b>1} B_b = \mathrm{DTC}$, and the profile is a mixture of those of blocks of $b$ equal tokens:

# %%
chains = {
    "golden mean": zoo.golden_mean(32),
    "noisy 5-cycle": zoo.noisy_cycle(32, 5),
    "sticky": zoo.sticky_chain(32),
}
fig, axes = plt.subplots(1, 3, figsize=(10, 2.6), sharex=True, layout="constrained")
for ax, (name, law) in zip(axes, chains.items(), strict=True):
    shared = np.array(run_information(law.to("float64")))
    size = np.arange(1, law.length + 1)
    profile = information_profile(law.to("float64"))
    mixed = sum(
        b * bits / law.length * np.array([float(x) for x in block_profile(law.length, int(b))])
        for b, bits in zip(size, shared, strict=True)
    )
    np.testing.assert_allclose(mixed, np.asarray(profile), atol=1e-12)
    ax.bar(size[1:], (size * shared)[1:] / float(profile.correlation), color="C0")
    ax.set(title=name, xlabel="tokens of a run, $b$")
axes[0].set_ylabel("share of SI, $b B_b$/SI")
plt.show()

# %% [markdown]
# The golden mean forbids one pair of neighbours, and shares little beyond them; the noisy cycle and the sticky chain,
# which change course now and then, share most in longer runs. So **any bound on EKL that is
# linear in the profile holds for all Markov chains if it holds for blocks**. What blocks lose of their SI in $N = 8$
# steps, by three schedules:

# %%
length, steps = 32, 8
ends = [fmpq(round(1000 * (1 - np.cos(np.pi * k / (2 * steps)))), 1000) for k in range(steps + 1)]
schedules = {
    "uniform": uniform(steps),
    "cosine": [end - start for start, end in pairwise(ends)],
    "half a step first": half_step_first(steps),
}
fig, ax = plt.subplots()
for name, weights in schedules.items():
    shares = [float(share_lost(loses(weights), f)) for f in blocks(length)]
    ax.plot(range(2, length + 1), shares, ".-", label=f"{name}: at most {max(shares):.4f}")
ax.axhline(1 / (2 * steps), color="0.6", linewidth=1)
ax.set(xlabel="tokens of a block, $b$", ylabel="EKL / SI", ylim=(0, None))
ax.legend(fontsize=8, frameon=False)
plt.show()

# %% [markdown]
# Pairs ($b = 2$) lose $\tfrac12 \sum_k w_k^2 \ge 1/(2N)$, the grey line: no weights promise all chains less than
# $\mathrm{SI}/(2N)$. Uniform ones lose up to twice as much, because long runs pay for a whole first step. With **a
# first step half as long as the others**, $w = (1, 2, .., 2)/(2N-1)$, every later $h(c_{k-1})$ is at the middle of an
# interval as long as its weight, where a convex $h$ is below its mean. Only the first half step is left to pay:
# $$\mathrm{EKL} \le \frac{\mathrm{SI}}{2N-1} \quad \text{for every Markov chain.}$$
# With steps of constant size $s$ the least is again that of pairs, $\mathrm{EKL} \ge (s-1)\,\mathrm{SI}/(2(L-1))$.
#
# A hidden state breaks all of this. Parity tells nothing until all tokens but one are known; turned into a mixture
# of blocks its profile has a negative weight:

# %%
parity = np.array([float(x) for x in information_profile(zoo.parity(4))])
matrix = np.array([[float(x) for x in block_profile(4, b)] for b in (1, 2, 3, 4)]).T
print("profile", parity, "= blocks of 1, 2, 3, 4 times", np.linalg.solve(matrix, parity).round(12))

# %% [markdown]
# Every step of this is a claim, checked in exact numbers, with mutants that must be refuted:

# %%
reports = [verify(claim, examples=5) for claim in select(["extreme_laws", "extreme_chains"])]
assert not any(report.failures for report in reports)
print(
    "\n".join(f"{report.id}: {report.verdict}, {len(report.mutants)} mutants refuted" for report in reports)
)
