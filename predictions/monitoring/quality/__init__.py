"""Is it right? Measures with intervals, beside what was promised, and for whom."""
