#!/usr/bin/env bash
# Proves docker/Dockerfile where no Docker runs: carries out its own steps in an empty folder as an unprivileged user, starts what
# comes of them with a read-only root as the user 10001, sends it the fixture study, waits for the reports, and stops it.
# Needs Linux with user namespaces, git, Node.js with npm, and the npm registry. Proves what is committed.
# Usage: docker/prove.sh [FOLDER]   FOLDER is kept; without it a temporary one is removed at the end
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${1:-$(mktemp -d)}
mkdir -p "$folder/context"
[ $# -gt 0 ] || trap 'rm -rf "$folder"' EXIT
git archive HEAD | tar -x -C "$folder/context"

# the Node.js of the base image: its major version, from the registry
major=$(sed -nE 's/^ARG NODE_IMAGE=node:([0-9]+).*/\1/p' docker/Dockerfile)
node=${PROVE_NODE:-}
if [ -z "$node" ]; then
  (mkdir -p "$folder/node" && cd "$folder/node" && echo '{}' > package.json && npm install --no-save --silent "node@$major")
  node=$folder/node/node_modules/node/bin/node
fi

run=()
if [ "$(id -u)" = 0 ]; then
  chown -R 10001:10001 "$folder" && chmod 755 "$folder"
  run=(setpriv --reuid 10001 --regid 10001 --clear-groups --no-new-privs)
fi
HOME=$folder "${run[@]}" node "$folder/context/docker/prove.mjs" "$folder" "$node"
