"""What a model is not for, in the reader's language: from the manifest, else from the card."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import override

from registry.importer.package import Package
from registry.models import ModelVersion
from registry.presenters import Limit, known_limits, title_of
from registry.presenters.candidate_facts import differences

CARD = "# It\n\n## Use and limits\n\nFor *demonstrations*.\n\n## More\n\nText."
BOTH = {"en": "Not for people.", "fr": "Pas pour des personnes."}


def version(**metadata: Any) -> ModelVersion:
    return ModelVersion(metadata=metadata)


def test_the_manifest_comes_before_the_card() -> None:
    assert known_limits(version(limits=[BOTH, "Plain."], card=CARD)) == [Limit("Not for people."), Limit("Plain.")]


def test_they_are_said_in_the_language_of_the_reader() -> None:
    with override("fr"):
        assert known_limits(version(limits=[BOTH])) == [Limit("Pas pour des personnes.")]


def test_what_nobody_translated_says_which_language_it_is() -> None:
    with override("fr"):
        found = known_limits(version(limits=[{"en": "Not for people."}]))
        assert [*found, *known_limits(version(card=CARD))] == [
            Limit("Not for people.", "en"),
            Limit("For demonstrations.", "en"),
        ]
    assert known_limits(version(limits=[{"fr": "Non."}])) == [Limit("Non.", "fr")]


def test_without_limits_the_card_is_read_and_without_a_card_nothing() -> None:
    assert known_limits(version(limits=[], card=CARD)) == [Limit("For demonstrations.")]
    assert known_limits(version(card="# It")) == known_limits(version(limits=[""])) == []


def test_an_import_keeps_limits_and_title(examined: Callable[[str], Package]) -> None:
    kept = version(**examined("digits").metadata)
    with override("fr"):
        assert title_of(kept) == "Chiffres"
        assert known_limits(kept)[0].text == "Un seul chiffre par image, à peu près droit, sur un fond uni."


def test_where_data_comes_from_is_compared_in_the_language_of_the_reader() -> None:
    before, after = {"data": "old"}, {"data": {"en": "made up", "fr": "inventées"}}
    with override("fr"):
        assert [pair.after for pair in differences(before, after, alone=False)] == ["inventées"]
