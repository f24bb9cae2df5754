"""Sweeps: chapters × grids of parameters, run in worker processes, here or on a cluster."""
