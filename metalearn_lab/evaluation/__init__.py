"""Adaptation curves, intervals and proofs of the meta-gradient."""
