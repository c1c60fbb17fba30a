"""Extreme laws: what a schedule loses at least and at most, at equal SI, among all laws and among Markov chains.

Notation as in `identities`; f is the profile, g_t = f(t-1) - f(t) its drops, SI = L (g_1 + .. + g_{L-1}).

Among all laws, MDS codes.  f falls, so it is a mixture of the steps 1[m < t], which are the profiles of codes [L, t];
E KL and SI are linear in f.  For N uniform iid steps the extremes are t = 1, equal tokens, and t = L-1, parity:
  1. The code [L, t] loses E[ceil(N U_t)/N - U_t] of its SI, U_t the t-th smallest of L-1 uniform numbers (their
     chance to be above c is that of fewer than t tokens being revealed).
  2. Given D = U_t - U_1, U_1 has a density on [0, 1-D] that falls.  Of the steps of length 1/N, floor(N D) + 1 or
     floor(N D) ends lie in (U_1, U_t], the former where U_1 is late in its step; a falling density is early more
     often than not, and the last step, cut off at 1-D, has no late part.  So E[ceil(N U_t) - ceil(N U_1)] <=
     N E[U_t - U_1]: nothing loses more than t = 1.
  3. U_{L-t} is 1 - U_t in law: what t and L-t lose adds up to 1/N, so nothing loses less than t = L-1.

Among Markov chains, blocks of equal tokens.  Given tokens at S, all that the tokens at A share is what its ends
share, which is 0 if S comes between and >= 0 in any case; so information lies on runs of neighbours
(Kawabata & Yeung 1992, IEEE Trans. Inf. Theory 38: the I-measure of a Markov chain is nowhere negative):
    H(X_A | X_S) = sum of w(i, j) over the runs i..j that meet A, miss S;  w(i, j) = I(X_i; X_j | X_{i-1}, X_{j+1}).
  4. The first step that meets a run and reveals k of its tokens pays for them k times: KL(q||p_pi) = sum w (k - 1).
  5. With B_b the sum of w over runs of b tokens: f(m) = sum_b (b B_b/L) C(L-1-m, b-1)/C(L-1, b-1), a mixture of the
     profiles of blocks of b equal tokens.  So differences of f of any order have the sign of their order.
  6. Constant sizes s: with drops g that fall and are convex (5.), and y_t = s-1 - (t mod s) of mean
     (s-1) L/(2(L-1)), E KL = sum y_t g_{t+1} >= (s-1) SI/(2(L-1)), as for pairs: the sums of sums of y - mean are
     least at t = k s, where they are (s-1) k s/4 ((s+1)/3 - (k s+1)/(L-1)) >= 0.
  7. A first step half as long as the others, w = (1, 2, .., 2)/(2N-1): every later h(c_{k-1}) is at the middle of an
     interval as long as its weight, and no more than the mean of h there, since h is convex.  What is left is
     (h(0) - the mean of h at the end)/(2N-1) <= SI/(2N-1).  No weights promise less than SI/(2N): pairs lose
     (w_1^2 + .. + w_N^2) SI/2.  The uniform ones promise SI/N for long sequences, twice as much.
"""

from functools import partial
from itertools import product
from typing import Any

from flint import fmpq
from hypothesis import strategies as st

from oracles import Product, testing, zoo
from proofs_check import Mutant, Relation, Source, Tight, at, claim, grid
from proofs_check.laws import ANY_CHAIN, ANY_LAW, CHAINS, HIDDEN_CHAINS, LAWS, WEIGHTS, uniform
from proofs_check.spaces import chains, choice, tables, weights
from theory import Partition, bounds, sampler_law
from theory.exact import extreme_profiles as extremes
from theory.exact import information as exact
from theory.exact import profile as profiles
from theory.exact import runs
from theory.exact.profile import Entropies, is_markov
from theory.unmasking.partitions import equal_sizes

EXTREMES = Source("Extreme laws", "derived for this project")
I_MEASURE = Source("Kawabata & Yeung 1992", "IEEE Trans. Inf. Theory 38", "I-measure of a chain")

