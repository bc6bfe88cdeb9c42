"""A backup is one file that holds the whole database; docs/backup.md, docs/adr/0028."""
