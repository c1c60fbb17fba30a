"""The commands of `maskproof`, one module each, and what they share."""
