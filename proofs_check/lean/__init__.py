"""Certificates as theorems for Lean 4: their statements, and proofs about polynomials over boxes."""
