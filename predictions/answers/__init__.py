"""The answers of one call about many records: their table, its order, its download."""
