"""Exact numbers: rational combinations of logarithms, and the quantities that are made of them.

Everything here follows the definitions, for laws short enough to be written out, and shares no code with the fast
routes: it is what claims are decided by and what those routes are tested against.
"""

from oracles.optional import needed_for

with needed_for("exact quantities"):
    import flint  # noqa: F401 (all modules here do)
