"""Figures: data in, a matplotlib figure out; nothing is computed here."""
