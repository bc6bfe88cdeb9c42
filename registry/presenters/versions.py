"""Everything the page of one version shows: what was imported, what the import saw, and how it is served."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context
from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from registry import cards, promotions, serving
from registry.models import LedgerEntry, ModelVersion
from registry.presenters import states, title_of
from registry.presenters.candidate_facts import packages_of
from registry.presenters.contract import Metric, SignatureTables, metrics
from registry.presenters.states import State, Words
from registry.texts import figure, tiny

PICTURES = ("image/png", "image/jpeg", "image/webp", "image/gif")  # no SVG: it may hold code


@dataclass(frozen=True)
class File:
    """A stored file of a version."""

    path: str
    digest: str
    size: int
    address: str


@dataclass(frozen=True)
class Check:
    """Something the import looked at, and what it found; `details` are listed folded."""

    title: Words
    text: str
    details: tuple[str, ...] = ()
    is_good: bool = True


class VersionParts:
    """What the pages of a model and of a version show of one version."""

    def __init__(self, version: ModelVersion) -> None:
        self.version, self.model, self.report = version, version.model, version.report

    @property
    def title(self) -> str:
        """How the manifest calls the model."""
        return title_of(self.version)

    @property
    def is_ready(self) -> bool:
        return self.version.status == ModelVersion.Status.READY

    @cached_property
    def signature(self) -> SignatureTables | None:
        """Inputs and outputs; None before the version is ready."""
        return SignatureTables(serving.signature_of(self.version)) if self.is_ready else None

    @cached_property
    def metrics(self) -> list[Metric]:
        return metrics(self.version)

    @cached_property
    def card(self) -> SafeString:
        """The model's card as safe HTML, with the pictures that were stored with the version."""
        text = str(self.version.metadata.get("card") or "")
        return cards.render(text, title=self.title, pictures=_shown(self.version)) if text.strip() else SafeString("")

    @property
    def card_goes_on(self) -> bool:
        """Whether the card is longer than what is shown."""
        return len(str(self.version.metadata.get("card") or "")) > cards.LONGEST


def pictures_of(version: ModelVersion) -> dict[str, str]:
    """Path -> media type of the pictures of a version that a browser may get."""
    found = version.report.get("pictures") or {}
    return {path: about["type"] for path, about in found.items() if about.get("type") in PICTURES}


def _shown(version: ModelVersion) -> list[cards.Picture]:
    sizes = version.report.get("pictures") or {}
    return [
        cards.Picture(
            path, picture_address(version, path), *(sizes[path].get(side) or 0 for side in ("width", "height"))
        )
        for path in pictures_of(version)
    ]


def picture_address(version: ModelVersion, path: str) -> str:
    """Where a stored picture is shown."""
    return reverse("registry-file", args=[version.model.name, version.number, path])


class VersionPage(VersionParts):
    """The page of one version."""

    @cached_property
    def entry(self) -> LedgerEntry | None:
        """The model's state."""
        return promotions.latest(self.model)

    @property
    def states(self) -> list[State]:
        return states.of_version(self.version, self.entry)

    @property
    def is_champion(self) -> bool:
        return self.entry is not None and self.entry.to_version_id == self.version.pk

    @property
    def is_importing(self) -> bool:
        return self.version.status == ModelVersion.Status.IMPORTING

    @property
    def is_rejected(self) -> bool:
        return self.version.status == ModelVersion.Status.REJECTED

    @property
    def is_draft(self) -> bool:
        return self.is_ready and self.version.is_draft

    @property
    def can_be_promoted(self) -> bool:
        return self.is_ready and not self.version.is_draft and not self.is_champion

    @cached_property
    def is_way_back(self) -> bool:
        """Whether putting it in charge is going back to it, as the ledger will call it."""
        is_older = self.entry is not None and self.version.number < self.entry.to_version.number
        return is_older and self.version.ledger_entries.exists()

    @property
    def task(self) -> Words:
        task = str(self.version.signature.get("task", ""))
        return states.TASKS.get(task, task)

    @property
    def runtime(self) -> Words:
        return states.RUNTIMES.get(self.version.runtime, "")

    @cached_property
    def files(self) -> list[File]:
        """What is stored, by path; the ones that a browser may get have an address."""
        rows = self.version.files.order_by("path").values_list("path", "artifact_id", "artifact__size")
        shown = pictures_of(self.version)
        return [File(*row, picture_address(self.version, row[0]) if row[0] in shown else "") for row in rows]

    @property
    def size(self) -> int:
        """Bytes of everything stored."""
        return sum(file.size for file in self.files)

    @property
    def serving_size(self) -> int | None:
        """Bytes of the files that serve, as the import counted them."""
        size = self.report.get("size")
        return size if isinstance(size, int) else None

    @property
    def limits(self) -> str:
        """The jail the model was opened in, on the host that imported it."""
        return str((self.report.get("jail") or {}).get("limits", ""))

    @property
    def latency(self) -> str:
        """What one row takes, in words; "" where it was not measured."""
        found = self.report.get("latency") or {}
        if not _is_number(found.get("runtime_ms")):
            return ""
        here = {"runtime": figure(float(f"{found['runtime_ms']:.2g}"))}
        if self.version.runtime != "onnx" or not _is_number(found.get("original_ms")):
            return _("%(runtime)s ms") % here
        here["original"] = figure(float(f"{found['original_ms']:.2g}"))
        return _("%(runtime)s ms; the original takes %(original)s ms") % here

    @property
    def confirmed(self) -> dict[str, Any]:
        """Who described the signature, when, and from which version; empty for the manifest's own."""
        report = self.report
        if not report.get("confirmed_by"):
            return {}
        at = parse_datetime(str(report.get("confirmed_at", "")))
        return {"by": report["confirmed_by"], "at": at, "number": report.get("confirmed_from")}

    @cached_property
    def checks(self) -> list[Check]:
        """What the import looked at, in its order."""
        return list(_checks(self.version, [file.path for file in self.files]))

    @property
    def warnings(self) -> list[str]:
        """What the import noticed and let pass."""
        environment = self.report.get("environment") or {}
        return [str(text) for text in [*_list(self.report, "warnings"), *_list(environment, "warnings")]]

    @property
    def is_converted(self) -> bool:
        """Whether the ONNX form answers, which needs no environment of the original's."""
        return self.version.runtime == "onnx"

    @property
    def environment(self) -> dict[str, Any]:
        """Why there is one of its own, its key and Python; empty when the server's own served."""
        found: dict[str, Any] = self.report.get("environment") or {}
        return found

    @cached_property
    def packages(self) -> list[tuple[str, str, str]]:
        """Package, the version the model was trained with, and the one that opened it here."""
        trained = packages_of(self.version)
        here = self.environment.get("packages") or self.report.get("versions") or {}
        names = sorted({*trained, *here}, key=str.casefold)
        return [(name, trained.get(name, ""), str(here.get(name) or "")) for name in names]


