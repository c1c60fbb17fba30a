"""Prompts and templates: what is left of a law once some of its tokens are given."""

from __future__ import annotations

from typing import Any

import numpy as np

from oracles import Oracle
from oracles.patterns import Tokens


def read_prompt(q: Oracle, given: Any) -> tuple[Oracle, Tokens | None, Tokens]:
    """(the law of the masked positions given the observed tokens, the prompt, the masked positions).

    The masked positions are numbered 0, 1, .. in order.  given: a pattern `[L]`, or None for no prompt at all:
    then the law is q itself.  ValueError if q is over Booleans, or the prompt is impossible or masks nothing.
    """
    if q.arithmetic.name == "boolean":
        raise ValueError("q: expected a law with probabilities, got one over Booleans")
    if given is None:
        return q, None, np.arange(q.length)
    prompt = q._read_single("given", given)
    free = np.flatnonzero(prompt == q.mask)
    if not free.size:
        raise ValueError(f"given: expected one pattern with a masked position, got {prompt.tolist()}")
    if not q.in_support(prompt):
        raise ValueError(f"given: expected a possible pattern, got {prompt.tolist()} of probability zero")
    return q.condition(prompt).marginal(free), prompt, free
