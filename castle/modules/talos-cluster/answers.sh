#!/bin/sh
# Waits until ENDPOINT answers over TLS with a certificate of AUTHORITY (PEM, as base64), for WITHIN seconds.
set -eu
command -v curl > /dev/null || {
  echo "curl is not in the PATH of this machine, and the wait for the API server asks with it: install it." >&2
  exit 1
}
file=$(mktemp)
trap 'rm -f "$file"' EXIT
printf '%s' "$AUTHORITY" | base64 -d > "$file"
end=$(($(date +%s) + WITHIN))
until said=$(curl --silent --show-error --output /dev/null --connect-timeout 2 --max-time 5 --cacert "$file" "$ENDPOINT/readyz" 2>&1); do
  if [ "$(date +%s)" -ge "$end" ]; then
    echo "The API server at $ENDPOINT did not answer within $WITHIN s; last: ${said:-nothing}. Is the address free, and in the machines' network? On a control plane: talosctl service etcd, talosctl logs -k kube-system/kube-apiserver-*" >&2
    exit 1
  fi
  sleep 1
done
