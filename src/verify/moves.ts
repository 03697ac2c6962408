/** What is wrong decides the next move: a code of its own where that differs. */
export type Trouble =
  | 'page'
  | 'certificate'
  | 'dns'
  | 'node'
  | 'clock'
  | 'workload'
  | 'image'
  | 'secret'
  | 'volume'
  | 'address';

export interface Move {
  readonly code: string;
  readonly next: string;
}

/** The move for a trouble; what brings its own, as the ladder of a database does, is taken at its word. */
export const moveFor = (trouble: Trouble | Move): Move =>
  typeof trouble === 'string' ? moves[trouble] : trouble;

const moves: Readonly<Record<Trouble, Move>> = {
  page: {
    code: 'PHX-VERIFY-PROBE',
    next: 'Open the address by hand; check DNS, the LoadBalancer address and the ingress, then run verify again.',
  },
  certificate: {
    code: 'PHX-VERIFY-CERTIFICATE',
    next: 'See the Certificate, its Order and the issuer that it names; a CA of your own goes into `certificate.ca-file`.',
  },
  dns: {
    code: 'PHX-VERIFY-DNS',
    next: 'Put the record right where it is kept, wait for its TTL, then run verify again.',
  },
  node: {
    code: 'PHX-VERIFY-PROBE',
    next: 'See the node with kubectl describe node; mend it, then run verify again.',
  },
  clock: {
    code: 'PHX-VERIFY-CLOCK',
    next: 'Set the clock of the node, or of this machine, by a time server, then run verify again.',
  },
  workload: {
    code: 'PHX-VERIFY-WORKLOAD',
    next: 'See the pod with kubectl describe and kubectl logs; mend the cause that is named, then run again.',
  },
  image: {
    code: 'PHX-VERIFY-IMAGE',
    next: 'Check the name of the image, and that its registry lets the node pull it (a login or a mirror where it limits), then run again.',
  },
  secret: {
    code: 'PHX-VERIFY-SECRET',
    next: 'Give the secret a value in the store, or correct its key in the ExternalSecret; a wrong region of the store answers empty.',
  },
  volume: {
    code: 'PHX-VERIFY-VOLUME',
    next: 'See the claim and its events in the namespace phoenix-verify, and the storage that the class gives.',
  },
  address: {
    code: 'PHX-VERIFY-PROBE',
    next: 'See the pool of the load balancer and its controller; free an address or widen the pool.',
  },
};
