"""Exact numbers: rational combinations of logarithms, and the quantities that are made of them.

For laws short enough to be written out, by the definitions, term by term: claims are decided by these numbers.
`log_sums` is their arithmetic.  Of a law: its `information`, its `profile`, `runs` of shared information, and
`extreme_profiles`.  Of a sampler: means over `ordered_partitions`, `paths` of planners, `kept_draws` of low-
confidence remasking.  Of a denoiser: its `losses` and its errors of `learning`, `by_context`.
"""

from oracles.optional import needed_for

with needed_for("exact quantities"):
    import flint  # noqa: F401 (all modules here do)
