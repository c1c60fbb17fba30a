"""Information profiles: time, share of the machine's limit, and the naive twin beside it, in one run.

    python benchmarks/information_profile.py [--threads 2]

The limit of a workload is the longer of its arithmetic (matrix products at the rate of dgemm, then logarithms
at the rate of torch.log2 in cache) and its traffic at the rate of a copy; all three are measured first.
The naive twins are plain loops: over sets and sequences, or over pairs of positions with whole binomials.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from rich.console import Console
from rich.table import Table as Grid

from oracles import MarkovChain, Oracle, Table
from theory import information_profile
from theory.information import iid_expected_kl

Numbers = Sequence[float]


@dataclass(frozen=True)
class Workload:
    """One row: what runs, the least it has to do, the seconds wanted, and a naive way to the same numbers."""

    name: str
    run: Callable[[], Numbers]
    flops: float = 0.0
    logs: float = 0.0
    bytes: float = 0.0
    target: float | None = None
    naive: Callable[[], Numbers] | None = None


@dataclass(frozen=True)
class Machine:
    """Measured rates: floating-point operations, logarithms and bytes a second."""

    flops: float
    logs: float
    bytes: float

    @classmethod
    def measured(cls) -> Machine:
        matrix, line, source = (
            torch.rand(2048, 2048).double(),
            torch.rand(2**15).double(),
            torch.rand(2**25).double(),
        )
        copy = torch.empty_like(source)
        return cls(
            flops=2 * 2048**3 / fastest(lambda: matrix @ matrix),
            logs=line.numel() / fastest(lambda: torch.log2(line), 200),
            bytes=16 * source.numel() / fastest(lambda: copy.copy_(source)),
        )

    def limit(self, work: Workload) -> float:
        """Seconds that the workload cannot go below on this machine."""
        return max(work.flops / self.flops + work.logs / self.logs, work.bytes / self.bytes)


def fastest(run: Callable[[], object], repeats: int = 5) -> float:
    """Seconds of the fastest of several runs, after one to warm up."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times[1:])


def workloads(rng: np.random.Generator) -> Iterator[Workload]:
    """The three chain workloads with targets, smaller ones with a twin, enumeration, and expected KL."""
    yield by_pairs(chain(rng, 1024, 64), target=0.3)
    yield by_pairs(chain(rng, 512, 16, by_position=True), target=1.0)
    yield by_pairs(chain(rng, 8192, 64), target=15.0)
    yield by_pairs(chain(rng, 256, 16), twin=True)
    yield by_pairs(chain(rng, 128, 16, by_position=True), twin=True)
    yield by_enumeration(table(rng, 10, 3), target=0.1)
    yield by_enumeration(table(rng, 16, 2))
    yield by_enumeration(table(rng, 8, 2), twin=True)
    yield by_enumeration(table(rng, 5, 3), twin=True)
    yield expected_kl(chain(rng, 1024, 64), 1024)


