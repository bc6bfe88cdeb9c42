"""The table of a set of records: what narrows, orders and shows it, and the page of one record."""
