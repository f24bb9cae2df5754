"""Self-checks of the chapters' exercises: each says whether an answer is right, or what to mend."""
