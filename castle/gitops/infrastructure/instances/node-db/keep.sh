#!/bin/bash
# Beside the database, for as long as it lives: its roles have the passwords of the Secrets, also after a restore, which
# brings those of the backup; and the bucket has a backup. The pod is ready once both are true.
set -eu
settings=${CASTLE_SETTINGS:-/etc/castle}
export SECRETS=${CASTLE_SECRETS:-/etc/castle-secrets}
settled=${SETTLED:-/tmp/settled}
# shellcheck source=/dev/null
. "$settings/castle.env"
rows=${rows:-0}
trap 'exit 0' TERM INT
rm -f "$settled"

say() { printf '%s\n' "$*"; }
ask() { psql -XqAt -v ON_ERROR_STOP=1 -d postgres -c "$1" 2>/dev/null || true; }
# A wait that a signal ends.
pause() {
  sleep "$1" &
  wait $!
}

secrets() { sha256sum "$SECRETS"/*/user "$SECRETS"/*/password | sha256sum; }

whole() {
  for file in "$SECRETS"/*/user "$SECRETS"/*/password; do
    [ -s "$file" ] || { say "waiting: $file is empty or missing"; return 1; }
  done
}

# By psql's own standard input: neither the arguments of a process nor a log ever holds a password.
roles() { psql -XqAt -v ON_ERROR_STOP=1 -v VERBOSITY=terse -v rows="$rows" -d postgres -f "$scripts/roles.sql"; }

backed_up() { pgbackrest info --log-level-console=off --log-level-stderr=off 2>/dev/null | grep -q 'full backup:'; }

scripts=$(dirname "$0")
told=
until [ "$(ask 'SELECT NOT pg_is_in_recovery()')" = t ]; do
  now=$(ask "SELECT 'in recovery, at ' || coalesce(pg_last_wal_replay_lsn()::text, 'its beginning')")
  now=${now:-not answering yet}
  [ "$now" = "$told" ] || say "the database is $now"
  told=$now
  pause 1
done
say 'the database is out of recovery'

applied=
while :; do
  if whole && [ "$(secrets)" != "$applied" ]; then
    now=$(secrets)
    if roles; then
      applied=$now
      say 'the roles have the passwords of the Secrets'
    else
      say 'the roles could not be set: tried again'
    fi
  fi
  if [ -n "$applied" ] && [ ! -e "$settled" ]; then
    if backed_up || pgbackrest backup --type=full --log-level-console=info --log-level-stderr=off; then
      : >"$settled"
      say 'settled'
    else
      say 'no backup yet: tried again'
    fi
  fi
  pause 2
done
