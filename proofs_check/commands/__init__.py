"""The commands of `maskproof`, one module each, and what they share.

What a command answers is beside it by its name: as a table, as JSON, and in plain words (`.._reading`).
Shared: `arguments` and `target` (what was asked), `console` and `digits` (how it is printed).
"""
