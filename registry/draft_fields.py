"""What of a signature a person may edit, field by field. Pure; see registry.drafting for both directions."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from registry import contract_checks, sensitivity

LANGUAGES = ("en", "fr")

TITLES: dict[str, str | Promise] = {
    "label_en": gettext_lazy("Label, English"),
    "label_fr": gettext_lazy("Label, French"),
    "help_en": gettext_lazy("Help, English"),
    "help_fr": gettext_lazy("Help, French"),
    "group_en": gettext_lazy("Group, English"),
    "group_fr": gettext_lazy("Group, French"),
    "unit_en": gettext_lazy("Unit, English"),
    "unit_fr": gettext_lazy("Unit, French"),
    "dtype": gettext_lazy("Numbers"),
    "min": gettext_lazy("Smallest value that may be entered"),
    "max": gettext_lazy("Largest value that may be entered"),
    "step": gettext_lazy("Step"),
    "train_low": gettext_lazy("Smallest value the model saw"),
    "train_high": gettext_lazy("Largest value the model saw"),
    "nullable": gettext_lazy("May be missing"),
    "allow_unknown": gettext_lazy("Other values may be entered"),
    "default": gettext_lazy("What the form begins with"),
    "sensitive": gettext_lazy("Sensitive"),
    "actionable": gettext_lazy("Somebody can change it"),
    "positive": gettext_lazy("Class that is looked for"),
    "threshold": gettext_lazy("Answered from this probability on"),
    "chosen_by_en": gettext_lazy("How the threshold was chosen, English"),
    "chosen_by_fr": gettext_lazy("How the threshold was chosen, French"),
    "minimum": gettext_lazy("Smallest answer"),
    "maximum": gettext_lazy("Largest answer"),
    "scale": gettext_lazy("Value of full ink"),
    "invert": gettext_lazy("Light on dark"),
    "fit": gettext_lazy("Fit"),
}


@dataclass(frozen=True)
class Field:
    """One input of the form. `kind`: text, long (several lines), number or choice; `choices`: (value, words)."""

    key: str
    member: str
    kind: str
    value: str
    choices: tuple[tuple[str, str], ...] = ()
    inferred: bool = False

    @property
    def title(self) -> str:
        """What the field asks for, in the active language."""
        return str(TITLES[self.member])


@dataclass(frozen=True)
class Item:
    """A feature, a category of it, or a class: its own name, and its fields."""

    name: str
    fields: tuple[Field, ...]
    dtype: str = ""
    categories: tuple["Item", ...] = ()
    suggestion: str = ""  # protected, proxy or personal, by the feature's name; nothing was set

    def __getitem__(self, member: str) -> Field:
        """The field of a member. Raises KeyError."""
        return {field.member: field for field in self.fields}[member]


@dataclass(frozen=True)
class Form:
    """Everything of a signature that a person may edit."""

    features: tuple[Item, ...]
    classes: tuple[Item, ...]
    outputs: Item
    image: Item | None


def editable(signature: Mapping[str, Any], *, inferred: Collection[str] = (), is_draft: bool = True) -> Form:
    """The form of a signature in its JSON form. `inferred`: places that were guessed, as the import's report has them.

    A version that is no draft cannot be made wider, so it has fewer fields; a draft of a picture may say its scale.
    """
    inputs, outputs = signature["inputs"], signature.get("outputs") or {}
    classes = outputs.get("classes", [])
    return Form(
        features=tuple(_feature(index, item, set(inferred)) for index, item in enumerate(inputs.get("features", ()))),
        classes=tuple(_named(f"c{n}", str(item["value"]), item) for n, item in enumerate(classes)),
        outputs=Item("", tuple(_output_fields(signature))),
        image=Item("image", tuple(_image_fields(inputs["image"], is_draft))) if "image" in inputs else None,
    )


# Fields


def _text_fields(prefix: str, name: str, value: Any, *, kind: str = "text", inferred: bool = False) -> Iterator[Field]:
    by_language = value if isinstance(value, Mapping) else {"en": value or ""}
    for code in LANGUAGES:
        yield Field(f"{prefix}-{name}_{code}", f"{name}_{code}", kind, str(by_language.get(code, "")), (), inferred)


def _named(prefix: str, name: str, item: Mapping[str, Any]) -> Item:
    return Item(name, tuple(_text_fields(prefix, "label", item.get("label"))))


def _number(value: Any) -> str:
    return "" if value is None else f"{value:.12g}" if isinstance(value, float) else str(value)


def _yes_no() -> tuple[tuple[str, str], ...]:
    return ("true", _("Yes")), ("false", _("No"))


def _feature(index: int, item: Mapping[str, Any], inferred: set[str]) -> Item:
    prefix, dtype = f"f{index}", item["dtype"]
    guessed = {each.removeprefix(f"{item['name']}.") for each in inferred if each.startswith(f"{item['name']}.")}
    fields: list[Field] = []
    for name in ("label", "help", "group", *(["unit"] if dtype in ("number", "integer") else [])):
        fields += _text_fields(prefix, name, item.get(name), kind="long" if name == "help" else "text")

    def add(member: str, kind: str, value: str, choices: Any = (), source: str = "") -> None:
        known = (source or member) in guessed
        fields.append(Field(f"{prefix}-{member}", member, kind, value, tuple(choices), known))

    if dtype == "number":
        add("dtype", "choice", dtype, [("number", _("Any")), ("integer", _("Whole ones only"))])
    if dtype in ("number", "integer"):
        for member in ("min", "max", "step"):
            add(member, "number", _number(item.get(member)))
        low, high = item.get("train_range") or (None, None)
        add("train_low", "number", _number(low), source="train_range")
        add("train_high", "number", _number(high), source="train_range")
    for member in ("nullable", "allow_unknown"):
        if item.get(member):  # what is not allowed now cannot be allowed by words
            add(member, "choice", "true", _yes_no())
    add("default", *_default(item))
    add("sensitive", "choice", item.get("sensitive", ""), sensitivity.choices())
    add("actionable", "choice", "true" if item.get("actionable") else "false", _yes_no())
    categories = tuple(
        _named(f"{prefix}-v{n}", str(each["value"]), each) for n, each in enumerate(item.get("categories", ()))
    )
    suggestion = "" if "sensitive" in item else sensitivity.suggested(item["name"])
    return Item(item["name"], tuple(fields), dtype, categories, suggestion)


def _default(item: Mapping[str, Any]) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """kind, value and choices; a category is chosen by its place."""
    value = item.get("default")
    if item["dtype"] == "boolean":
        return "choice", "" if value is None else str(value).lower(), (("", _("Nothing")), *_yes_no())
    if item["dtype"] != "category":
        kind = "text" if item["dtype"] == "string" else "number"
        return kind, _number(value), ()
    known = [each["value"] for each in item["categories"]]
    chosen = next((str(n) for n, each in enumerate(known) if contract_checks.same(each, value)), "")
    return "choice", chosen, (("", _("Nothing")), *((str(n), str(each)) for n, each in enumerate(known)))


def _output_fields(signature: Mapping[str, Any]) -> Iterator[Field]:
    outputs = signature.get("outputs") or {}
    classes = outputs.get("classes", [])
    yield from _text_fields("o", "label", outputs.get("label"))
    if len(classes) == 2:
        marked = next((str(n) for n, each in enumerate(classes) if each.get("positive")), "")
        choices = [("", _("Not said")), *((str(n), str(each["value"])) for n, each in enumerate(classes))]
        yield Field("o-positive", "positive", "choice", marked, tuple(choices))
        threshold = outputs.get("threshold") or {}
        yield Field("o-threshold", "threshold", "number", _number(threshold.get("value")))
        yield from _text_fields("o", "chosen_by", threshold.get("chosen_by"))
    if not classes:
        yield from _text_fields("o", "unit", outputs.get("unit"))
        for member in ("minimum", "maximum"):
            yield Field(f"o-{member}", member, "number", _number(outputs.get(member)))


def _image_fields(image: Mapping[str, Any], is_draft: bool) -> Iterator[Field]:
    if is_draft:
        yield Field("i-scale", "scale", "number", _number(image.get("scale", 1)))
    invert = [*_yes_no(), ("auto", _("Find out for each picture"))]
    yield Field("i-invert", "invert", "choice", str(image.get("invert", False)).lower(), tuple(invert))
    fits = [("stretch", _("The whole picture")), ("ink", _("What was drawn, cut out"))]
    yield Field("i-fit", "fit", "choice", image.get("fit", "stretch"), tuple(fits))
