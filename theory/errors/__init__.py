"""Where the expected error of a schedule arises, context by context, step by step and position by position.

`profiles` is what a user gets, from `steps` and `positions`.  The expected error itself: over all `contexts` of a
short law; of a fixed partition of a Markov chain (`chain_partitions`), and of laws with hidden states, enclosed
through `windows`, at any length.  `coverage`: whether anything can be wrong at all.
"""
