"""Titles that are stored in English are said in the language of who reads them."""

import pytest
from django.utils.translation import override

from predictions.imports.wording import folded
from predictions.listing.fields import key_title
from predictions.models import Dataset


def test_a_title_that_the_catalogue_knows_is_translated() -> None:
    people = Dataset(title="Employees", key_column="id_employee")
    with override("fr"):
        assert (people.called, key_title(people), str(people)) == ("Salariés", "Salarié", "Employees")
    assert (people.called, key_title(people)) == ("Employees", "Employee")


@pytest.mark.parametrize("title", ["Équipe de Lyon", "", "100 %"])
def test_any_other_title_stays_as_it_is(title: str) -> None:
    with override("fr"):
        assert Dataset(title=title).called == title


@pytest.mark.parametrize("written", ["D’Été", "D'Été", "d‘ete", "Dʼete"])
def test_one_search_finds_every_apostrophe(written: str) -> None:
    assert folded(written) == "d'ete"
