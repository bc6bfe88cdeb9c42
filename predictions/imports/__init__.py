"""Records come in from files: read, typed, checked, and written all at once."""
