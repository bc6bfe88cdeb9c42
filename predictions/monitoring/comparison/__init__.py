"""Recorded inputs, scored again on other versions: nobody is answered with it, and nothing of it is in the history."""
