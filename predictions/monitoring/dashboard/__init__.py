"""The five questions of one model, and all models at a glance."""
