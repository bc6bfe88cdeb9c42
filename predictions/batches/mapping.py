"""Which column of a file means which field of a model: proposed by its headings, remembered for the next such file.

A mapping: {"fields": {feature: column index, or None for "not in the file"}, "key": column index or None}. The memory
holds places among the sorted headings, so that it names no heading and the order of the columns does not matter. The
columns that downloads add at the end do not count: rejected rows, mended and sent again, are mapped as the file was.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from predictions.batches.added import first_added
from predictions.imports import wording
from predictions.imports.column_kinds import is_called_key
from predictions.imports.wording import alike
from predictions.models import Batch, ColumnMapping, Dataset
from registry.models import RegisteredModel
from registry.signature import Signature

Mapping = dict[str, Any]


def places(headings: Sequence[str], signature: Signature) -> dict[str, list[int]]:
    """Feature -> the columns that are called so, by its name or in the words of the pages; most have one or none."""
    found: dict[str, list[int]] = defaultdict(list)
    known = {feature.name for feature in signature.features}
    for index, name in enumerate(wording.names_of(headings, signature)):
        if name in known:
            found[name].append(index)
    return dict(found)


def twins(headings: Sequence[str], signature: Signature) -> set[str]:
    """The fields that several columns mean: somebody has to say which one."""
    return {name for name, indexes in places(headings, signature).items() if len(indexes) > 1}


def suggest(headings: Sequence[str], signature: Signature) -> Mapping:
    """What the headings say by themselves; a field of two columns, or of none, has no proposal."""
    found = places(headings, signature)
    fields = {name: indexes[0] for name, indexes in found.items() if len(indexes) == 1}
    taken = {index for indexes in found.values() for index in indexes}
    own = enumerate(headings[: first_added(headings)])
    keys = (index for index, heading in own if index not in taken and is_called_key(heading))
    return {"fields": fields, "key": next(keys, None)}


def proposed(batch: Batch, signature: Signature, last: Mapping | None) -> Mapping:
    """What was chosen for this file, or for the last one like it (`remembered`), or what its headings say."""
    if batch.mapping:
        absent = {name: None for name, index in last["fields"].items() if index is None} if last else {}
        return {"fields": absent | batch.mapping["fields"], "key": batch.mapping["key"]}
    return from_headings(batch.headings, signature, last)


def from_headings(headings: Sequence[str], signature: Signature, last: Mapping | None) -> Mapping:
    """What was chosen for the last file with these headings, and for the rest what they say."""
    found = suggest(headings, signature)
    return found if last is None else {"fields": over(found["fields"], last["fields"]), "key": last["key"]}


def over(fields: Mapping, chosen: Mapping) -> Mapping:
    """Field -> column as chosen, and for the others as before, unless their column was chosen."""
    taken = set(chosen.values()) - {None}
    return {name: index for name, index in fields.items() if index not in taken} | chosen


def set_of(batch: Batch, key: int | None, datasets: Sequence[Dataset]) -> Dataset | None:
    """The only one of these sets that is of the model, and whose records are told apart by a column of this name."""
    if key is None:
        return None
    word = alike(batch.headings[key])
    found = [one for one in datasets if one.model_id == batch.model_id and alike(one.key_column) == word]
    return found[0] if len(found) == 1 else None


def remembered(model: RegisteredModel, headings: Sequence[str]) -> Mapping | None:
    """How the last file with these headings was mapped for this model, whatever a download added to them."""
    for known in (headings, headings[: first_added(headings)]):
        kept = ColumnMapping.objects.filter(model=model, headings_digest=digest(known)).first()
        if kept is not None:
            return _moved(kept.mapping, _order(known).__getitem__)
    return None


def remember(model: RegisteredModel, headings: Sequence[str], mapping: Mapping) -> None:
    """Keep a mapping for the next file with these headings, without what a download added unless it is used."""
    end = first_added(headings)
    used = (index for index in (*mapping["fields"].values(), mapping["key"]) if index is not None)
    known = headings if any(index >= end for index in used) else headings[:end]
    place = {index: place for place, index in enumerate(_order(known))}
    kept = {"mapping": _moved(mapping, place.__getitem__)}
    ColumnMapping.objects.update_or_create(model=model, headings_digest=digest(known), defaults=kept)
    if len(known) < len(headings):  # an older choice for exactly these headings would win
        ColumnMapping.objects.filter(model=model, headings_digest=digest(headings)).delete()


def keep(batch: Batch, mapping: Mapping) -> None:
    """Keep what was chosen so far, until the check is asked for."""
    Batch.objects.filter(pk=batch.pk, status=Batch.Status.MAPPING).update(mapping=mapping)


def digest(headings: Sequence[str]) -> str:
    """The same for the same headings in any order."""
    return hashlib.sha256(json.dumps(sorted(headings)).encode()).hexdigest()


def chosen(mapping: Mapping) -> Mapping:
    """Without the fields that the file does not have: what the engine reads."""
    fields = {name: index for name, index in mapping["fields"].items() if index is not None}
    return {"fields": fields, "key": mapping["key"]}


def _order(headings: Sequence[str]) -> list[int]:
    return sorted(range(len(headings)), key=lambda index: (headings[index], index))


def _moved(mapping: Mapping, place: Callable[[int], int]) -> Mapping:
    """The same mapping with other numbers for the columns."""
    fields = {name: None if index is None else place(index) for name, index in mapping["fields"].items()}
    return {"fields": fields, "key": None if mapping["key"] is None else place(mapping["key"])}
