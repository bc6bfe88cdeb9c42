"""Which inputs a person should look at twice: what the three marks mean, and a suggestion by a column's name.

A name proves nothing. A suggestion is shown to whoever describes a version, and never set by itself.
"""

import re

from django.utils.translation import gettext as _

_WORDS = {
    "protected": "age sex sexe gender genre birth birthday birthdate naissance nationality nationalite ethnicity race "
    "religion marital maritale married marie pregnant enceinte disability handicap health sante union syndicat children "
    "enfants orientation",
    "personal": "name firstname lastname nom prenom email mail phone telephone address adresse ssn matricule passport iban",
    "proxy": "zip zipcode postal postcode commune city ville neighborhood quartier school ecole university",
}
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def suggested(name: str) -> str:
    """protected, proxy, personal or "" for a column called so: whole words only, as a page is no age."""
    words = {word.lower() for word in _WORD.findall(name)}
    return next((mark for mark, known in _WORDS.items() if words & set(known.split())), "")


def choices() -> tuple[tuple[str, str], ...]:
    """(value, words) of the marks, in the active language."""
    return (
        ("", _("No")),
        ("protected", _("A protected characteristic")),
        ("proxy", _("Stands close to a protected characteristic")),
        ("personal", _("Tells who the person is")),
    )