def distributions(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Random rows that sum to 1."""
    weights = rng.random(shape)
    return weights / weights.sum(-1, keepdims=True)


def chain(rng: np.random.Generator, length: int, vocab: int, by_position: bool = False) -> MarkovChain:
    """A random chain, with one transition or with one a step."""
    start = distributions(rng, vocab)
    if by_position:
        return MarkovChain(start, list(distributions(rng, length - 1, vocab, vocab)), length)
    return MarkovChain(start, distributions(rng, vocab, vocab), length)


def table(rng: np.random.Generator, length: int, vocab: int) -> Table:
    """A random law without structure."""
    return Table(distributions(rng, vocab**length).reshape((vocab,) * length))


def by_pairs(q: MarkovChain, target: float | None = None, twin: bool = False) -> Workload:
    """A chain: a matrix product and V^2 logarithms for every gap, or for every pair of positions."""
    matrices = q.length if q.homogeneous else q.length * (q.length - 1) / 2
    kind = "chain" if q.homogeneous else "by step"
    return Workload(
        f"{kind} {q.length}x{q.vocab_size}",
        lambda: list(information_profile(q, method="pairs")),
        flops=2 * matrices * q.vocab_size**3,
        logs=matrices * q.vocab_size**2,
        target=target,
        naive=(lambda: naive_pairs(q)) if twin else None,
    )


def by_enumeration(q: Table, target: float | None = None, twin: bool = False) -> Workload:
    """Any law: a logarithm for every pattern, and the table of patterns written and read once."""
    patterns = (q.vocab_size + 1) ** q.length
    return Workload(
        f"patterns {q.length}x{q.vocab_size}",
        lambda: list(information_profile(q, method="enumeration")),
        logs=patterns,
        bytes=16 * patterns,
        target=target,
        naive=(lambda: naive_enumeration(q)) if twin else None,
    )


def expected_kl(q: MarkovChain, steps: int) -> Workload:
    """E KL of an iid schedule, the profile given: a product with a matrix of binomial weights."""
    profile, weights = information_profile(q), np.full(steps, 1 / steps)
    return Workload(
        f"iid E KL {q.length}",
        lambda: [iid_expected_kl(profile, weights)],
        flops=4 * q.length * steps,
        naive=lambda: [naive_expected_kl(list(profile), steps)],
    )


def naive_enumeration(q: Oracle) -> Numbers:
    """The mean of H(X_i | X_S) over i and S, each entropy a loop over all sequences."""
    joint = [(tokens, float(p)) for tokens, p in np.ndenumerate(np.asarray(q.joint()))]

    def entropy(positions: tuple[int, ...]) -> float:
        law: dict[tuple[int, ...], float] = {}
        for tokens, p in joint:
            key = tuple(tokens[i] for i in positions)
            law[key] = law.get(key, 0.0) + p
        return -math.fsum(p * math.log2(p) for p in law.values() if p)

    profile = []
    for m in range(q.length):
        sets = [(i, s) for i in range(q.length) for s in combinations(range(q.length), m) if i not in s]
        profile.append(math.fsum(entropy((*s, i)) - entropy(s) for i, s in sets) / len(sets))
    return profile


def naive_pairs(q: MarkovChain) -> Numbers:
    """H(X_r | X_l) of every pair on its own, weighted with quotients of whole binomials."""
    length, steps = q.length, [np.asarray(step) for step in q.transitions]
    laws = [np.asarray(q.initial)]
    for position in range(length - 1):
        laws.append(laws[-1] @ steps[position % len(steps)])
    alone = [float(-(law * np.log2(law)).sum()) for law in laws]
    shared = [0.0] * length
    for left in range(length):
        product = np.eye(q.vocab_size)
        for right in range(left + 1, length):
            product = product @ steps[(right - 1) % len(steps)]
            shared[right - left] += alone[right] + float(laws[left] @ (product * np.log2(product)).sum(1))
    profile = []
    for s in range(length):
        whole = length * math.comb(length - 1, s)
        beside = [math.comb(length - d - 1, s - 1) / whole if s >= 1 else 0.0 for d in range(1, length)]
        between = [math.comb(length - d - 1, s - 2) / whole if s >= 2 else 0.0 for d in range(1, length)]
        weights = [2 * b - (d - 1) * w for d, (b, w) in enumerate(zip(beside, between, strict=True), 1)]
        profile.append(math.fsum(alone) / length - math.fsum(map(float.__mul__, weights, shared[1:])))
    return profile


def naive_expected_kl(f: Numbers, steps: int) -> float:
    """The multinomial mixture read off term by term, with logarithms of factorials."""
    n = len(f) - 1
    total = f[0] * len(f) / steps
    for k in range(1, steps):
        yes, no = math.log(k / steps), math.log(1 - k / steps)
        for m, value in enumerate(f):
            choose = math.lgamma(n + 1) - math.lgamma(m + 1) - math.lgamma(n - m + 1)
            total += math.exp(choose + m * yes + (n - m) * no) * value * len(f) / steps
    return total - math.fsum(f)


def seconds(value: float | None) -> str:
    """A time with its unit, or nothing."""
    if value is None:
        return ""
    return f"{value:.3g} s" if value >= 1 else f"{value * 1e3:.3g} ms"


def row(work: Workload, machine: Machine) -> list[str]:
    """Measure one workload and, once, its naive twin."""
    time_taken, limit = fastest(work.run), machine.limit(work)
    cells = [
        work.name,
        seconds(time_taken),
        seconds(work.target),
        seconds(limit),
        f"{limit / time_taken:.0%}",
    ]
    if work.naive is None:
        return [*cells, "", "", ""]
    start = time.perf_counter()
    expected = work.naive()
    naive_time = time.perf_counter() - start
    error = float(np.abs(np.subtract(expected, work.run())).max())
    return [*cells, seconds(naive_time), f"{naive_time / time_taken:.0f}x", f"{error:.0e}"]


def main() -> None:
    """Measure the machine, then every workload."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=2, help="torch threads (default: 2)")
    torch.set_num_threads(parser.parse_args().threads)
    console = Console()
    machine = Machine.measured()
    console.print(
        f"float64, {torch.get_num_threads()} threads: dgemm {machine.flops / 1e9:.0f} GF/s, "
        f"log2 {machine.logs / 1e9:.2f} G/s, copy {machine.bytes / 1e9:.0f} GB/s"
    )
    grid = Grid("L x V", "time", "wanted", "limit", "share", "naive", "ratio", "differs", box=None)
    for column in grid.columns[1:]:
        column.justify = "right"
    with console.status("measuring"):
        for work in workloads(np.random.default_rng(0)):
            grid.add_row(*row(work, machine))
    console.print(grid)


if __name__ == "__main__":
    main()
