"""Small exact laws and schedules on which more than one paper's claims are checked."""

from flint import fmpq

from oracles import MarkovChain, Oracle, Table, testing, uniform_on, zoo

HALF, SHARPER = fmpq(1, 2), fmpq(19, 20)
"""SHARPER: 5% less, the constant of many mutants."""

LAWS: dict[str, Oracle] = {
    "golden mean": zoo.golden_mean(4),
    "sticky chain": zoo.sticky_chain(4),
    "trigram": zoo.trigram(4),
    "non-unifilar HMM": zoo.non_unifilar_hmm(4),
    "equal pairs": zoo.equal_pairs(4),
    "parity": zoo.parity(4),
    "tetracode": zoo.tetracode(),
    "one sentence": uniform_on(["0010"], 2),
    "five words": uniform_on(["0010", "0101", "1000", "1011", "1110"], 2),
}

CHAINS: dict[str, MarkovChain] = {
    "golden mean": zoo.golden_mean(4),
    "sticky chain": zoo.sticky_chain(4),
    "two tokens, not stationary": zoo.two_token_chain(4),
    "noisy 3-cycle": zoo.noisy_cycle(4, 3),
    "all equal": zoo.all_equal(4),
    "ABAB or BABA": zoo.ababbaba(5),
    "one step of its own": MarkovChain(
        ["1/3", "2/3"], [[["1/2", "1/2"], [1, 0]], [["1/4", "3/4"], ["1/2", "1/2"]]], 3
    ),
}
"""First-order Markov chains, the last of them with a transition of its own at every step."""

HIDDEN_CHAINS: dict[str, Oracle] = {
    "non-unifilar HMM": zoo.non_unifilar_hmm(4),
    "parity": zoo.parity(4),
    "trigram": zoo.trigram(4),
    "deterministic cycle": zoo.deterministic_cycle_hmm(4),
}
"""Laws with a hidden state or a longer memory, which are no first-order chains."""

WEIGHTS = {
    "one step": [1],
    "two halves": [HALF, HALF],
    "3/4, 1/4": [fmpq(3, 4), fmpq(1, 4)],
    "1/6, 1/3, 1/2": [fmpq(1, 6), fmpq(1, 3), HALF],
}

ANY_LAW = testing.oracles(max_vocab=3, max_length=3)
ANY_CHAIN = testing.markov_chains(max_vocab=3, max_length=4)


def table(q: Oracle) -> Table:
    """The same law; a table answers all patterns of a short sequence fastest."""
    return Table.of(q)


def uniform(steps: int) -> list[fmpq]:
    """N equal weights."""
    return [fmpq(1, steps)] * steps
