"""How tasks are run: all at once, one by one, in chunks, in small layers, by which kernels.

Learners are written for one task and know none of this; what is here knows learners by
``per_task.PerTask`` alone.
"""
