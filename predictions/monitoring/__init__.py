"""Is it used, is it fast, is the world changing, is it right, do people follow it."""
