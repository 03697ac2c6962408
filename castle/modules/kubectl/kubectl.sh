#!/bin/sh
# kubectl for the layers. Without KUBECONFIG it would take the user's own cluster, so it refuses; and its discovery
# cache goes beside the kubeconfig, since in the user's home it would outlive the castle it describes.
set -eu
: "${KUBECONFIG:?is not set. Phoenix sets it for the layers after platform; by hand, name the kubeconfig of the castle}"
KUBECACHEDIR="$(dirname "$KUBECONFIG")/kubectl-cache"
export KUBECACHEDIR
exec kubectl "$@"
