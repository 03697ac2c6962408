#!/usr/bin/env bash
# The document's create.sh, "Turbo Flow": layers of a stage in the background, then one `wait` for all of them.
# Usage: turbo.sh LIVE_DIR STAGE...   A stage is a layer, or several joined by commas.
# With secrets platform engine networking,gitops,storage it is the document's script; V1 has one layer a stage.
set -e

LIVE_DIR=$1
shift
TG=terragrunt

for STAGE in "$@"; do
  IFS=, read -r -a LAYERS <<< "$STAGE"
  if [[ ${#LAYERS[@]} -eq 1 ]]; then
    ( cd "$LIVE_DIR/$STAGE" && $TG apply --auto-approve )
    continue
  fi
  echo "[TURBO] Launching ${LAYERS[*]} in PARALLEL..."
  PIDS=()
  for LAYER in "${LAYERS[@]}"; do
    ( cd "$LIVE_DIR/$LAYER" && $TG apply --auto-approve ) &
    PIDS+=($!)
  done
  # As in the document: only the status of the last one is seen.
  wait "${PIDS[@]}"
done
