"""`metalearn-lab doctor`: what a machine has and lacks; with `--class`, one thing a file."""
