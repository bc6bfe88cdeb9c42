"""The rooms of the loopback Hub: what it stores, what it answers, how it can be made to fail."""