HALF = fmpq(1, 2)
FEW_FIRST = [fmpq(1, 16), fmpq(15, 16)]
QUARTER_FIRST = [fmpq(1, 4), fmpq(3, 4)]
SIZES = [[4], [1, 3], [3, 1], [2, 2], [1, 2, 1]]
PARTITIONS = {
    "one step": [[0, 1, 2, 3, 4]],
    "odd first": [[1, 3], [0, 2, 4]],
    "ends first": [[0, 4], [1, 2, 3]],
    "neighbours": [[1, 2], [3, 4], [0]],
}
TWO_BLOCKS = {"two blocks of three": Product([zoo.all_equal(3)] * 2)}
FIVE_TOKENS = {
    "golden mean": zoo.golden_mean(5),
    "noisy 3-cycle": zoo.noisy_cycle(5, 3),
    "ABAB or BABA": zoo.ababbaba(5),
}
FIVE_HIDDEN = {"parity": zoo.parity(5), "non-unifilar HMM": zoo.non_unifilar_hmm(5)}

MORE = Mutant("5% more", constant=fmpq(21, 20))
A_CHAIN = {"a Markov chain": is_markov}


def hidden(laws=HIDDEN_CHAINS, **axes):
    """The same of laws with a hidden state."""
    return Mutant("with a hidden state", without="a Markov chain", instances=grid(q=laws, **axes))


def of_weights(schedule):
    """E KL of iid weights, of a profile."""
    return partial(profiles.iid_expected_divergence, weights=schedule)


def of_sizes(schedule):
    """E KL of sizes, of a profile."""
    return partial(profiles.sizes_expected_divergence, sizes=schedule)


def ends_of_blocks(length):
    """Pairs and equal tokens alone."""
    blocks = extremes.blocks(length)
    return [*blocks[:1], *blocks[-1:]]


def disjoint(length):
    """All sets A and S of positions without one in common, A not empty."""
    for places in product(range(3), repeat=length):
        chosen = [i for i, place in enumerate(places) if place == 1]
        if chosen:
            yield chosen, [i for i, place in enumerate(places) if place == 2]


def within(q, divergence, extreme, constant=1):
    """E KL of a law lies between the least and the largest share of SI that these profiles lose."""
    least, most = extremes.range_lost(divergence, extreme(q.length))
    correlation, found = exact.correlation(q), divergence(profiles.profile(q))
    return (
        Relation(constant * found, "<=", most * correlation),
        Relation(constant * least * correlation, "<=", found),
    )


# ------------------------------------------------------------------ among all laws


@claim(
    source=EXTREMES.at("all laws"),
    log_base="2 (bits)",
    instances=grid(q=LAWS, weights=WEIGHTS | {"1/16, 15/16": FEW_FIRST}),
    search={"q": ANY_LAW, "weights": st.integers(1, 4).flatmap(testing.weights)},
    attack={"q": tables(2, 4), "weights": weights(3)},
    tight=Tight(at(q=zoo.tetracode(), weights=QUARTER_FIRST)),
    mutants=[
        MORE,
        Mutant(
            "equal tokens lose most",
            codes=lambda length: [extremes.code_profile(length, 1)],
            instances=[at(q=zoo.tetracode(), weights=QUARTER_FIRST)],
        ),
    ],
    notes=["For sizes the same is li_cai2025.sizes_upper_bound, and nothing from below."],
    rests_on=["identities.iid_schedules", "identities.profile_falls", "identities.correlation"],
)
def weights_between_codes(q, weights, *, constant=1, codes=extremes.codes):
    """iid(w): E KL/SI of every law is between the least and the largest of MDS codes [L, t], t = 1, .., L-1."""
    return within(q, of_weights(weights), codes, constant)


@claim(
    source=EXTREMES.at("all laws, step 2"),
    instances=grid(length=[2, 3, 4, 7, 16, 40], steps=[1, 2, 3, 5, 16, 50]),
    tight=Tight(at(length=2, steps=3)),
    mutants=[
        Mutant("any steps", schedule=lambda steps: FEW_FIRST),
        Mutant("parity loses most", worst=lambda length: length - 1),
    ],
    notes=["Proved in the file's docstring for all L and N."],
)
def equal_tokens_lose_most(length, steps, *, schedule=uniform, worst=lambda length: 1):
    """N uniform iid steps: no code [L, t] loses more of its SI than equal tokens do, t = 1."""
    divergence = of_weights(schedule(steps))
    most = divergence(extremes.code_profile(length, worst(length)))
    return [Relation(divergence(code), "<=", most) for code in extremes.codes(length)]


