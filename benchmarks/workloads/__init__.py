"""The workloads, one a file; each has a ``PROBLEM`` (or several) and a function ``workload``."""
