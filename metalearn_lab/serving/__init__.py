"""A trained learner as a small local service."""