@claim(
    source=EXTREMES.at("all laws, step 3"),
    instances=grid(length=range(2, 8), steps=[1, 2, 3, 8]),
    mutants=[Mutant("t twice", other=lambda length, known: known), MORE],
    notes=["Of 1[c < u] and 1[c < 1-u] the left sums add up to 1 + 1/N for almost every u."],
)
def what_two_codes_lose(length, steps, *, constant=1, other=lambda length, known: length - known):
    """N uniform iid steps: the shares of SI that the codes [L, t] and [L, L-t] lose add up to 1/N."""
    lost = partial(extremes.share_lost, of_weights(uniform(steps)))
    return [
        Relation(
            lost(extremes.code_profile(length, known))
            + lost(extremes.code_profile(length, other(length, known))),
            "==",
            constant * fmpq(1, steps),
        )
        for known in range(1, length)
    ]


@claim(
    source=EXTREMES.at("all laws"),
    log_base="2 (bits)",
    instances=grid(q=LAWS, steps=[1, 2, 3, 8]),
    search={"q": ANY_LAW, "steps": st.integers(1, 6)},
    attack={"q": tables(2, 4), "steps": choice(1, 2, 3)},
    tight=Tight(at(q=zoo.all_equal(6, 3), steps=4)),
    mutants=[
        MORE,
        Mutant("TC in place of SI", correlation=exact.total_correlation),
        Mutant("what parity loses", end=0),
    ],
    notes=[
        "Below SI/N by about SI/L: Theorem A with a constant that cannot be smaller, whatever N and L are."
    ],
    rests_on=["extreme_laws.weights_between_codes", "extreme_laws.equal_tokens_lose_most"],
)
def uniform_steps_at_most(q, steps, *, constant=1, correlation=exact.correlation, end=1):
    """N uniform iid steps: E KL <= SI (N^{-L} sum_{k=1..N} k^{L-1} - 1/L), for every law; equality: equal tokens."""
    divergence = profiles.iid_expected_divergence(profiles.profile(q), uniform(steps))
    most = bounds.uniform_divergence_range(correlation(q), steps, q.length)[end]
    return Relation(constant * divergence, "<=", most)


@claim(
    source=EXTREMES.at("all laws"),
    log_base="2 (bits)",
    instances=grid(q=LAWS, steps=[1, 2, 3, 8]),
    search={"q": ANY_LAW, "steps": st.integers(1, 6)},
    attack={"q": tables(2, 4), "steps": choice(1, 2, 3)},
    tight=Tight(at(q=zoo.parity(5, 3), steps=4)),
    mutants=[MORE, Mutant("what equal tokens lose", end=1)],
    notes=["In one step: TC >= SI/L, so that DTC <= (L-1) TC.  For chains SI/(2N), theorems.uniform_steps."],
    rests_on=[
        "extreme_laws.weights_between_codes",
        "extreme_laws.equal_tokens_lose_most",
        "extreme_laws.what_two_codes_lose",
    ],
)
def uniform_steps_at_least(q, steps, *, constant=1, end=0):
    """N uniform iid steps: E KL >= SI (1/N + 1/L - N^{-L} sum_{k=1..N} k^{L-1}), for every law; equality: parity."""
    divergence = profiles.iid_expected_divergence(profiles.profile(q), uniform(steps))
    least = bounds.uniform_divergence_range(exact.correlation(q), steps, q.length)[end]
    return Relation(constant * least, "<=", divergence)


# ------------------------------------------------------------------ among Markov chains: information lies on runs

of_chains = partial(claim, log_base="2 (bits)", hypotheses=A_CHAIN)
EVERY_CHAIN: dict[str, Any] = {
    "instances": grid(q=CHAINS),
    "search": {"q": ANY_CHAIN},
    "attack": {"q": chains(3, 4, homogeneous=False)},
}


@claim(
    source=I_MEASURE,
    log_base="2 (bits)",
    hypotheses=A_CHAIN | {"L >= 2": lambda q: q.length > 1},
    **EVERY_CHAIN,
    mutants=[hidden(), Mutant("the first two", ends=lambda chosen: (chosen[0], chosen[1]))],
)
def only_the_ends_matter(q, *, ends=lambda chosen: (chosen[0], chosen[-1])):
    """Given X_S, the tokens at A share I(X_i; X_j | X_S), i and j the first and the last of A: Markov chains."""
    entropies = Entropies(q)
    return [
        Relation(runs.co_information(entropies, chosen, given), "==", entropies.mutual(i, j, given))
        for chosen, given in disjoint(q.length)
        if len(chosen) > 1
        for i, j in [ends(chosen)]
    ]


