"""What really happened: reported by hand or by a file, what is due, and what pages show of it."""
