"""Extreme chains: what a schedule loses at least and at most, at equal SI, among Markov chains; see `extreme_laws`.

Notation as in `identities`; f is the profile, g_t = f(t-1) - f(t) its drops, SI = L (g_1 + .. + g_{L-1}).

Given tokens at S, all that the tokens at A share is what the first and the last of them share, which is 0 if S comes
between and >= 0 in any case; so information lies on runs of neighbours (Kawabata & Yeung 1992, IEEE Trans. Inf.
Theory 38: the I-measure of a Markov chain is nowhere negative):
    H(X_A | X_S) = sum of w(i, j) over the runs i..j that meet A, miss S;  w(i, j) = I(X_i; X_j | X_{i-1}, X_{j+1}).
  1. The first step that meets a run and reveals k of its tokens pays for them k times: KL(q||p_pi) = sum w (k - 1).
  2. With B_b the sum of w over runs of b tokens: f(m) = sum_b (b B_b/L) C(L-1-m, b-1)/C(L-1, b-1), a mixture of the
     profiles of blocks of b equal tokens.  So differences of f of any order have the sign of their order.
  3. Constant sizes s: with drops g that fall and are convex (2.), and y_t = s-1 - (t mod s) of mean
     (s-1) L/(2(L-1)), E KL = sum y_t g_{t+1} >= (s-1) SI/(2(L-1)), as for pairs: the sums of sums of y - mean are
     least at t = k s, where they are (s-1) k s/4 ((s+1)/3 - (k s+1)/(L-1)) >= 0.
  4. A first step half as long as the others, w = (1, 2, .., 2)/(2N-1): every later h(c_{k-1}) is at the middle of an
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
from proofs_check.laws import ANY_CHAIN, CHAINS, HIDDEN_CHAINS, WEIGHTS, uniform
from proofs_check.papers.extreme_laws import FEW_FIRST, MORE, QUARTER_FIRST, of_weights, within
from proofs_check.spaces import chains, choice, weights
from theory import Partition, bounds, sampler_law
from theory.exact import extreme_profiles as extremes
from theory.exact import information as exact
from theory.exact import profile as profiles
from theory.exact import runs
from theory.exact.profile import Entropies, is_markov
from theory.unmasking.partitions import equal_sizes

EXTREMES = Source("Extreme chains", "derived for this project")
I_MEASURE = Source("Kawabata & Yeung 1992", "IEEE Trans. Inf. Theory 38", "I-measure of a chain")

HALF = fmpq(1, 2)
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

A_CHAIN = {"a Markov chain": is_markov}


def hidden(laws=HIDDEN_CHAINS, **axes):
    """The same of laws with a hidden state."""
    return Mutant("with a hidden state", without="a Markov chain", instances=grid(q=laws, **axes))


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


# ------------------------------------------------------------------ information lies on runs

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
    rests_on=["extreme_chains.only_the_ends_matter"],
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
    source=EXTREMES.at("step 1"),
    instances=grid(q=FIVE_TOKENS, blocks=PARTITIONS),
    mutants=[hidden(FIVE_HIDDEN, blocks=PARTITIONS), MORE],
    rests_on=["extreme_chains.information_lies_on_runs", "identities.partition_by_positions"],
)
def cost_of_a_partition(q, blocks, *, constant=1):
    """KL(q||p_pi) = sum of w(i, j) (k - 1), k tokens of the run in the first step that meets it: Markov chains."""
    cost = runs.partition_cost(runs.run_information(Entropies(q)), blocks)
    return Relation(exact.divergence(sampler_law(q, Partition(blocks))), "==", constant * cost)


@of_chains(
    source=EXTREMES.at("step 2"),
    **EVERY_CHAIN,
    mutants=[hidden(), Mutant("shared by one more", more=1)],
    rests_on=["extreme_chains.information_lies_on_runs"],
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


# ------------------------------------------------------------------ blocks are extreme


@of_chains(
    source=EXTREMES.at("blocks"),
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
    rests_on=["extreme_chains.profile_of_blocks", "identities.iid_schedules"],
)
def weights_between_blocks(q, weights, *, blocks=extremes.blocks):
    """iid(w): E KL/SI of Markov chains is between the least and the largest of blocks of b equal tokens, b = 2..L."""
    return within(q, of_weights(weights), blocks)


@of_chains(
    source=EXTREMES.at("blocks"),
    hypotheses=A_CHAIN | {"sizes of L": lambda q, sizes: sum(sizes) == q.length},
    instances=grid(q=CHAINS, sizes=SIZES),
    search={"q": ANY_CHAIN, "sizes": st.integers(1, 3).flatmap(testing.compositions)},
    attack={"q": chains(3, 4, homogeneous=False), "sizes": choice([4], [1, 3], [2, 2], [1, 2, 1])},
    tight=Tight(at(q=zoo.all_equal(4), sizes=[2, 2])),
    mutants=[
        hidden(sizes=SIZES),
        Mutant("pairs alone", blocks=lambda length: extremes.blocks(length)[:1]),
    ],
    rests_on=["extreme_chains.profile_of_blocks", "identities.sizes_schedules"],
)
def sizes_between_blocks(q, sizes, *, blocks=extremes.blocks):
    """sizes: E KL/SI of Markov chains is between the least and the largest of blocks of b equal tokens, b = 2..L."""
    return within(q, of_sizes(sizes), blocks)


@claim(
    source=EXTREMES.at("step 3"),
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
    source=EXTREMES.at("step 3"),
    hypotheses=A_CHAIN | {"s divides L": lambda q, size: q.length % size == 0},
    instances=grid(q=CHAINS | {"three equal pairs": zoo.equal_pairs(6)}, size=[1, 2, 3, 4]),
    search={"q": ANY_CHAIN, "size": st.integers(1, 4)},
    attack={"q": chains(3, 4, homogeneous=False), "size": choice(2, 4)},
    tight=Tight(at(q=zoo.equal_pairs(6), size=3)),
    mutants=[hidden(size=[2, 4]), MORE],
    notes=[
        "theorems.constant_sizes has L in place of L-1; equality here for independent equal pairs, and for s = 1."
    ],
    rests_on=["extreme_chains.sizes_between_blocks", "extreme_chains.pairs_lose_least"],
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
    source=EXTREMES.at("step 4"),
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
    source=EXTREMES.at("step 4"),
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
