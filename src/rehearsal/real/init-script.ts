import { nodeName, nodeNetwork, volumes, volumesFolder } from './place.ts';

/**
 * What the kubelet would write for the whole machine, since these are no namespace's. A file with the value it wants lies
 * over each, so it finds nothing to write, and there is nothing to put back, however the node ends.
 */
const wanted: Readonly<Record<string, string>> = {
  'vm/overcommit_memory': '1',
  'vm/panic_on_oom': '0',
  'kernel/panic': '10',
  'kernel/panic_on_oops': '1',
  'kernel/keys/root_maxkeys': '1000000',
  'kernel/keys/root_maxbytes': '25000000',
};

/**
 * The script of the node's process 1: makes the mounts and the network, says `ready` into the file READY, and reaps what
 * is orphaned until it is killed, which ends everything in the node. Its arguments are the paths that stay visible where
 * the node's own /run and /var lie over the machine's.
 */
export function initScript(): string {
  const shields = Object.entries(wanted).map(
    ([name, value]) =>
      `if [ -e /proc/sys/${name} ]; then f=/run/node/sysctl-$(echo ${name} | tr / -); echo ${value} > "$f"; mount --bind "$f" /proc/sys/${name}; fi`,
  );
  const made = Object.entries(volumes).map(
    ([name, size]) =>
      `mkdir -p ${volumesFolder}/${name}; mount -t tmpfs -o size=\${SIZE_${name.replaceAll('-', '_')}:-${size}},mode=1777 ${name} ${volumesFolder}/${name}`,
  );
  return `set -eu
# The node's own: nothing that is mounted in here is seen outside.
mount --make-rprivate /
mount -t tmpfs -o mode=755 node /mnt
n=0
for kept in "$@"; do
  n=$((n + 1))
  if [ -d "$kept" ]; then mkdir "/mnt/$n"; else : > "/mnt/$n"; fi
  mount --bind "$kept" "/mnt/$n"
done
for own in /run /var; do mount -t tmpfs -o mode=755 node "$own"; done
mkdir -p /run/node /run/lock /run/netns /var/lib/cni /var/lib/kubelet /var/log/pods /var/log/containers /var/tmp
chmod 1777 /var/tmp
n=0
for kept in "$@"; do
  n=$((n + 1))
  if [ ! -e "$kept" ]; then
    if [ -d "/mnt/$n" ]; then mkdir -p "$kept"; else mkdir -p "$(dirname "$kept")"; : > "$kept"; fi
    mount --bind "/mnt/$n" "$kept"
  fi
done
${made.join('\n')}
${shields.join('\n')}
# Pods see what the kubelet mounts for them after they started.
mount --make-rshared /
ip link set lo up
# A pair with both ends in here carries the node's address: many kernels have no dummy device.
ip link add node0 type veth peer name node0-peer
ip link set node0-peer up
ip addr add ${nodeNetwork} dev node0
ip link set node0 up
# kubelet and kube-proxy ask for a default route; this one leads nowhere.
ip route add default dev node0
echo 1 > /proc/sys/net/ipv4/ip_forward
echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet
[ ! -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables
hostname ${nodeName}
echo ready > "$READY"
# The shell reaps whatever is orphaned while it waits.
while :; do sleep 86400 & wait || :; done
`;
}
