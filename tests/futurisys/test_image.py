"""The Dockerfile, read: what it copies and runs is here and let in, and what it makes is small and nobody's root.

tests/futurisys/test_serve.py runs its steps.
"""

import re
from pathlib import PurePosixPath

import pytest

from tests.images import context, let_in
from tests.worlds import ROOT

pytestmark = pytest.mark.integration  # git is asked
Step = tuple[str, str]  # COPY, and what follows
OURS = PurePosixPath("/opt/futurisys")


def stages() -> list[list[Step]]:
    """The steps of each stage, lines joined; every stage begins with FROM."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    found: list[list[Step]] = []
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        if word and not word.startswith("#"):
            if word == "FROM":
                found.append([])
            found[-1].append((word, rest))
    return found


def steps(word: str, *, stage: int | None = None) -> list[str]:
    chosen = stages() if stage is None else [stages()[stage]]
    return [rest for steps in chosen for each, rest in steps if each == word]


def test_what_is_copied_is_let_in() -> None:
    for rest in steps("COPY"):
        *sources, _target = [part for part in rest.split() if not part.startswith("--")]
        for source in sources if "--from" not in rest else []:
            assert source == "." or any(PurePosixPath(path).is_relative_to(source) for path in context()), source


def test_what_is_run_is_let_in() -> None:
    named = set(re.findall(r"scripts/[\w/.]+", (ROOT / "Dockerfile").read_text()))
    assert named == {
        f"scripts/{name}" for name in ("serve", "image/install.sh", "image/build.sh", "image/healthcheck.py")
    }
    assert named <= {*context()}


def test_the_entry_point_is_a_program() -> None:
    (entry,) = steps("ENTRYPOINT")
    assert entry == f'["{OURS}/scripts/serve"]'
    assert all((ROOT / path).stat().st_mode & 0o111 for path in context() if path.endswith((".sh", "scripts/serve")))


@pytest.mark.parametrize(
    "path",
    [".env", "settings.env", "var/demo.env", ".git/config", "tests/conftest.py", "futurisys/__pycache__/settings.cpython-313.pyc",
     "examples/iris/.github/workflows/train.yml", "docs/tour.md", "compose.yaml", "scripts/ci/redeploy.py"],
)  # fmt: skip
def test_secrets_and_what_nobody_runs_stay_out(path: str) -> None:
    assert not let_in(path)


@pytest.mark.parametrize(
    "path",
    ["manage.py", "CHANGELOG.md", "docs/openapi.json", "locale/fr/LC_MESSAGES/django.mo", "static/css/base.css",
     "requirements/base.txt", "examples/iris/train.py", "futurisys/accounts/views/login.py", "scripts/serve"],
)  # fmt: skip
def test_what_serves_gets_in(path: str) -> None:
    assert let_in(path)


def test_nobody_is_root_and_there_is_one_folder_to_write() -> None:
    final = stages()[-1]
    assert [rest for word, rest in final if word == "USER"] == ["1000:1000"]
    assert [word for word, _ in final].index("USER") > max(i for i, (word, _) in enumerate(final) if word == "RUN")
    (variables,) = steps("ENV", stage=-1)
    told = dict(re.findall(r"(\w+)=(\S+)", variables))
    assert steps("VOLUME") == [told["FUTURISYS_VAR"]]
    assert (told["FUTURISYS_ENV"], told["BIND"]) == ("production", "0.0.0.0:8000")
    assert PurePosixPath(told["STATIC_ROOT"]).is_relative_to(OURS)


def test_no_compiler_and_no_cache_of_pip_in_what_serves() -> None:
    commands = " ".join(steps("RUN", stage=-1))
    assert not re.search(r"apt|pip|gcc|build-essential|curl|wget", commands)
    assert not re.search(r"apt|gcc|build-essential", " ".join(steps("RUN", stage=0)))
    assert "--only-binary :all:" in (ROOT / "scripts" / "image" / "install.sh").read_text()


def test_both_stages_stand_on_one_base_named_by_its_tag() -> None:
    bases = {rest.split()[0] for rest in steps("FROM")}
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.1[1-9]-slim-\w+", bases.pop())
