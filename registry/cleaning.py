"""A column of raw values, cleaned value by value where it is not clean as it came."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from registry.coercion import Refused

if TYPE_CHECKING:
    from registry.signature import Feature

MOST_REMEMBERED = 50_000  # texts of a feature


def clean_column(
    feature: "Feature",
    raw: Sequence[Any] | None,
    rows: int,
    errors: list[dict[str, Any]],
    warnings: list[dict[str, Any]],
) -> list[Any]:
    """Each different text is cleaned once: a column of a million rows rarely holds a million of them.

    The result is of no use when `errors` got something.
    """
    values = [None] * rows if raw is None else raw
    if (untouched := feature.untouched(values)) is not None:
        return untouched
    # Not for other types: 1, 1.0 and True are one key, and mean different things.
    if rows < 2 or not set(map(type, values)) <= {str, type(None)}:
        verdicts = [_verdict(feature, value) for value in values]
        _tell(feature, list(enumerate(verdicts)), errors, warnings)
        return [found.value for found in verdicts]
    if len(feature.plain) > MOST_REMEMBERED:
        feature.__dict__.pop("plain", None)  # not cleared: another thread may be reading it
    plain, different = feature.plain, set(values)
    new = {value: _verdict(feature, value) for value in different if value not in plain}
    plain |= {value: found.value for value, found in new.items() if found.is_plain}
    special = {value: found for value, found in new.items() if not found.is_plain}
    if not special:
        return [plain[value] for value in values]
    met = [(row, special[value]) for row, value in enumerate(values) if value in special]
    _tell(feature, met, errors, warnings)
    known = {value: special[value].value if value in special else plain[value] for value in different}
    return [known[value] for value in values]


def _tell(
    feature: "Feature",
    met: "Sequence[tuple[int, _Verdict]]",
    errors: list[dict[str, Any]],
    warnings: list[dict[str, Any]],
) -> None:
    for row, (_value, refused, warning) in met:
        if refused:
            errors.append({"row": row, "field": feature.name, "code": refused.code, "message": str(refused)})
        elif warning:
            warnings.append({"row": row, **warning})


class _Verdict(NamedTuple):
    """What became of a raw value."""

    value: Any
    refused: Refused | None = None
    warning: dict[str, Any] | None = None

    @property
    def is_plain(self) -> bool:
        return self.refused is None and self.warning is None


def _verdict(feature: "Feature", value: Any) -> _Verdict:
    try:
        result = feature.clean(value)
    except Refused as refused:
        return _Verdict(None, refused)
    return _Verdict(result, None, feature.warning(result))
