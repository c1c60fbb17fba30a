"""Evidence lower bounds of masked diffusion models: exact values, estimators, and what they do not say.

`nelbo` has the bounds, `nelbo_estimators` what the estimators of training code are worth, and `likelihoods` all of it
for one denoiser, beside what it generates in several orders.
"""
