#!/bin/sh
# Applies, as the field manager $1, the text MANIFEST or, without one, the manifests of MANIFEST_SOURCES (see
# manifest.mjs). KUSTOMIZATION, where set, changes them on the way: they are its upstream.yaml.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' HUP INT TERM
if [ -n "${MANIFEST:-}" ]; then
  printf '%s\n' "$MANIFEST" >"$folder/upstream.yaml"
else
  # Node asks a proxy only when told to.
  NODE_USE_ENV_PROXY=1 "${NODE:-node}" "$(dirname "$0")/manifest.mjs" >"$folder/upstream.yaml"
fi
apply() {
  sh "$(dirname "$0")/../kubectl/kubectl.sh" apply --server-side --force-conflicts "$@"
}
if [ -n "${KUSTOMIZATION:-}" ]; then
  printf '%s\n' "$KUSTOMIZATION" >"$folder/kustomization.yaml"
  apply --field-manager="$1" --kustomize="$folder"
else
  apply --field-manager="$1" --filename="$folder/upstream.yaml"
fi
