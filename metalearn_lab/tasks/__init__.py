"""Tasks: splits, episodes, task families and the sources of labelled text."""
