#!/bin/bash
# Fills the data folder before the database starts: from the bucket, to the end of the archived WAL, or at the first birth
# with a new cluster, where the bucket has none. What is whole already is left alone; what an interruption left is not.
# The last line, which is the termination message too, names the cause of a failure in words.
set -eu
set -o pipefail
settings=${CASTLE_SETTINGS:-/etc/castle}
message=${TERMINATION_LOG:-/dev/termination-log}
# shellcheck source=/dev/null
. "$settings/castle.env"
birth=${birth:-} s3_host=${s3_host:-} s3_port=${s3_port:-}
born=$(dirname "$PGDATA")/born

die() {
  printf '%s\n' "$1"
  printf '%s' "$1" | head -c 4000 >"$message" || true
  exit 1
}

# Runs it, shown as it goes; what it said is kept in `said`.
run() {
  "$@" 2>&1 | tee "$kept" || { said=$(cat "$kept"); return 1; }
  said=$(cat "$kept")
}

# pgBackRest waits for minutes on a server that is not there.
reach() {
  # shellcheck disable=SC2016
  said=$(LC_ALL=C timeout 5 bash -c 'exec 3<>"/dev/tcp/$1/$2"' reach "$s3_host" "$s3_port" 2>&1) && return
  case $said in
    *refused*) why='connection refused' ;;
    *'not known'* | *'resolution'*) why='its name is not known' ;;
    *unreachable* | *'No route'*) why='no route to it' ;;
    *) why='no answer within 5 s' ;;
  esac
  die "S3 unreachable: $s3_host:$s3_port: $why"
}

full() {
  [ "$(df --output=avail "$(dirname "$PGDATA")" | tail -n 1)" -lt 1024 ]
}

# $1: what pgBackRest said. Its last error goes along, on the same line.
explain() {
  error=$(printf '%s\n' "$1" | grep -E 'ERROR: \[[0-9]+\]|\[[A-Za-z]+Error\]' | tail -n 1 | sed 's/^.*ERROR: //; s/^ *//' | cut -c 1-600)
  case $1 in
    # Of a write that failed it does not always say why.
    *'unable to write'* | *'unable to sync'*) ! full || die "$birth: disk full: the volume cannot hold the database: $error" ;;
  esac
  case $1 in
    *'No space left on device'*) cause='disk full: the volume cannot hold the database' ;;
    *'unable to find hostname'* | *'unable to verify certificate'* | *'certificate verify failed'* | *'unable to set certificate'*)
      cause='S3 certificate refused' ;;
    *HostConnectError* | *'unable to connect to'* | *'unable to get address'* | *'timeout '*connecting* | *ServiceError*)
      cause='S3 unreachable' ;;
    *NoSuchBucket*) cause='bucket not found' ;;
    *SignatureDoesNotMatch* | *InvalidAccessKeyId* | *'(Forbidden)'* | *AccessDenied*) cause='S3 refused the keys' ;;
    *'cipher header invalid'* | *'unable to flush'* | *'bad decrypt'* | *'wrong final block'*)
      cause='backup corrupted, or its passphrase is another one' ;;
    *checksum* | *lz4* | *FormatError* | *'unexpected eof'* | *'unable to load info file'*CryptoError*)
      cause='backup corrupted' ;;
    *FileMissingError* | *'unable to load info file'* | *'no backup set found'* | *'missing stanza'*)
      cause="no backup of the stanza $PGBACKREST_STANZA in the bucket" ;;
    *'Permission denied'*) cause='permission denied' ;;
    *) cause='pgBackRest failed' ;;
  esac
  die "$birth: $cause: ${error:-it said nothing}"
}

info() {
  said=$(pgbackrest info --log-level-console=off --log-level-stderr=error 2>&1) || explain "$said"
  # With an exit code of 0: the bucket could not be read.
  case $said in
    *'error (other)'*) explain "$said" ;;
  esac
}

mark() {
  printf '%s\n' "$1" >"$born.new"
  sync "$(dirname "$PGDATA")"
  mv "$born.new" "$born"
}

restored() {
  reach
  info
  case $said in
    *'full backup:'*) ;;
    *) die "restored: no backup of the stanza $PGBACKREST_STANZA in the bucket: $(printf '%s' "$said" | grep -m 1 -o 'error (.*)' || true)" ;;
  esac
  mkdir -m 0700 "$PGDATA" || die "$birth: the volume cannot be written"
  # No --type: to the end of the WAL. `immediate` would stop at the backup, and lose what was written after it.
  run pgbackrest restore --log-level-console=info --log-level-stderr=off || explain "$said"
  mark restored
}

first() {
  reach
  info
  case $said in
    *'missing stanza path'* | *'No stanzas exist'*) ;;
    *'full backup:'*) die "first birth refused: the bucket has a backup of the stanza $PGBACKREST_STANZA: restore it, or name another folder" ;;
    *) die "first birth refused: the stanza $PGBACKREST_STANZA is in the bucket already: $(printf '%s' "$said" | grep -m 1 -o 'error (.*)' || true)" ;;
  esac
  mkdir -m 0700 "$PGDATA" || die "$birth: the volume cannot be written"
  run initdb --username=postgres --auth-local=peer --auth-host=scram-sha-256 --data-checksums --encoding=UTF8 \
    --locale=C.UTF-8 --no-instructions || case $said in
    *'No space left on device'*) die 'first: disk full: the volume cannot hold the database' ;;
    *) die "first: initdb: $(printf '%s\n' "$said" | grep -m 1 -i error || true)" ;;
  esac
  mark initialized
}

kept=$(mktemp)
state=none
[ ! -e "$born" ] || state=$(cat "$born")
if [ "$state" = none ]; then
  rm -rf "$PGDATA"
  case $birth in
    first | restored) "$birth" ;;
    *) die "no such birth: $birth" ;;
  esac
  state=$(cat "$born")
fi
if [ "$state" = initialized ]; then
  # Before the database starts: then no segment is ever without a place.
  run pgbackrest stanza-create --no-online --log-level-console=info --log-level-stderr=off || explain "$said"
  mark first
fi
# What hands the volume to the pod may have opened it to the group, which the database refuses.
chmod 0700 "$PGDATA"
echo "the data folder is whole ($(cat "$born"))"
