/**
 * What the probe pod runs, for sh of busybox and of Debian: `dns NAME`, `http HOST PORT PATH URL` or `volume FOLDER MIB`,
 * one after the other, from the arguments. Its report is one JSON object in $REPORT, within the 4096 bytes that a
 * termination message may have. Nothing that it prints can end a text early: quotes and control characters are taken care of.
 */
export const podScript = `set -u
all=
say() {
  text=$(printf '%s' "$2" | tr -c '[:print:]' ' ' | cut -c1-"$ROOM" | sed 's/\\\\/\\\\\\\\/g; s/"/\\\\"/g')
  all="$all\${all:+,}{\\"good\\":$1,\\"seen\\":\\"$text\\"}"
}
bounded() {
  if command -v timeout >/dev/null; then timeout "$@"; else shift; "$@"; fi
}
look_up() {
  if command -v getent >/dev/null; then
    found=$(bounded 5 getent ahosts "$1" 2>/dev/null | sed 's/ .*//' | sort -u | tr '\\n' ' ')
  else
    found=$(bounded 5 nslookup "$1" 2>/dev/null | sed -n '/^Name:/,$ s/^Address[ 0-9]*: *\\([^ ]*\\).*/\\1/p' | sort -u | tr '\\n' ' ')
  fi
  if [ -n "$found" ]; then say true "$found"; else say false "$1 does not resolve, or the cluster DNS gives no answer"; fi
}
get() {
  if command -v bash >/dev/null; then
    answer=$(bounded 5 bash --norc -c 'exec 3<>"/dev/tcp/$0/$1" && printf "GET %s HTTP/1.0\\r\\nHost: %s\\r\\nConnection: close\\r\\n\\r\\n" "$2" "$0" >&3 && cat <&3' "$1" "$2" "$3" 2>&1 </dev/null | tr -d '\\000')
  elif page=$(bounded 5 wget -q -O - "$4" 2>&1); then answer="HTTP/1.0 200 OK $page"
  else answer=$page
  fi
  first=$(printf '%s' "$answer" | sed -n 1p)
  case $first in HTTP/*' 2'*) ;; *) say false "$4: \${first:-no answer}"; return ;; esac
  if [ -n "$5" ]; then case $answer in *"$5"*) ;; *) say false "$4 answered without the marker"; return ;; esac; fi
  if [ -n "$6" ]; then case $answer in *"$6"*) say false "$4 answered with what must not be in it"; return ;; esac; fi
  say true "$4 answered"
}
stream() { yes "phoenix-$HOSTNAME" | head -c "$1"; }
keep() {
  file=$1/phoenix-probe
  bytes=$(($2 * 1048576))
  wanted=$(stream "$bytes" | sha256sum)
  if ! trouble=$(stream "$bytes" | dd of="$file" bs=65536 conv=fsync 2>&1); then
    rm -f "$file"
    say false "writing $2 MiB: $(printf '%s' "$trouble" | grep -v records | sed -n 1p)"
    return
  fi
  got=$(dd if="$file" iflag=direct bs=1048576 2>/dev/null | sha256sum)
  [ "$got" = "$wanted" ] || got=$(sha256sum <"$file")
  rm -f "$file"
  if [ "$got" = "$wanted" ]; then say true "$2 MiB written, synced and read back alike"; else say false "$2 MiB were read back otherwise than written"; fi
}
HOSTNAME=\${HOSTNAME:-probe}
while [ $# -gt 0 ]; do
  case $1 in
    dns) look_up "$2"; shift 2 ;;
    http) get "$2" "$3" "$4" "$5" "$6" "$7"; shift 7 ;;
    volume) keep "$2" "$3"; shift 3 ;;
    *) say false "no such task"; break ;;
  esac
done
printf '{"tasks":[%s]}' "$all" >"$REPORT"
`;
