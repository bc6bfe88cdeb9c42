"""Is the world changing? How far each field strayed from the training data, beyond what chance does."""
