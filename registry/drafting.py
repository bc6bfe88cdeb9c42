"""A signature as the fields of a browser form, and back. Pure.

    form = editable(version.signature, inferred=version.report.get("inferred", ()), is_draft=version.is_draft)
    edited, problems = rebuilt(version.signature, request.POST, is_draft=version.is_draft)
    if not problems:
        actions.confirm_signature(version=version, signature=edited, by=request.user)

`editable` gives every field its name in the form (`key`), its text (`value`) and, for a choice, what may be chosen.
`rebuilt` takes the posted texts by these keys. A key that was not posted leaves its member as it was, so a page may
show and post a part of a long signature; for the same reason yes and no are a choice with two values and not a tick
box. A text that was not changed changes nothing: what comes back is equal to what went in, however it is written there.
An empty text takes the member away. `problems` holds a sentence by key, and under "" what belongs to no single field;
with problems, the second signature is not to be stored. Names, order and number of features and classes stay.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from django.utils.translation import gettext as _

from registry import coercion, confirmation, contract_checks
from registry.coercion import Refused
from registry.draft_fields import LANGUAGES, Field, Form, Item, editable
from registry.signature import Signature, SignatureError

__all__ = ["Field", "Form", "Item", "editable", "rebuilt"]

Problems = dict[str, str]
JSON = dict[str, Any]
LONGEST = 2000  # characters of a text, as the contract has it


def rebuilt(signature: Mapping[str, Any], values: Mapping[str, str], *, is_draft: bool = True) -> tuple[JSON, Problems]:
    """The signature with the posted texts in it, and what is wrong with them by key; see the top of this module."""
    form = editable(signature, is_draft=is_draft)
    edited: JSON = deepcopy(dict(signature))
    problems: Problems = {}
    for index, item in enumerate(edited["inputs"].get("features", ())):
        _edit_feature(item, form.features[index], values, problems, f"f{index}")
    for shown, item in zip(form.classes, (edited.get("outputs") or {}).get("classes", ()), strict=True):
        _edit_texts(item, _changes(shown, values, problems), shown)
    _edit_outputs(edited, form.outputs, values, problems)
    if form.image is not None:
        _edit_image(edited["inputs"]["image"], form.image, values, problems)
    if not problems:
        problems |= _whole_problems(signature, edited, is_draft=is_draft)
    return edited, problems


def _changes(item: Item, values: Mapping[str, str], problems: Problems) -> dict[str, str]:
    """{member: posted text} of the fields whose text is another one than was shown."""
    changed = {}
    for field in item.fields:
        posted, shown = (_plain(text) for text in (values.get(field.key, field.value), field.value))
        if posted == shown:
            continue
        try:
            changed[field.member] = _allowed(field, posted)
        except Refused as refused:
            problems[field.key] = str(refused)
    return changed


def _plain(text: Any) -> str:
    """As it was meant: a browser sends lines ended in two characters."""
    return str(text).replace("\r\n", "\n").strip()


def _allowed(field: Field, text: str) -> str:
    if field.kind == "choice" and text not in dict(field.choices):
        raise Refused("choice", _("Choose one of the values offered."))
    if len(text) > LONGEST:
        raise Refused("too_long", _("Shorten the text."))
    if field.kind == "number" and text:
        coercion.number(text)
    return coercion.text(text)


def _edit_texts(item: JSON, changed: Mapping[str, str], shown: Item) -> None:
    for name in {member.removesuffix(f"_{code}") for member in changed for code in LANGUAGES if _is(member, code)}:
        texts = {code: changed.get(f"{name}_{code}", _plain(shown[f"{name}_{code}"].value)) for code in LANGUAGES}
        told = {code: text for code, text in texts.items() if text}
        _put(item, name, told["en"] if set(told) == {"en"} else told or None)


def _is(member: str, code: str) -> bool:
    return member.endswith(f"_{code}")


def _put(item: JSON, member: str, value: Any) -> None:
    """Set a member, or take it away."""
    if value is None:
        item.pop(member, None)
    else:
        item[member] = value


def _read(text: str) -> float | int | None:
    """The number in a text that was looked at; whole ones are written without a point."""
    if not text:
        return None
    value = coercion.number(text)
    return int(value) if value.is_integer() and abs(value) < coercion.LARGEST_INTEGER else value


def _edit_feature(item: JSON, shown: Item, values: Mapping[str, str], problems: Problems, prefix: str) -> None:
    changed = _changes(shown, values, problems)
    _edit_texts(item, changed, shown)
    for category, label in zip(item.get("categories", ()), shown.categories, strict=True):
        _edit_texts(category, _changes(label, values, problems), label)
    for member in {"min", "max", "step"} & changed.keys():
        _put(item, member, _read(changed[member]))
    for member in {"nullable", "allow_unknown", "actionable"} & changed.keys():
        _put(item, member, True if changed[member] == "true" else None)
    if "sensitive" in changed:
        _put(item, "sensitive", changed["sensitive"] or None)
    if "dtype" in changed:
        item["dtype"] = changed["dtype"]
    if "default" in changed:
        _put(item, "default", _chosen_default(item, changed["default"]))
    if {"train_low", "train_high"} & changed.keys():
        ends = [_read(changed.get(each, shown[each].value)) for each in ("train_low", "train_high")]
        item["train_range"] = ends
    if changed:
        problems.update(_feature_problems(item, prefix))
        if item.get("train_range") == [None, None]:
            del item["train_range"]


def _chosen_default(item: Mapping[str, Any], text: str) -> Any:
    if not text:
        return None
    if item["dtype"] == "boolean":
        return text == "true"
    if item["dtype"] == "category":
        return item["categories"][int(text)]["value"]
    return text if item["dtype"] == "string" else _read(text)


def _feature_problems(item: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    low, high = item.get("min"), item.get("max")
    if low is not None and high is not None and low > high:
        yield f"{prefix}-min", _("Enter a number that is not above the largest value.")
    if item.get("step", 1) <= 0:
        yield f"{prefix}-step", _("Enter a number above 0.")
    seen = item.get("train_range") or [None, None]
    if (seen[0] is None) != (seen[1] is None):
        yield f"{prefix}-train_{'low' if seen[0] is None else 'high'}", _("Enter both ends of the range, or none.")
    elif seen[0] is not None and seen[0] > seen[1]:
        yield f"{prefix}-train_low", _("Enter a number that is not above the largest value.")
    if item.get("default") is not None and contract_checks.value_problem(item["default"], item):
        yield f"{prefix}-default", _("The form must begin with a value that may be entered, or with nothing.")


def _edit_outputs(edited: JSON, shown: Item, values: Mapping[str, str], problems: Problems) -> None:
    changed = _changes(shown, values, problems)
    if not changed:
        return
    outputs = edited["outputs"] = edited.get("outputs") or {}
    chosen_by = {member: text for member, text in changed.items() if member.startswith("chosen_by")}
    _edit_texts(outputs, {member: text for member, text in changed.items() if member not in chosen_by}, shown)
    for member in {"minimum", "maximum"} & changed.keys():
        _put(outputs, member, _read(changed[member]))
    if "positive" in changed:
        for n, each in enumerate(outputs["classes"]):
            _put(each, "positive", True if str(n) == changed["positive"] else None)
        for measured in ("calibration", "frequency"):  # of the class that was the positive one
            _put(outputs, measured, None)
    if "threshold" in changed:
        value = _read(changed["threshold"])
        _put(outputs, "threshold", None if value is None else {**outputs.get("threshold", {}), "value": value})
    if chosen_by and "threshold" in outputs:
        _edit_texts(outputs["threshold"], chosen_by, shown)
    problems.update(_output_problems(outputs, chosen_by))


def _output_problems(outputs: Mapping[str, Any], chosen_by: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    threshold = (outputs.get("threshold") or {}).get("value")
    if threshold is not None and not 0 <= threshold <= 1:
        yield "o-threshold", _("Enter a number from 0 to 1.")
    if threshold is not None and not any(each.get("positive") for each in outputs["classes"]):
        yield "o-positive", _("Say which class the threshold is for.")
    if threshold is None and any(chosen_by.values()):
        yield "o-threshold", _("Enter the threshold that was chosen so.")
    low, high = outputs.get("minimum"), outputs.get("maximum")
    if low is not None and high is not None and low > high:
        yield "o-minimum", _("Enter a number that is not above the largest value.")


def _edit_image(image: JSON, shown: Item, values: Mapping[str, str], problems: Problems) -> None:
    changed = _changes(shown, values, problems)
    if "scale" in changed:
        scale = _read(changed["scale"])
        if scale is None or scale <= 0:
            problems["i-scale"] = _("Enter a number above 0.")
        else:
            image["scale"] = scale
    if "invert" in changed:
        image["invert"] = "auto" if changed["invert"] == "auto" else changed["invert"] == "true"
    if "fit" in changed:
        image["fit"] = changed["fit"]


def _whole_problems(before: Mapping[str, Any], edited: JSON, *, is_draft: bool) -> Problems:
    """What the import did not see, at its field; the rest of what confirmation finds under ""."""
    try:
        old, new = Signature.parse(before), Signature.parse(edited)
    except SignatureError as error:
        return {"": str(error)}
    keys = {"train_range": "train_low", "categories": "default"}
    found = {
        f"f{index}-{keys.get(member, member)}": sentence[:1].upper() + sentence[1:]
        for index, (one, other) in enumerate(zip(old.features, new.features, strict=True))
        for member, sentence in confirmation.wider(one, other, is_draft=is_draft)
    }
    rest = [] if found else confirmation.problems(before, edited, is_draft=is_draft)
    return found | ({"": " ".join(rest)} if rest else {})
