"""Fixtures that several files share."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from registry.models import ModelVersion
from tests.registry.hostile import forest, hostile_files
from tests.registry.legacy import environment_cache, legacy, python_of
from tests.registry.people import browser, person

__all__ = ["environment_cache", "forest", "hostile_files", "legacy", "manager", "page", "python_of", "second"]


@pytest.fixture
def manager(db: None) -> User:
    """Who brings versions in, describes them and puts them in charge."""
    return person("manager")


@pytest.fixture
def page(manager: User) -> Client:
    """The manager's browser."""
    return browser(manager)


@pytest.fixture
def second(iris: ModelVersion, ready: Callable[..., ModelVersion]) -> ModelVersion:
    """A candidate beside the champion."""
    return ready("iris")
