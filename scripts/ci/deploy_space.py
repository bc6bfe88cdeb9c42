"""Deploy the demo to a Docker Space on Hugging Face: every file of this check-out, as one commit of the Space.

    SPACE=acme/futurisys HF_TOKEN=... .venv/bin/python scripts/ci/deploy_space.py

The Space builds our Dockerfile, starts the demo and shows port 7860. What is no longer here goes there too. HF_ENDPOINT
names another Hub than the public one.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

README = Path("deploy/space/README.md")
# A Space starts the image without a word, which with this variable is the demo (scripts/serve).
DOCKERFILE = """
# Added by scripts/ci/deploy_space.py.
ENV FUTURISYS_SPACE=true
EXPOSE 7860
"""
LEFT_OUT = (".github/", "tests/", "benchmarks/")


def tracked() -> list[Path]:
    """Every file that git knows here, but what only developers need."""
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=False)
    if listed.returncode:
        sys.exit(f"git ls-files: {listed.stderr.strip()}")
    return [Path(name) for name in listed.stdout.split("\0") if name and not name.startswith(LEFT_OUT)]


def collect(folder: Path) -> None:
    """Write into `folder` what the Space will hold."""
    for path in tracked():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, folder / path)
    if not (folder / "Dockerfile").exists():
        sys.exit("There is no Dockerfile here: run this in a check-out of Futurisys.")
    shutil.copy2(README, folder / "README.md")
    (folder / "Dockerfile").write_text(Path("Dockerfile").read_text("utf-8").rstrip() + "\n" + DOCKERFILE, "utf-8")


def deploy(space: str, token: str) -> str:
    """Make the Space if need be and upload; its address and commit."""
    os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    api = HfApi(token=token)
    code = os.environ.get("GITHUB_SHA", "")[:12] or "a working copy"
    with tempfile.TemporaryDirectory() as name:
        collect(Path(name))
        try:
            api.create_repo(space, repo_type="space", space_sdk="docker", exist_ok=True)
            done = api.upload_folder(
                repo_id=space,
                repo_type="space",
                folder_path=name,
                delete_patterns="*",
                commit_message=f"Deploy {code}",
            )
        except (HfHubHTTPError, OSError) as error:
            sys.exit(f"The Space {space} was not changed: {error}")
    return f"{space} is at {done.oid}."


def main() -> None:
    """Deploy, or say what is missing."""
    space, token = os.environ.get("SPACE", ""), os.environ.get("HF_TOKEN", "")
    if not space:
        sys.exit("SPACE is not set: name the Space, like acme/futurisys.")
    if not token:
        sys.exit(f"HF_TOKEN is not set: the Hub needs a token that may write to {space}.")
    print(deploy(space, token))  # noqa: T201


if __name__ == "__main__":
    main()
