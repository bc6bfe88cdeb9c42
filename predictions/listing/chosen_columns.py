"""Which columns of a set somebody chose to see: remembered for as long as they are logged in."""

from collections.abc import Sequence

from django.contrib.sessions.backends.base import SessionBase

from predictions.models import Dataset

KEY = "record_columns"


def keep(session: SessionBase, dataset: Dataset, names: Sequence[str]) -> None:
    """Remember the columns that there are; no names at all bring back those that a table begins with."""
    known = {str(column.get("name")) for column in dataset.columns if isinstance(column, dict)}
    chosen = {**session.get(KEY, {}), str(dataset.pk): [name for name in dict.fromkeys(names) if name in known]}
    session[KEY] = {number: found for number, found in chosen.items() if found}


def kept(session: SessionBase, dataset: Dataset) -> list[str]:
    """What was remembered."""
    found: list[str] = session.get(KEY, {}).get(str(dataset.pk), [])
    return found
