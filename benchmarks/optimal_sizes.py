"""Optimal sizes: the hull against the plain recursion, and best iid weights, in one run.

    python benchmarks/optimal_sizes.py

Both recursions are timed on the same profile, of the sticky chain, as integers; the plain one tries every start in
NumPy, a row at a time, which is its fastest form here.  Its sizes must be the same.  The limit of the hull is the
traffic of its table of starts, four bytes for each of N (L + 1) entries, at the rate of a copy.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

import numpy as np
from rich.console import Console
from rich.table import Table as Grid

from oracles import zoo
from theory import information_profile
from theory.information.profile import Profile
from theory.optimise import optimal_sizes, optimal_weights
from theory.optimise.sizes import falling_integers
from theory.optimise.staircase import lowest_staircases, step_sizes

PLAIN_LIMIT = 2 * 10**10
"""Largest L^2 N that the plain recursion, and beside it the search for iid weights, is asked for."""

TARGETS = {(4096, 256): 0.1}


def fastest(run: Callable[[], object], repeats: int = 7) -> float:
    """Seconds of the fastest of several runs, after one to warm up."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times[1:])


def plain_sizes(heights: np.ndarray, steps: int) -> list[int]:
    """The recursion as it is written, all starts of a row at once."""
    length = len(heights)
    best, places = np.arange(length + 1) * heights[0], np.arange(length + 1)
    slopes, starts = np.append(heights, 0), []
    for _ in range(1, steps):
        lines = best - places * slopes
        row = np.array([int(np.argmin(lines[: m + 1] + m * slopes[: m + 1])) for m in range(length + 1)])
        # An empty last step at the end has no height.
        row[length] = int(np.argmin([*(lines[:length] + length * slopes[:length]), best[length]]))
        best = best[row] + (places - row) * slopes[row]
        starts.append(row)
    sizes, stop = [], length
    for row in reversed(starts):
        sizes.append(stop - int(row[stop]))
        stop = int(row[stop])
    filled = [size for size in reversed([*sizes, stop]) if size]
    return filled + [0] * (steps - len(filled))


def row(profile: Profile, steps: int, copy_rate: float) -> list[str]:
    """One length and number of steps."""
    heights, _ = falling_integers(profile)
    length = len(profile)
    hull = fastest(lambda: lowest_staircases(heights.values, steps))
    limit = 4 * steps * (length + 1) / copy_rate
    whole = fastest(lambda: optimal_sizes(profile, steps))
    cells = [f"{length}", f"{steps}", seconds(hull), seconds(limit), seconds(whole)]
    target = TARGETS.get((length, steps))
    cells.append("" if target is None else seconds(target))
    if length**2 * steps > PLAIN_LIMIT:
        return [*cells, "", "", "", ""]
    start = time.perf_counter()
    expected = plain_sizes(heights.values, steps)
    plain = time.perf_counter() - start
    same = "same" if expected == step_sizes(lowest_staircases(heights.values, steps), steps) else "DIFFERENT"
    weights = fastest(lambda: optimal_weights(profile, steps), 2)
    return [*cells, seconds(plain), f"{plain / hull:.0f}x", same, seconds(weights)]


def seconds(value: float) -> str:
    """A time with its unit."""
    if value >= 1:
        return f"{value:.3g} s"
    return f"{value * 1e3:.3g} ms" if value >= 1e-3 else f"{value * 1e6:.3g} us"


def main() -> None:
    """Measure the copy rate, then every length."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args()
    source = np.random.default_rng(0).random(2**22)
    rate = 2 * source.nbytes / fastest(lambda: source.copy())
    console = Console(width=110)
    console.print(
        f"one thread of {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; copy {rate / 1e9:.0f} GB/s"
    )
    names = ("L", "N", "hull", "limit", "optimal_sizes", "wanted", "plain", "ratio", "sizes", "best iid")
    grid = Grid(*names, box=None)
    for column in grid.columns:
        column.justify = "right"
    for length, steps in ((64, 8), (256, 32), (1024, 64), (4096, 256), (16384, 256), (65536, 256)):
        profile = information_profile(zoo.sticky_chain(min(length, 4096)).to("float64"))
        if length > 4096:  # only the shape matters from here on
            stretched = np.interp(np.linspace(0, 1, length), np.linspace(0, 1, 4096), np.asarray(profile))
            profile = Profile(profile.arithmetic.array(stretched.tolist()), profile.arithmetic, "stretched")
        grid.add_row(*row(profile, steps, rate))
    console.print(grid)


if __name__ == "__main__":
    main()
