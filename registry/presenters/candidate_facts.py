"""The numbers and facts of two versions, paired for the promotion page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Sum
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from registry import measures
from registry.models import ModelVersion, VersionFile
from registry.presenters import states
from registry.signature import text_in
from registry.texts import figure, svg_percent

MOST_DETAILS = 40
SMALLEST = 0.6  # percent of a bar; less cannot be seen
TELLING = ("scikit-learn", "lightgbm", "xgboost", "imbalanced-learn", "category_encoders", "torch")


@dataclass(frozen=True)
class Pair:
    """One thing of both versions, as text; `before` is empty for a first version."""

    title: str
    before: str
    after: str

    @property
    def differs(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True)
class MeasuredPair(Pair):
    """A number of both versions, and their bars as SVG widths ("" where there is no number)."""

    before_width: str = ""
    after_width: str = ""
    difference: str = ""
    note: str = ""


# --- numbers --------------------------------------------------------------------------------------------

_Metric = Mapping[str, Any]


def metrics_by_name(version: ModelVersion | None) -> dict[tuple[str, str, str], _Metric]:
    """The metrics of a manifest by name, split and slice, the last as text."""
    found: dict[tuple[str, str, str], _Metric] = {}
    for item in (version.metadata.get("metrics") or []) if version else []:
        if isinstance(item.get("value"), int | float):
            part = ", ".join(f"{key} {value}" for key, value in (item.get("slice") or {}).items())
            found.setdefault((str(item.get("name", "")), str(item.get("split", "")), part), item)
    return found


def metric_pair(name: tuple[str, str, str], before: _Metric | None, after: _Metric | None) -> MeasuredPair:
    """One metric of both versions, at least one of which has it; values up to 1 share one scale."""
    parts = (measures.title(name[0]), measures.split(name[1]), measures.part(name[2]))
    title = SafeString(" · ".join(part for part in parts if part))
    old, new = (None if item is None else float(item["value"]) for item in (before, after))
    largest = max(abs(value) for value in (old, new) if value is not None)
    note = ""
    if before and after and before.get("n") != after.get("n"):
        rows = {"before": _count(before), "after": _count(after)}
        note = _("Not measured on the same rows: %(before)s before, %(after)s now.") % rows
    return measured(title, old, new, 1.0 if largest <= 1 else largest, note=note)


def _count(item: _Metric) -> str:
    return figure(item["n"], grouped=True) if item.get("n") else _("an unknown number")


def measured(
    title: str, before: float | None, after: float | None, full: float, *, unit: str = "", note: str = ""
) -> MeasuredPair:
    """A number of both versions; `full` is the value whose bar is full."""
    difference = ""
    if before is not None and after is not None:
        gap = float(f"{after - before:.3g}")
        difference = f"{'+' if gap > 0 else '−' if gap < 0 else '±'}{figure(abs(gap))}{unit}"
    return MeasuredPair(
        title=title,
        before=_amount(before, unit),
        after=_amount(after, unit),
        before_width=_width(before, full),
        after_width=_width(after, full),
        difference=difference,
        note=note,
    )


def _amount(value: float | None, unit: str) -> str:
    return "" if value is None else f"{figure(float(f'{value:.4g}'))}{unit}"


def _width(value: float | None, full: float) -> str:
    return "" if value is None else svg_percent(min(max(100 * value / (full or 1), SMALLEST), 100))


def latency_of(version: ModelVersion | None) -> float | None:
    """Milliseconds of one row, as far as a person wants to know them; None when they were not measured."""
    value = (version.report.get("latency") or {}).get("runtime_ms") if version else None
    return float(f"{value:.2g}") if isinstance(value, int | float) else None


def stored_bytes(version: ModelVersion) -> int:
    """Bytes of every file that is kept of a version: an import of long ago did not count those that serve."""
    return VersionFile.objects.filter(version=version).aggregate(total=Sum("artifact__size"))["total"] or 0


# --- facts ----------------------------------------------------------------------------------------------


def _runtime(version: ModelVersion) -> str:
    return str(states.RUNTIMES.get(version.runtime, ""))


def _golden(version: ModelVersion) -> str:
    found = version.report.get("golden") or {}
    if not found.get("cases"):
        return _("none in the repository")
    texts = {"cases": figure(found["cases"], grouped=True), "apart": _apart(found.get("largest_difference"))}
    return _("all %(cases)s as promised, %(apart)s") % texts


def _comparison(version: ModelVersion) -> str:
    found = version.report.get("comparison")
    if not found:
        return _("not compared: the original serves") if version.runtime == "isolated" else _("not compared")
    if found.get("misses"):
        texts = {"misses": figure(found["misses"], grouped=True), "rows": figure(found["rows"], grouped=True)}
        return _("%(misses)s of %(rows)s rows differ, so the original serves") % texts
    texts = {"rows": figure(found["rows"], grouped=True), "apart": _apart(found.get("largest_difference"))}
    return _("the same on %(rows)s rows, %(apart)s") % texts


def _apart(largest: Any) -> str:
    """A largest difference between two scores, for people: what is below a millionth is no news."""
    value = float(largest or 0)
    if value == 0:
        return _("to the last digit")
    if value < 1e-6:
        return _("less than a millionth apart")
    return _("at most %(amount)s apart") % {"amount": figure(float(f"{value:.2g}"))}


def _trained_with(version: ModelVersion) -> str:
    known = packages_of(version)
    said = [f"{name} {known[name]}" for name in TELLING if known.get(name)]
    return ", ".join(said) or _("not said")


def _environment(version: ModelVersion) -> str:
    found = version.report.get("environment") or {}
    if not found.get("key"):
        return _("the server’s own")
    installed = found.get("packages") or {}
    named = ", ".join(f"{name} {installed[name]}" for name in TELLING if name in installed)
    return _("one of its own: %(packages)s") % {"packages": named}


def _commit(version: ModelVersion) -> str:
    return version.commit[:12]


def _imported(version: ModelVersion) -> str:
    return date_format(timezone.localtime(version.finished_at or version.created_at), "j F Y, H:i")


def _described(version: ModelVersion) -> str:
    report = version.report
    if version.is_draft:
        return _("inferred, described by nobody yet")
    if by := report.get("confirmed_by"):
        return _("described by %(who)s, from version %(number)s") % {"who": by, "number": report.get("confirmed_from")}
    return _("the repository’s own")


FACTS = (
    (gettext_noop("Runtime"), _runtime),
    (gettext_noop("Golden rows"), _golden),
    (gettext_noop("Compared with the original"), _comparison),
    (gettext_noop("Trained with"), _trained_with),
    (gettext_noop("Environment"), _environment),
    (gettext_noop("Signature"), _described),
    (gettext_noop("Commit"), _commit),
    (gettext_noop("Imported"), _imported),
)


def packages_of(version: ModelVersion | None) -> dict[str, str]:
    """Package -> version that the model was trained with, as its manifest or its file says."""
    if version is None:
        return {}
    saved_by = {"scikit-learn": version.report["trained_with"]} if version.report.get("trained_with") else {}
    found = {**saved_by, **(version.report.get("packages") or {})}
    return {str(name): str(number) for name, number in found.items()}


def differences(before: Mapping[str, Any], after: Mapping[str, Any], *, alone: bool) -> list[Pair]:
    """The members that differ, the candidate's order; all of them where there is nothing to compare with."""
    names = list(dict.fromkeys([*after, *before]))
    pairs = [Pair(str(name), _short(before.get(name)), _short(after.get(name))) for name in names]
    return [pair for pair in pairs if alone or pair.differs][:MOST_DETAILS]


def _short(value: Any) -> str:
    if isinstance(value, Mapping) and value and value.keys() <= {"en", "fr"}:
        value = text_in(value)
    return "" if value is None else str(value)[:200]
