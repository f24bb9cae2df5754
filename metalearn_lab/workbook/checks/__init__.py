"""What `metalearn-lab doctor --class` looks at, one thing a file."""
