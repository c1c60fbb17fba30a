"""Ways of unmasking: schedules, planners, blocks, remasking and mixtures, and where randomness enters them.

`base` is what they share.  Oblivious, they look at no token: `schedules` (iid steps, sizes, a fixed partition) over
`oblivious` and `reveals`; `partitions` and `alphas` by name.  Adaptive: `planners` and `entropy_planners`, with
`rankings` and `ties`.  Made of others: `blocks`, `mixtures`, `remasking`.  `orders` has all of them by name.
`draws` resolves their random choices: at random, along every branch, or along given sequences.
"""
