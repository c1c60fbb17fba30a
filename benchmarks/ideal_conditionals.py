"""Ideal conditionals, half the tokens masked: maskproof, plain NumPy, dynamax and hmmlearn in one process.

    python benchmarks/ideal_conditionals.py [--threads 2] [--repeats 15] [--workloads W1,W4]

Prints a table in Markdown: fastest .. median milliseconds.  The contenders take turns, so that what else the
machine does falls on all of them alike; ratios are of the fastest runs, which other processes disturbed least.
"buffer" is maskproof with `out=`: the others return fresh memory, as maskproof does by default.
dynamax and hmmlearn come with the extra `peers`; without them their columns are empty.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Law = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Workload:
    """A law and a batch: hidden states H, tokens V, length L, patterns B."""

    name: str
    kind: str
    states: int
    vocab: int
    length: int
    batch: int

    def law(self) -> Law:
        """Random parameters, rows from the flat Dirichlet law, as a dense HMM on H states."""
        rng = np.random.default_rng(0)
        size, vocab = self.states, self.vocab
        if self.kind == "hmm":
            return {
                "initial": rng.dirichlet(np.ones(size)),
                "transition": rng.dirichlet(np.ones(size), size),
                "emission": rng.dirichlet(np.ones(vocab), size),
            }
        weights = rng.dirichlet(np.ones(vocab), size)
        following = (np.arange(size)[:, None] * vocab + np.arange(vocab)) % size
        transition = np.zeros((size, size))
        np.put_along_axis(transition, following, weights, axis=1)
        emission = (np.arange(size)[:, None] % vocab == np.arange(vocab)).astype(float)
        # A state ends in the newest token; before the first token there are zeros.
        initial = np.zeros(size)
        initial[:vocab] = rng.dirichlet(np.ones(vocab))
        return {"initial": initial, "transition": transition, "emission": emission, "weights": weights}

    def floor(self, rates: dict[str, float], itemsize: int) -> float:
        """Seconds that the machine needs at least: the arithmetic at matrix speed, the result written once."""
        moves = self.states * (self.vocab if self.kind != "hmm" else self.states)
        readout = self.states * self.vocab if self.kind == "hmm" else self.states
        flops = 2.0 * self.batch * self.length * (2 * moves + readout / 2)
        written = self.batch * self.length * self.vocab * itemsize
        if self.kind == "chain":
            flops = 3.0 * self.batch * self.length * self.vocab
        return max(flops / rates[f"gemm{itemsize}"], written / rates["write"])


WORKLOADS = [
    Workload("W1", "hmm", 8, 8, 512, 256),
    Workload("W2", "hmm", 64, 64, 512, 64),
    Workload("W3", "hmm", 256, 256, 512, 16),
    Workload("W4", "chain", 64, 64, 1024, 64),
    Workload("W5", "trigram", 64, 8, 512, 64),
]


def draw_patterns(work: Workload, law: Law) -> NDArray[np.int64]:
    """Samples of the law with every token masked with probability 1/2, `[B, L]`."""
    rng = np.random.default_rng(1)
    start, move, emit = (law[key].cumsum(-1) for key in ("initial", "transition", "emission"))
    tokens = np.empty((work.batch, work.length), dtype=np.int64)
    states = (rng.random((work.batch, 1)) > start[:-1]).sum(1)
    for i in range(work.length):
        tokens[:, i] = (rng.random((work.batch, 1)) > emit[states, :-1]).sum(1)
        states = (rng.random((work.batch, 1)) > move[states, :-1]).sum(1)
    tokens[rng.random(tokens.shape) < 0.5] = work.vocab
    return tokens


def ours(work: Workload, law: Law, patterns: NDArray[np.int64], dtype: str) -> Callable[[], Any]:
    """`conditionals`, its result in fresh memory as for the others."""
    oracle = read_law(work, law, dtype)
    return lambda: oracle.conditionals(patterns).numpy()


def ours_in_a_buffer(work: Workload, law: Law, patterns: NDArray[np.int64], dtype: str) -> Callable[[], Any]:
    """`conditionals(out=)`, written into the same memory at every call."""
    import torch

    oracle = read_law(work, law, dtype)
    out = torch.empty(work.batch, work.length, work.vocab, dtype=getattr(torch, dtype))
    return lambda: oracle.conditionals(patterns, out=out).numpy()


def read_law(work: Workload, law: Law, dtype: str) -> Any:
    """The workload's law as an oracle."""
    from oracles import HMM, MarkovChain, NGram

    if work.kind == "hmm":
        oracle: Any = HMM(law["initial"], law["transition"], law["emission"], work.length)
    elif work.kind == "chain":
        oracle = MarkovChain(law["initial"], law["transition"], work.length)
    else:
        weights = law["weights"].reshape((work.vocab,) * 3)
        oracle = NGram(law["initial"][: work.vocab, None] * weights[0], weights, work.length)
    return oracle.to(dtype)


