"""Ways of unmasking: schedules, planners, blocks, remasking and mixtures, and where randomness enters them."""
