"""Certificates: inequalities written down so that somebody else can verify them."""
