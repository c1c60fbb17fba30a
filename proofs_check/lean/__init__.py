"""Certificates as theorems for Lean 4."""
