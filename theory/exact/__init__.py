"""Exact numbers: rational combinations of logarithms, and the quantities that are made of them."""
