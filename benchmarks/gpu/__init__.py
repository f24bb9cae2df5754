"""W1 to W5 on a GPU, at batches that fill it, with the distance to what the card can do."""