def _checks(version: ModelVersion, stored: list[str]) -> Iterator[Check]:
    report = version.report
    if "files" in report:
        yield _download(report, stored)
    if names := _list(report, "globals"):
        text = _("Classes and functions that it names: %(count)s.")
        if (report.get("serving") or {}).get("trusted"):
            text = _("Classes and functions that it names: %(count)s. The model is trusted: its own code may run.")
        elif version.status == ModelVersion.Status.READY:
            text = _("Classes and functions that it names: %(count)s. Each is on the list of allowed ones.")
        yield Check(_("What the file loads"), text % {"count": len(names)}, tuple(map(str, names)))
    if "golden" in report:
        yield _golden(report["golden"])
    if report.get("comparison"):
        yield _comparison(report["comparison"])


def _download(report: dict[str, Any], stored: list[str]) -> Check:
    """Counts the files of the page's list that the Hub gave; all that were fetched, where none was kept."""
    fetched = report["files"]
    count = {"count": len(set(fetched).intersection(stored) or fetched)}
    if report.get("hub_verified"):
        text = _("Files from the Hub: %(count)s, each with the digest that the Hub lists.") % count
        return Check(_("Download"), text)
    text = _("Files from the Hub: %(count)s; the Hub lists no digest of some of them.") % count
    return Check(_("Download"), text, is_good=False)


def _golden(found: dict[str, Any]) -> Check:
    if not found.get("cases"):
        return Check(_("Golden rows"), _("The repository has none, so no promise was checked."), is_good=False)
    values = {
        "cases": figure(found["cases"], grouped=True),
        "largest": tiny(float(found.get("largest_difference") or 0)),
        "allowed": tiny(float(found.get("atol") or 0)),
    }
    text = _("%(cases)s came out as promised; the largest difference is %(largest)s, %(allowed)s is allowed.") % values
    return Check(_("Golden rows"), text)


def _comparison(found: dict[str, Any]) -> Check:
    largest = found.get("largest_difference")
    values = {
        "rows": figure(found.get("rows", 0), grouped=True),
        "misses": figure(found.get("misses", 0), grouped=True),
        "largest": "–" if largest is None else tiny(float(largest)),
        "bound": _share(float(found.get("bound") or 1)),
    }
    if found.get("misses"):
        text = _("Checked on %(rows)s rows: %(misses)s come out differently, by up to %(largest)s.") % values
        return Check(_("ONNX form and original"), text, is_good=False)
    text = _(
        "Checked on %(rows)s rows: none comes out differently, the largest difference is %(largest)s. With no miss, "
        "fewer than %(bound)s of such rows differ, at 95 %% confidence."
    )
    return Check(_("ONNX form and original"), text % values)


def _share(bound: float) -> str:
    """A bound in percent with two digits, rounded up: less than was shown must not be claimed."""
    # As decimal text, for 100 * 0.00015 is a little more than 0.015 and would become 0.016.
    percent = Context(prec=2, rounding=ROUND_CEILING).create_decimal(f"{100 * bound:.10g}")
    return _("%(number)s%%") % {"number": figure(float(percent))}


def _list(found: dict[str, Any], key: str) -> list[Any]:
    value = found.get(key)
    return value if isinstance(value, list) else []


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
