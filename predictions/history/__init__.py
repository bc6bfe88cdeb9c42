"""What was answered, over all answers that somebody may see: searched, compared, told as a story, taken away as a file."""
