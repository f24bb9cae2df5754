"""Explorers: controls, a cached computation and a figure."""
