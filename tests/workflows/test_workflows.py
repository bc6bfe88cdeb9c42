"""The workflows: what each may do, that their steps are scripts the suite runs, and that a wrong one fails `make check`."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.workflows.github import EXPRESSION, WORKFLOWS, Step, read, steps
from tests.worlds import ROOT

STEPS = [step for workflow in WORKFLOWS for step in steps(workflow)]
RUNS = [step for step in STEPS if step.command]
# One command with plain words; of the shell only the value of one variable.
WORD = r'(?:[\w./:=-]+|"\$[A-Z_]+")'
ONE_CALL = re.compile(rf"{WORD}(?: {WORD})*")
# Who runs each of them: a test, or .ci/run.
PROVED_BY = {
    "futurisys/scripts/ci/redeploy.py": "tests/workflows/test_redeploy.py",
    "futurisys/scripts/ci/train_and_publish.sh": "tests/workflows/test_train_chain.py",
    "scripts/ci/deploy_space.py": "tests/workflows/test_deploy_space.py",
    "scripts/ci/postgres_client.sh": "tests/workflows/test_postgres_client.py",
    "scripts/ci/smoke_image.sh": "tests/workflows/test_smoke_image.py",
    "scripts/ci/system_packages.sh": ".ci/run",
    "scripts/release": "tests/workflows/test_release.py",
}
SCRIPT = re.compile(r"\S*scripts/\S+")


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_there_is_a_workflow_for_each_thing() -> None:
    examples = [f"examples/{name}/.github/workflows/train.yml" for name in ("attrition", "digits", "iris")]
    ours = [f".github/workflows/{name}.yml" for name in ("ci", "docs", "images", "space")]
    assert [named(path) for path in WORKFLOWS] == [*ours, *examples]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=named)
def test_nobody_may_more_than_is_said(workflow: Path) -> None:
    about = read(workflow)
    assert about["permissions"] == {}
    assert about["concurrency"]["group"]
    assert "pull_request_target" not in about["on"]
    writes = {name for job in about["jobs"].values() for name, what in job["permissions"].items() if what == "write"}
    allowed = {"docs.yml": {"pages", "id-token"}, "images.yml": {"packages"}}
    assert writes == allowed.get(workflow.name, set())
    assert [name for name, job in about["jobs"].items() if job["timeout-minutes"] > 60] == []


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_actions_are_named_by_release_tag_and_keep_no_credentials(step: Step) -> None:
    if step.uses:
        assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+(\.\d+){0,2}", step.uses)
    if step.uses.startswith("actions/checkout@"):
        assert step.about["with"]["persist-credentials"] is False


@pytest.mark.parametrize("step", RUNS, ids=str)
def test_a_step_is_one_call_of_what_the_suite_runs(step: Step) -> None:
    assert ONE_CALL.fullmatch(step.command)
    assert not EXPRESSION.search(step.command)
    if step.command.startswith("make "):
        target = step.command.removeprefix("make ").removeprefix("-C futurisys ").split()
        done = subprocess.run(["make", "--dry-run", *target], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return
    (script,) = SCRIPT.findall(step.command)
    place = ROOT / script.removeprefix("futurisys/")
    assert place.exists()
    assert step.command != script or os.access(place, os.X_OK)
    assert place.name in (ROOT / PROVED_BY[script]).read_text()


def test_the_three_train_workflows_are_one() -> None:
    texts = {path.read_text().replace(path.parents[2].name, "NAME") for path in WORKFLOWS if path.name == "train.yml"}
    assert len(texts) == 1


def test_continuous_integration_covers_what_is_promised() -> None:
    jobs = read(ROOT / ".github/workflows/ci.yml")["jobs"]
    matrix = jobs["integration"]["strategy"]["matrix"]
    assert matrix == {"python": ["3.11", "3.13"], "postgres": ["15", "18"]}
    brokers = {each["url"].partition(":")[0] for each in jobs["brokers"]["strategy"]["matrix"]["include"]}
    assert brokers == {"amqp", "redis"}
    commands = {step["run"] for job in jobs.values() for step in job["steps"] if "run" in step}
    tiers = {f"make test TIER={tier}" for tier in ("unit", "integration", "model_validation", "browser")}
    assert (
        tiers
        | {
            "make check",
            "make coverage",
            "make schemathesis",
            "make test-broker",
            "make test-long ARGS=--ignore=tests/api",
        }
        <= commands
    )


# -- a wrong workflow fails

# What is changed in which file, and what has to be said of it; the second group can't be read by zizmor.
UNSAFE = {
    "a value in a command": ("ci", "run: make check", "run: echo ${{ github.head_ref }}", "template-injection"),
    "credentials stay": ("ci", "persist-credentials: false", "fetch-depth: 1", "artipacked"),
    "everything is allowed": ("space", "permissions: {}", "permissions: write-all", "excessive-permissions"),
    "no timeout": ("docs", "    timeout-minutes: 15\n", "", "'timeout-minutes' is a required property"),
    "no cooldown": ("dependabot", "    cooldown:\n      default-days: 7\n", "", "dependabot-cooldown"),
    "a form that is none": ("bug", "type: textarea", "type: textfield", "textfield"),
}
UNREADABLE = {
    "a key that is none": ("iris", "    steps:", "    stepps:", "stepps"),
    "an ecosystem that is none": ("dependabot", "ecosystem: pip", "ecosystem: pipp", "pipp"),
}
PLACES = {
    "iris": "examples/iris/.github/workflows/train.yml",
    "dependabot": ".github/dependabot.yml",
    "bug": ".github/ISSUE_TEMPLATE/bug.yml",
}


def lint(folder: Path) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(folder)}
    command = [ROOT / "scripts/ci/lint_workflows.sh", folder]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of all that is linted."""
    for folder in [ROOT / ".github", *ROOT.glob("examples/*/.github")]:
        shutil.copytree(folder, tmp_path / "tree" / folder.relative_to(ROOT))
    for path in ROOT.glob("compose*.yaml"):
        shutil.copy(path, tmp_path / "tree")
    return tmp_path / "tree"


def test_ours_are_right(tree: Path) -> None:
    done = lint(tree)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("cases", [UNSAFE, UNREADABLE], ids=["unsafe", "unreadable"])
def test_a_wrong_one_is_named(tree: Path, cases: dict[str, tuple[str, str, str, str]]) -> None:
    for name, old, new, _said in cases.values():
        place = tree / PLACES.get(name, f".github/workflows/{name}.yml")
        text = place.read_text()
        assert old in text
        place.write_text(text.replace(old, new, 1))
    done = lint(tree)
    assert done.returncode == 1
    unsaid = [case for case, (*_change, said) in cases.items() if said not in done.stdout + done.stderr]
    assert unsaid == [], done.stdout + done.stderr


def test_make_check_lints_them() -> None:
    assert 'check "workflows" scripts/ci/lint_workflows.sh\n' in (ROOT / "scripts/check").read_text()


def test_pre_commit_calls_what_the_check_calls() -> None:
    about = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    hooks = [hook for repository in about["repos"] for hook in repository["hooks"]]
    assert {repository["repo"] for repository in about["repos"]} == {"local"}
    checked = (ROOT / "scripts/check").read_text()
    for hook in hooks:
        program = hook["entry"].split()[0]
        assert program.startswith((".venv/bin/", "scripts/"))
        assert program.removeprefix(".venv/bin/") in checked