@of_chains(
    source=I_MEASURE,
    **EVERY_CHAIN,
    mutants=[hidden(), Mutant("without the longest", longest=-1)],
    rests_on=["extreme_laws.only_the_ends_matter"],
)
def information_lies_on_runs(q, *, longest=0):
    """H(X_A | X_S) = sum of w(i, j) over the runs that meet A and miss S, all w >= 0: Markov chains."""
    entropies = Entropies(q)
    shared = {
        (i, j): w for (i, j), w in runs.run_information(entropies).items() if j - i < q.length + longest
    }
    sums = [
        Relation(entropies.conditional(chosen, given), "==", runs.met(shared, chosen, given))
        for chosen, given in disjoint(q.length)
    ]
    return [*sums, *(Relation(w, ">=", 0) for w in shared.values())]


@of_chains(
    source=EXTREMES.at("chains, step 4"),
    instances=grid(q=FIVE_TOKENS, blocks=PARTITIONS),
    mutants=[hidden(FIVE_HIDDEN, blocks=PARTITIONS), MORE],
    rests_on=["extreme_laws.information_lies_on_runs", "identities.partition_by_positions"],
)
def cost_of_a_partition(q, blocks, *, constant=1):
    """KL(q||p_pi) = sum of w(i, j) (k - 1), k tokens of the run in the first step that meets it: Markov chains."""
    cost = runs.partition_cost(runs.run_information(Entropies(q)), blocks)
    return Relation(exact.divergence(sampler_law(q, Partition(blocks))), "==", constant * cost)


@of_chains(
    source=EXTREMES.at("chains, step 5"),
    **EVERY_CHAIN,
    mutants=[hidden(), Mutant("shared by one more", more=1)],
    rests_on=["extreme_laws.information_lies_on_runs"],
)
def profile_of_blocks(q, *, more=0):
    """f = sum_b (b B_b/L) (the profile of blocks of b), B_b >= 0 the sum of w over the runs of b: Markov chains."""
    totals = runs.by_length(runs.run_information(Entropies(q)))
    blocks = [extremes.block_profile(q.length, size) for size in range(1, q.length + 1)]
    shares = [(size + more) * total / q.length for size, total in enumerate(totals, 1)]
    return [
        Relation(value, "==", sum(share * f[m] for share, f in zip(shares, blocks, strict=True)))
        for m, value in enumerate(profiles.profile(q))
    ]


# ------------------------------------------------------------------ among Markov chains: blocks are extreme


@of_chains(
    source=EXTREMES.at("chains"),
    instances=grid(q=CHAINS, weights=WEIGHTS | {"1/16, 15/16": FEW_FIRST}),
    search={"q": ANY_CHAIN, "weights": st.integers(1, 4).flatmap(testing.weights)},
    attack={"q": chains(3, 4, homogeneous=False), "weights": weights(3)},
    tight=Tight(at(q=TWO_BLOCKS, weights=QUARTER_FIRST)),
    mutants=[
        hidden(weights=[[HALF, HALF], FEW_FIRST]),
        Mutant(
            "equal tokens lose most",
            blocks=ends_of_blocks,
            instances=[at(q=TWO_BLOCKS, weights=QUARTER_FIRST)],
        ),
    ],
    rests_on=["extreme_laws.profile_of_blocks", "identities.iid_schedules"],
)
def weights_between_blocks(q, weights, *, blocks=extremes.blocks):
    """iid(w): E KL/SI of Markov chains is between the least and the largest of blocks of b equal tokens, b = 2..L."""
    return within(q, of_weights(weights), blocks)


@of_chains(
    source=EXTREMES.at("chains"),
    hypotheses=A_CHAIN | {"sizes of L": lambda q, sizes: sum(sizes) == q.length},
    instances=grid(q=CHAINS, sizes=SIZES),
    search={"q": ANY_CHAIN, "sizes": st.integers(1, 3).flatmap(testing.compositions)},
    attack={"q": chains(3, 4, homogeneous=False), "sizes": choice([4], [1, 3], [2, 2], [1, 2, 1])},
    tight=Tight(at(q=zoo.all_equal(4), sizes=[2, 2])),
    mutants=[
        hidden(sizes=SIZES),
        Mutant("pairs alone", blocks=lambda length: extremes.blocks(length)[:1]),
    ],
    rests_on=["extreme_laws.profile_of_blocks", "identities.sizes_schedules"],
)
def sizes_between_blocks(q, sizes, *, blocks=extremes.blocks):
    """sizes: E KL/SI of Markov chains is between the least and the largest of blocks of b equal tokens, b = 2..L."""
    return within(q, of_sizes(sizes), blocks)


