"""What a person makes of an answer: decisions, estimates, and the queue of answers that wait."""
