"""Every learner on the same text episodes, under one equal budget."""