@claim(
    source=EXTREMES.at("chains, step 6"),
    hypotheses={"s divides L": lambda length, size: length % size == 0},
    instances=grid(length=[2, 3, 4, 6, 12, 30, 60], size=[1, 2, 3, 4, 6, 30]),
    tight=Tight(at(length=12, size=3)),
    mutants=[
        MORE,
        Mutant("an uneven last step", without="s divides L", instances=[at(length=4, size=3)]),
    ],
    notes=["Proved in the file's docstring for all L and s; equality for b = 2."],
)
def pairs_lose_least(length, size, *, constant=1):
    """Constant sizes s: of all blocks of equal tokens pairs lose the least of their SI, (s-1)/(2(L-1))."""
    divergence = of_sizes([size] * (length // size) + [length % size])
    least = constant * bounds.chain_sizes_share(size, length)
    return [
        Relation(least, "<=", extremes.share_lost(divergence, block)) for block in extremes.blocks(length)
    ]


@of_chains(
    source=EXTREMES.at("chains, step 6"),
    hypotheses=A_CHAIN | {"s divides L": lambda q, size: q.length % size == 0},
    instances=grid(q=CHAINS | {"three equal pairs": zoo.equal_pairs(6)}, size=[1, 2, 3, 4]),
    search={"q": ANY_CHAIN, "size": st.integers(1, 4)},
    attack={"q": chains(3, 4, homogeneous=False), "size": choice(2, 4)},
    tight=Tight(at(q=zoo.equal_pairs(6), size=3)),
    mutants=[hidden(size=[2, 4]), MORE],
    notes=[
        "theorems.constant_sizes has L in place of L-1; equality here for independent equal pairs, and for s = 1."
    ],
    rests_on=["extreme_laws.sizes_between_blocks", "extreme_laws.pairs_lose_least"],
)
def constant_sizes_at_least(q, size, *, constant=1):
    """L/s steps of s tokens: E KL >= (s-1) SI/(2(L-1)), in a Markov chain; equality: independent equal pairs."""
    divergence = profiles.sizes_expected_divergence(
        profiles.profile(q), equal_sizes(q.length, q.length // size)
    )
    return Relation(
        constant * bounds.chain_sizes_share(size, q.length) * exact.correlation(q), "<=", divergence
    )


@of_chains(
    source=EXTREMES.at("chains, step 7"),
    instances=grid(q=CHAINS, steps=[1, 2, 3, 8]),
    search={"q": ANY_CHAIN, "steps": st.integers(1, 6)},
    attack={"q": chains(3, 4, homogeneous=False), "steps": choice(1, 2, 3)},
    tight=Tight(at(q=zoo.sticky_chain(2), steps=8), ratio=fmpq(29, 30)),
    mutants=[
        hidden({"MDS code [6, 3]": zoo.mds_code(6, 3, 5)}, steps=[2]),
        Mutant("equal steps", schedule=uniform, instances=[at(q=zoo.all_equal(6), steps=2)]),
        Mutant("20% less", constant=fmpq(5, 4)),
    ],
    notes=["Pairs reach (4N-3)/(4N-2) of the bound, one step of L equal tokens (L-1)/L."],
    rests_on=["theorems.convex_profile", "theorems.bends_of_h", "identities.iid_schedules"],
)
def half_a_step_first(q, steps, *, constant=1, schedule=bounds.half_step_first):
    """iid(1, 2, .., 2)/(2N-1): E KL <= SI/(2N-1), in a Markov chain."""
    divergence = profiles.iid_expected_divergence(profiles.profile(q), schedule(steps))
    return Relation(constant * divergence, "<=", exact.correlation(q) / (2 * steps - 1))


@claim(
    source=EXTREMES.at("chains, step 7"),
    instances=grid(length=[4, 10], weights=WEIGHTS | {"1/16, 15/16": FEW_FIRST}),
    search={"length": st.just(4), "weights": st.integers(1, 5).flatmap(testing.weights)},
    tight=Tight(at(length=4, weights=uniform(5))),
    mutants=[
        MORE,
        Mutant("equal tokens", size=10, instances=[at(length=10, weights=QUARTER_FIRST)]),
    ],
    notes=["sum w^2 >= 1/N; blocks of more tokens can be had for less."],
)
def no_weights_for_all_chains(length, weights, *, constant=1, size=2):
    """Any iid weights: independent equal pairs have E KL = SI sum_k w_k^2/2 >= SI/(2N)."""
    lost = extremes.share_lost(of_weights(weights), extremes.block_profile(length, size))
    return Relation(constant * fmpq(1, 2 * len(weights)), "<=", lost)
