#!/bin/bash
# Check every workflow, and what else lies in .github: zizmor for what is unsafe, the schemas that come with
# check-jsonschema for what GitHub would not read. Nothing is asked of the network. `lint_workflows.sh FOLDER` checks
# another tree.
set -u
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/../..}" || exit 1
shopt -s nullglob extglob
workflows=(.github/workflows/*.yml examples/*/.github/workflows/*.yml)
failed=0

schema() {
    local name=$1
    shift
    (($#)) || return 0
    check-jsonschema --builtin-schema "$name" "$@" || failed=1
}

zizmor --offline --quiet --no-progress --strict-collection --persona pedantic --config .github/zizmor.yml \
    .github examples/*/.github || failed=1
schema vendor.github-workflows "${workflows[@]}"
schema custom.github-workflows-require-timeout "${workflows[@]}"
schema vendor.github-actions .github/actions/*/action.yml
schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/!(config).yml
schema vendor.dependabot .github/dependabot.yml
schema vendor.compose-spec compose*.yaml
exit $failed
