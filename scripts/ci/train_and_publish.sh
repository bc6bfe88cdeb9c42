#!/bin/bash
# Train a model, check it against the contract and publish it to a Hub, whose webhook tells Futurisys: what train.yml of
# a model repository calls. Options go to the training. A model that Futurisys would reject is not published.
#
# Runs in the model repository. Futurisys is where this script lies, checked out beside or inside it, and has a .venv
# (`make .venv/run.stamp`, or whatever PYTHON names). No database is needed, and no setting but these:
#
#   HUB_REPOSITORY  NAMESPACE/NAME on the Hub; made when it is not there
#   HF_TOKEN        a token that may write there; neither the training nor the check sees it
#   HUB_TAG         also name the commit so, like model-v1.2.0 (default: no tag)
#   TRAIN           the training script, called with --out FOLDER (default: train.py)
#   HF_ENDPOINT     another Hub than the public one
set -euo pipefail

fail() {
    echo "$*" >&2
    exit 1
}

futurisys=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
python=${PYTHON:-$futurisys/.venv/bin/python}
train=${TRAIN:-train.py}
token=${HF_TOKEN:-}
unset HF_TOKEN

[[ -n ${HUB_REPOSITORY:-} ]] || fail "HUB_REPOSITORY is not set: name the repository on the Hub, like acme/iris."
[[ -n $token ]] || fail "HF_TOKEN is not set: the Hub needs a token that may write to $HUB_REPOSITORY."
[[ -f $train ]] || fail "There is no $train here: run this in the model repository, or name the script in TRAIN."
command -v "$python" >/dev/null || fail "There is no $python: run \`make .venv/run.stamp\` in $futurisys first."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

echo "== train"
PYTHONPATH=$futurisys "$python" "$train" --out "$folder/model" "$@" || fail "The training failed: nothing is published."
echo "== check against the contract"
"$python" "$futurisys/manage.py" check_model "$folder/model" || fail "The contract is not kept: nothing is published."
echo "== publish"
# Checked a moment ago.
options=(--no-check --message "Train at ${GITHUB_SHA:-a working copy}")
[[ -z ${HUB_TAG:-} ]] || options+=(--tag "$HUB_TAG")
HF_TOKEN=$token "$python" "$futurisys/manage.py" publish_model "$folder/model" --repo "$HUB_REPOSITORY" "${options[@]}"
