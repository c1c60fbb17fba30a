"""Exact laws of samplers: what each step-by-step procedure generates, without sampling it."""
