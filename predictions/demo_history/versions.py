"""Two versions of a model of their own, come here as any version does, and the ledger of half a year ago."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from predictions.demo_history.moments import at_hour, number_of
from predictions.demo_history.plan import Plan
from registry import actions, clock, discovery, oversight, promotions, serving
from registry.models import Delivery, LedgerEntry, ModelVersion, PromotionRequest, RegisteredModel

NAME, HUB, REPO = "attrition-history", "loopback", "demo/attrition-history"
SECONDS = 300  # of a training
OUTCOME_DAYS = 60  # in which it becomes known who has left
# Some hundred people teach less than some thousand: the second version is better, as a second version should be.
TRAININGS: dict[int, dict[str, int]] = {1: {"rows": 700, "seed": 6}, 2: {"rows": 2500, "seed": 3}}
WORDS: dict[str, dict[str, Any]] = {
    "model": {"name": NAME, "title": {"en": "Attrition, six months", "fr": "Départs, six mois"}},
    "outputs": {
        "label": {"en": "Within a month", "fr": "Dans le mois"},
        "frequency": {
            "en": "Of 100 people with this profile, about {count} can be expected to leave within a month.",
            "fr": "Sur 100 personnes ayant ce profil, on peut s’attendre à en voir partir environ {count} dans le mois.",
        },
    },
}
REASONS = {
    1: "First version: its metrics on the test set are good enough to begin with.",
    2: "Trained on more than three times as many people.",
}
Say = Callable[[str], None]


class Failed(Exception):
    """The two versions cannot be had; the text says what to do."""


@dataclass(frozen=True)
class Pair:
    """Both versions, ready."""

    versions: tuple[ModelVersion, ModelVersion]

    @property
    def model(self) -> RegisteredModel:
        return self.versions[0].model


def found() -> Pair | None:
    """Both versions, if they are here."""
    ready = ModelVersion.objects.ready().filter(model__name=NAME).select_related("model").order_by("number")[:2]
    first, second = [*ready, None, None][:2]
    return Pair((first, second)) if first and second else None


def prepare(folder: Path, say: Say) -> Pair:
    """Train, publish, track and import what is not here yet. Raises Failed, RegistryError, SubprocessError."""
    known = found()
    if known is not None:
        return known
    if HUB not in settings.HUB_ENDPOINTS:
        raise Failed("There is no loopback Hub here: start the demo with make run.")
    say("training two versions")
    places = _train(folder)
    say("publishing both")
    commits = [_publish(place, number) for number, place in places.items()]
    # It is not polled: nothing new will ever come, and two processes would import at once.
    model = actions.track_model(name=NAME, endpoint=HUB, repo_id=REPO, poll_minutes=0)
    for number, commit in enumerate(commits, 1):
        say(f"importing version {number}")
        _import(model, commit)
    known = found()
    if known is None:
        raise Failed(f"“{NAME}” has no two ready versions: see /registry/{NAME}/.")
    return known


def _train(folder: Path) -> dict[int, Path]:
    """The folders of both, trained at once; who was trained before is not trained again."""
    places = {number: folder / f"{NAME}-{number}" for number in TRAININGS}
    parts = {number: place.with_suffix(".part") for number, place in places.items() if not place.exists()}
    running = {number: _begin(number, part) for number, part in parts.items()}
    for number, process in running.items():
        if process.wait(timeout=SECONDS):
            raise Failed(f"Version {number} could not be trained: run “{' '.join(map(str, process.args))}”.")  # type: ignore[arg-type]
        reword(parts[number], number)
        parts[number].rename(places[number])
    return places


def _begin(number: int, out: Path) -> "subprocess.Popen[bytes]":
    shutil.rmtree(out, ignore_errors=True)
    options = [f"--{name}={value}" for name, value in TRAININGS[number].items()]
    command = [sys.executable, "examples/attrition/train.py", "--out", str(out), *options]
    return subprocess.Popen(command, cwd=settings.BASE_DIR, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def reword(folder: Path, number: int) -> None:
    """Give the model of a folder its own name and words. The manifest holds no digest of itself."""
    file = folder / "model_manifest.json"
    manifest = json.loads(file.read_text("utf-8"))
    for part, words in WORDS.items():
        manifest[part] |= words
    manifest["model"]["version"] = f"{number}.0.0"
    file.write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", "utf-8")


def _publish(folder: Path, number: int) -> str:
    """The commit."""
    from registry import hub  # brings the Hub's client, which a web process need not carry

    return hub.publish(
        endpoint=settings.HUB_ENDPOINTS[HUB],
        repo_id=REPO,
        directory=folder,
        token=settings.HUB_TOKENS.get(HUB) or None,
        tag=None,
        message=f"Version {number}",
        files=sorted(path.name for path in folder.iterdir()),
    )


def _import(model: RegisteredModel, commit: str) -> None:
    # Nobody else imports here: what is marked so was interrupted.
    model.versions.filter(status=ModelVersion.Status.IMPORTING).update(leased_until=None, attempts=0)
    delivery = discovery.note(model=model, kind=Delivery.Kind.COMMAND, commit=commit)
    done = discovery.sync(delivery, at=clock.now())
    if done.version is None or done.version.status != ModelVersion.Status.READY:
        raise Failed(f"A version could not be imported: {done.version.reason if done.version else done.text}")


# -- the ledger


def ledger() -> list[LedgerEntry]:
    """Both promotions, or nothing."""
    return list(LedgerEntry.objects.filter(model__name=NAME, number__lte=2).order_by("number"))


def first_day() -> date | None:
    """The day on which the history begins, which is the one after the first promotion; None before that is written."""
    begun = LedgerEntry.objects.filter(model__name=NAME, number=1).values_list("created_at", flat=True).first()
    return begun and timezone.localdate(begun, timezone.get_default_timezone()) + timedelta(days=1)


def write_ledger(pair: Pair, plan: Plan, *, by: User) -> None:
    """Both promotions, at their time, and who looks after the model; all of it or nothing."""
    moments = at_hour(plan, -1, 16.5), at_hour(plan, plan.promotion, 12.0)
    last: LedgerEntry | None = None
    with transaction.atomic():
        for number, (version, moment) in enumerate(zip(pair.versions, moments, strict=True), 1):
            last = _promoted(pair, version, last, moment, by, REASONS[number])
        rules = vars(oversight.rules_of(pair.model)) | {"is_high_risk": True, "outcome_days": OUTCOME_DAYS}
        oversight.oversee(model=pair.model, rules=oversight.Rules(**rules), by=by)
    serving.expire()


def _promoted(
    pair: Pair, version: ModelVersion, last: LedgerEntry | None, moment: datetime, by: User, reason: str
) -> LedgerEntry:
    kind = LedgerEntry.Kind.PROMOTE
    entry = promotions.unsaved(pair.model, kind, last, version, by=by, approved_by=None, reason=reason)
    entry.pk, entry.created_at = number_of(moment), moment
    entry.save(force_insert=True)
    asked = PromotionRequest.objects.create(
        model=pair.model,
        version=version,
        status=PromotionRequest.Status.EFFECTIVE,
        requested_by=by,
        reason=reason,
        seen_entry=last,
        decided_at=moment,
        entry=entry,
    )
    PromotionRequest.objects.filter(pk=asked.pk).update(created_at=moment)
    return entry
