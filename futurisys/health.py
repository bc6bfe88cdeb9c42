"""Is this process alive, and may it answer? A service that could lose a record is not ready."""

from collections.abc import Callable, Iterator

from django.conf import settings
from django.db import Error, connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse

from futurisys.roles import fact_models
from registry import runtimes, serving
from registry.exceptions import ModelSuspended, RegistryError
from registry.runtimes.base import RuntimeFailed

_migrated = False


class Degraded(str):
    """A sentence about what is wrong while every question still gets its answer."""

    __slots__ = ()


def live(request: HttpRequest) -> JsonResponse:
    """The process answers; nothing is asked."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> JsonResponse:
    """200 when every question gets its answer, else 503; with the sentence of each check that does not pass.

    "degraded" is 200 too: a version that was in charge before answers for one that cannot be loaded.
    """
    checks: dict[str, Callable[[], Iterator[str]]] = {
        "database": database_problems,
        "migrations": migration_problems,
        "roles": role_problems,
        "models": model_problems,
    }
    found: dict[str, list[str]] = {}
    for name, check in checks.items():
        try:
            found[name] = list(check())
        except Error:
            found[name] = ["The database does not answer."]
            break
    said = {name: " ".join(sentences) or "ok" for name, sentences in found.items()}
    status = _status([sentence for sentences in found.values() for sentence in sentences])
    return JsonResponse({"status": status, "checks": said}, status=503 if status == "unavailable" else 200)


def summary(request: HttpRequest) -> JsonResponse:
    """What the seeds' monitoring reads: 200 and "ok" while every question gets its answer, else 503 and "unavailable".

    Anybody may ask, so nothing is explained; `ready` has the sentences.
    """
    models: dict[str, str] = {}
    try:
        is_safe = not any(list(check()) for check in (database_problems, migration_problems, role_problems))
        models = {name: _word(problem) for name, problem in model_states()} if is_safe else {}
    except Error:
        is_safe = False
    is_fine = is_safe and "unavailable" not in models.values()
    body = {"status": "ok" if is_fine else "unavailable", "database": "ok" if is_safe else "unavailable"}
    return JsonResponse({**body, "models": models}, status=200 if is_fine else 503)


def _word(problem: str | None) -> str:
    if problem is None:
        return "suspended"
    if not problem:
        return "ok"
    return "degraded" if isinstance(problem, Degraded) else "unavailable"


def _status(sentences: list[str]) -> str:
    if not sentences:
        return "ok"
    return "degraded" if all(isinstance(sentence, Degraded) for sentence in sentences) else "unavailable"


def database_problems() -> Iterator[str]:
    """Settings under which PostgreSQL could lose a committed record, or takes none."""
    yield from encoding_problems("default")
    with connection.cursor() as cursor:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            cursor.execute("SELECT current_setting(%s)", [setting])
            if cursor.fetchone() == ("off",):
                yield f"PostgreSQL runs with {setting}=off: a committed record could be lost."
        cursor.execute("SELECT current_setting('transaction_read_only')")
        if cursor.fetchone() == ("on",):
            yield "PostgreSQL is read-only, as a replica is: nothing can be recorded."


def encoding_problems(alias: str) -> Iterator[str]:
    """Whether the database behind this connection takes every letter: one that was made without a locale does not."""
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT current_setting('server_encoding')")
        encoding = cursor.fetchone()[0]
    if encoding != "UTF8":
        yield f"The database is encoded in {encoding}, which lacks letters: create one with ENCODING 'UTF8'."


def migration_problems() -> Iterator[str]:
    """Migrations that were not applied; asked until there are none."""
    global _migrated  # noqa: PLW0603
    if not _migrated:
        executor = MigrationExecutor(connections["default"])
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            yield "Migrations are not applied: run manage.py migrate."
        else:
            _migrated = True


def role_problems() -> Iterator[str]:
    """Rights of the application's role that would let it change a fact."""
    if not settings.PRODUCTION and _same_role():
        return
    with connection.cursor() as cursor:
        for model in fact_models():
            table = model._meta.db_table
            cursor.execute("SELECT has_table_privilege(current_user, %s, 'UPDATE, DELETE, TRUNCATE')", [table])
            if cursor.fetchone() == (True,):
                yield f"The application's database role may change facts in {table}: run manage.py migrate."


def _same_role() -> bool:
    return bool(connections["default"].settings_dict["USER"] == connections["owner"].settings_dict["USER"])


def model_problems() -> Iterator[str]:
    """Champions that cannot be loaded here. A suspended model answers nothing on purpose."""
    return (problem for _name, problem in model_states() if problem)


def model_states() -> Iterator[tuple[str, str | None]]:
    """Each promoted model and what is wrong with its champion: "" for nothing, None for a suspended one."""
    for name in serving.promoted_names():
        problem: str | None = ""
        try:
            champion = serving.champion(name)
            runtimes.check(champion.version)
        except ModelSuspended:
            problem = None
        except RuntimeFailed as error:
            problem = _answered_for(champion, error)
        except RegistryError as error:
            problem = f"{name}: {error}"
        yield name, problem


def _answered_for(champion: serving.Serving, why: RuntimeFailed) -> str:
    """The sentence on a champion that cannot be loaded: degraded where the version before it answers for it."""
    name, number, before = champion.model.name, champion.version.number, serving.previous(champion)
    if before is None:
        return f"{name}: {why}"
    other = before.version.number
    try:
        runtimes.check(before.version)
    except RuntimeFailed as error:
        return f"{name}: version {number} cannot be loaded: {why} Nor can version {other}: {error}"
    return Degraded(f"{name}: version {number} cannot be loaded here, version {other} answers instead. {why}")