def plain_numpy(work: Workload, law: Law, patterns: NDArray[np.int64], dtype: str) -> Callable[[], Any]:
    """Forward-backward over the batch, one position at a time, messages normalised to sum 1."""
    initial, transition, emission = (law[k].astype(dtype) for k in ("initial", "transition", "emission"))
    evidence = np.concatenate([emission.T, np.ones((1, len(initial)), dtype)])
    batch, length = patterns.shape

    def run() -> NDArray[Any]:
        beliefs = np.empty((length, batch, len(initial)), dtype)
        current = np.broadcast_to(initial, (batch, len(initial)))
        for i in range(length):
            belief = current * evidence[patterns[:, i]]
            belief /= belief.sum(1, keepdims=True)
            beliefs[i] = belief
            current = belief @ transition
        message = np.ones_like(beliefs[0])
        for i in range(length - 1, -1, -1):
            beliefs[i] *= message
            joined = message * evidence[patterns[:, i]]
            joined /= joined.sum(1, keepdims=True)
            message = joined @ transition.T
        masses = (beliefs.reshape(-1, len(initial)) @ emission).reshape(length, batch, -1).swapaxes(0, 1)
        observed = patterns[..., None] == np.arange(work.vocab)
        masses = np.where((patterns == work.vocab)[..., None], masses, observed)
        return masses / masses.sum(2, keepdims=True)

    return run


def dynamax(work: Workload, law: Law, patterns: NDArray[np.int64], dtype: str) -> Callable[[], Any] | None:
    """The smoother of dynamax, jitted and mapped over the batch; None where it is not installed."""
    try:
        import jax
        import jax.numpy as jnp
        from dynamax.hidden_markov_model import hmm_smoother
    except ImportError:
        return None
    jax.config.update("jax_enable_x64", dtype == "float64")
    initial, transition, emission = (
        jnp.asarray(law[k], dtype) for k in ("initial", "transition", "emission")
    )
    logs = jnp.concatenate([jnp.log(emission.T), jnp.zeros((1, len(initial)), dtype)])
    tokens = jnp.asarray(patterns)

    @jax.jit
    def run(tokens: Any) -> Any:
        smoothed = jax.vmap(lambda row: hmm_smoother(initial, transition, logs[row]).smoothed_probs)(tokens)
        observed = jax.nn.one_hot(tokens, work.vocab, dtype=dtype)
        return jnp.where((tokens == work.vocab)[..., None], smoothed @ emission, observed)

    return lambda: np.asarray(jax.block_until_ready(run(tokens)))


def hmmlearn(work: Workload, law: Law, patterns: NDArray[np.int64], dtype: str) -> Callable[[], Any] | None:
    """The scaled forward-backward pass of hmmlearn (float64 only) given evidence that is 1 where masked."""
    try:
        from hmmlearn.base import BaseHMM
    except ImportError:
        return None
    if dtype != "float64":
        return None
    evidence = np.concatenate([law["emission"].T, np.ones((1, work.states))])

    class Masked(BaseHMM):
        def _compute_likelihood(self, X: Any) -> Any:
            return evidence[X[:, 0]]

    model = Masked(work.states, implementation="scaling")
    model.startprob_, model.transmat_ = law["initial"], law["transition"]
    column, lengths = patterns.reshape(-1, 1), [work.length] * work.batch
    observed = patterns[..., None] == np.arange(work.vocab)

    def run() -> NDArray[Any]:
        tokens = (model.predict_proba(column, lengths) @ law["emission"]).reshape(observed.shape)
        return np.where((patterns == work.vocab)[..., None], tokens, observed)

    return run


