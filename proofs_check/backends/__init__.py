"""How claims are decided, and how counterexamples are looked for.

Decided: between two numbers, by whichever of `exact`, `certified`, `floating` and `symbolic` takes both; over a whole
box of parameters, by `boxes` and `polynomials`.  Looked for: at random (`search`), in small exact steps
(`local_search`), and along gradients (`gradient`, `terrain`).  `monte_carlo` runs the sampler itself.
"""
