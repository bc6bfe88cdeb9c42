"""The facts by month of their number: which partitions there are, made ahead, detached. See docs/partitions.md."""
