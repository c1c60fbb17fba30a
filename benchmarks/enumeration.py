"""Enumeration of the exact law of a sampler: the fused pass against the plain one, in one run.

    python benchmarks/enumeration.py [--full]

Random laws of full support, uniform iid steps, float64; both passes ask the same table of conditionals, which is made
before the clock starts.  The fused pass is one thread, the plain one as many as torch takes.  --full: the plain pass
of the largest size too.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

import numpy as np
import torch

from oracles import Table
from oracles.arithmetic import Array
from theory import IID
from theory.laws.enumeration import enumerate_law
from theory.laws.exchangeable_enumeration import enumerate_exchangeable
from theory.samplers import read_problem

SIZES = ((2, 8, 8), (3, 7, 8), (2, 10, 8), (2, 12, 8))
"""V, L, N."""

WANTED = {(2, 12, 8): 5.0}
"""Seconds for the exact law."""


def timed(run: Callable[[], Array], repeats: int) -> tuple[float, Array]:
    """Seconds of the fastest of several runs, and what it computes."""
    times, law = [], torch.empty(0)
    for _ in range(repeats):
        start = time.perf_counter()
        law = run()
        times.append(time.perf_counter() - start)
    return min(times), law


def main() -> None:
    """Measure both passes at every size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="run the plain pass at the largest size too")
    options = parser.parse_args()
    print(f"float64, plain pass {torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f}", end="")
    print(f" on {os.cpu_count()} cores")
    print("V   L   N  transitions   fused      a second   wanted  plain    ratio  differ")
    for vocab, length, steps in SIZES:
        weights = np.random.default_rng(0).random((vocab,) * length)
        schedule = IID.uniform(steps)
        problem = read_problem(Table(weights / weights.sum()).to("float64"), schedule).tabulated()
        arguments = (problem.law, schedule, problem.denoiser)
        transitions = schedule.transitions(vocab, length)
        largest = transitions > 1e9
        if (vocab, length, steps) == SIZES[0]:
            enumerate_exchangeable(*arguments)  # compiles the kernel
        fused, law = timed(lambda a=arguments: enumerate_exchangeable(*a), 1 if largest else 3)
        line = (
            f"{vocab}  {length:2}  {steps:2}  {transitions:11.2g}  {fused:6.3g} s  {transitions / fused:9.2g}"
        )
        goal = WANTED.get((vocab, length, steps))
        line += f"  {f'{goal:.0f} s' if goal else '':>7}"
        if options.full or not largest:
            plain, twin = timed(lambda a=arguments: enumerate_law(*a), 1)
            line += f"  {plain:6.3g} s  {plain / fused:4.1f}x  {float((law - twin).abs().max()):.0e}"
        print(line, flush=True)


if __name__ == "__main__":
    main()