def machine_rates() -> dict[str, float]:
    """Multiply-adds (two operations each) and bytes written a second, the best of several runs."""
    import torch

    rates = {}
    for itemsize, dtype in ((4, torch.float32), (8, torch.float64)):
        side = torch.rand(2048, 2048, dtype=dtype)
        rates[f"gemm{itemsize}"] = 2 * 2048**3 / min(_seconds(lambda m=side: m @ m) for _ in range(7))
    target = torch.zeros(2**22)  # the size of the largest result
    rates["write"] = 4 * 2**22 / min(_seconds(lambda: target.fill_(1)) for _ in range(30))
    return rates


def _seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


PAUSE = 0.05
"""Seconds before every call: the threads of the contender before go on spinning for a while."""

CONTENDERS = {
    "ours": ours,
    "buffer": ours_in_a_buffer,
    "dynamax": dynamax,
    "hmmlearn": hmmlearn,
    "numpy": plain_numpy,
}
COLUMNS = ["", *CONTENDERS, "dynamax / ours", "dynamax / buffer", "numpy / ours", "limit / buffer", "off by"]


def compare(work: Workload, dtype: str, rates: dict[str, float], repeats: int) -> list[str]:
    """One row of the table: milliseconds, ratios, the share of the machine's limit, our largest error."""
    law = work.law()
    patterns = draw_patterns(work, law)
    calls = {name: make(work, law, patterns, dtype) for name, make in CONTENDERS.items()}
    present = {name: call for name, call in calls.items() if call is not None}
    reference = plain_numpy(work, law, patterns, "float64")()
    errors = {name: float(np.abs(call() - reference).max()) for name, call in present.items()}
    assert max(errors.values()) < (1e-6 if dtype == "float32" else 1e-12), errors
    times: dict[str, list[float]] = {name: [] for name in present}
    for repeat in range(repeats):
        for name, call in present.items():
            if name != "hmmlearn" or repeat < 2:
                time.sleep(PAUSE)
                call()  # wakes the cores, and brings back what the others have driven out of their caches
                times[name].append(1e3 * _seconds(call))
    median = {name: statistics.median(values) for name, values in times.items()}
    best = {name: min(values) for name, values in times.items()}

    def ratio(slow: str, fast: str) -> str:
        return f"{best[slow] / best[fast]:.1f}" if slow in best else ""

    return [
        f"{work.name} {dtype}",
        *(f"{best[name]:.2f} .. {median[name]:.2f}" if name in times else "" for name in CONTENDERS),
        ratio("dynamax", "ours"),
        ratio("dynamax", "buffer"),
        ratio("numpy", "ours"),
        f"{1e3 * work.floor(rates, np.dtype(dtype).itemsize) / best['buffer']:.0%}",
        f"{errors['ours']:.0e}",
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--workloads", default="W1,W2,W3,W4,W5")
    arguments = parser.parse_args()
    chosen = [work for work in WORKLOADS if work.name in arguments.workloads.split(",")]
    import torch

    torch.set_num_threads(arguments.threads)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    rates = machine_rates()
    print(f"{os.cpu_count()} cores, {arguments.threads} threads, load {load:.1f}; gemm {rates['gemm4'] / 1e9:.0f} / "
          f"{rates['gemm8'] / 1e9:.0f} Gflop/s in float32 / 64, write {rates['write'] / 1e9:.0f} GB/s\n")  # fmt: skip
    print(_row(COLUMNS), _row(["---"] * len(COLUMNS)), sep="\n")
    for work in chosen:
        for dtype in ("float32", "float64"):
            print(_row(compare(work, dtype, rates, arguments.repeats)), flush=True)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    # Read by the numerical libraries when they are loaded.
    wanted = sys.argv[sys.argv.index("--threads") + 1] if "--threads" in sys.argv else "2"
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        if os.environ.get(variable) != wanted:
            os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | {
                "OMP_NUM_THREADS": wanted, "OPENBLAS_NUM_THREADS": wanted, "MKL_NUM_THREADS": wanted,
                "XLA_FLAGS": f"--xla_cpu_multi_thread_eigen=true intra_op_parallelism_threads={wanted}",
            })  # fmt: skip
    if hasattr(os, "sched_setaffinity"):
        # XLA takes every core it sees: all contenders see as many as they have threads.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(wanted)])
    main()
