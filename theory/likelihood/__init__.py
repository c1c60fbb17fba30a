"""Evidence lower bounds of masked diffusion models: exact values, estimators, and what they do not say."""
