#!/bin/sh
# Applies the manifests on stdin, server-side, as the field manager given. Without KUBECONFIG kubectl would take the
# user's own cluster: then nothing is applied at all.
set -eu
: "${KUBECONFIG:?is not set. Phoenix sets it for the layers after platform; by hand, name the kubeconfig of the castle}"
exec kubectl apply --server-side --force-conflicts --field-manager="phoenix-$1" -f -
