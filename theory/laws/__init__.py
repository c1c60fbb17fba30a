"""Exact laws of samplers: what each step-by-step procedure generates, without sampling it.

`sampler_law` is what a user gets.  Ways to it: a table, by `branching` for any sampler, or by `enumeration` for those
that look at no token (`exchangeable_enumeration`, `spreading`: the same compiled); at any length for Markov chains,
gap by gap (`gap_recursion`, `gap_lengths`, `gap_sizes`, with `gap_links`, `gap_cost`, `gap_kernel`, and
`gap_probability` on top); part by part (`product_laws`); `closed_forms` of symmetric languages.
`distances` says how far a law is from its target.
"""
