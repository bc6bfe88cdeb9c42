"""Files of rows: read, mapped, checked, answered in chunks, and given back."""
