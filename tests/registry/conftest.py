"""Fixtures that several files share and that are made once a session."""

from tests.registry.legacy import environment_cache, legacy, python_of

__all__ = ["environment_cache", "legacy", "python_of"]
