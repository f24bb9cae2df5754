"""What single chapters measure: each experiment in a file of its own."""
