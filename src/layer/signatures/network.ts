import { again, type Signature } from './signature.ts';

/** What any API can answer, and the way to it; last of all, since nearly everything else also says one of these. */
export const networkSignatures: readonly Signature[] = [
  {
    id: 'tls-authority',
    code: 'PHX-LAYER-TLS',
    patterns: [
      /certificate signed by unknown authority/i,
      /\bself-signed certificate\b/i,
      /unable to get local issuer certificate/i,
    ],
    cause: 'The certificate of the other side is not trusted here.',
    next: (scene) =>
      `Name its authority: SSL_CERT_FILE in the runner's environment, or the provider's own setting (Proxmox: insecure, or a proper certificate). ${again(scene)}`,
  },
  {
    id: 'tls-time',
    code: 'PHX-LAYER-TLS',
    patterns: [/certificate has expired or is not yet valid/i, /\bcertificate has expired\b/i],
    cause: 'A certificate has run out, or a clock is wrong.',
    next: (scene) => `Compare \`date -u\` here and there, then renew the certificate. ${again(scene)}`,
  },
  {
    id: 'rate-limit',
    code: 'PHX-LAYER-RATE',
    retry: 'rate-limit',
    patterns: [
      /\b(?:HTTP|status|error|code)(?: (?:status|response|code))*:? ?=?\(?429\b/i,
      /\b429 Too Many Requests\b/i,
      /\btoo many requests\b/i,
      /\brate limit(?:ed| exceeded| reached)\b/i,
      /\brate limit\b.{0,40}\bexceeded\b/i,
    ],
    cause: 'An API asks for fewer requests.',
    next: (scene) =>
      `Wait, or let it be tried again: layers.${scene.layer}.retry.on: [rate-limit]. ${again(scene)}`,
  },
  {
    id: 'unauthorized',
    code: 'PHX-LAYER-REFUSED',
    patterns: [
      /\b(?:HTTP|status|error|code)(?: (?:status|response|code))*:? ?=?\(?40[13]\b/i,
      /\b401 (?:Unauthorized|authentication failure|no ticket)\b/i,
      /\b403 (?:Forbidden|Permission check failed)\b/i,
      /\b(?:is forbidden: User|Unauthorized\b.{0,20}$)/,
      /\bPermission check failed\b/i,
    ],
    cause: 'An API refuses the credential (401), or what is done with it (403).',
    next: (scene) =>
      `See that the credential is the current one and has the right that is named; a token that was just renewed must be in the secret store too. ${again(scene)}`,
  },
  {
    id: 'server-error',
    code: 'PHX-LAYER-SERVER',
    retry: 'http-5xx',
    patterns: [
      /\b(?:HTTP|status)(?:\/\d(?:\.\d)?)?(?:[ -](?:status|response|code))*:? ?=?\[?\(?5\d\d\b/i,
      /\b(?:500 Internal Server Error|502 Bad Gateway|503 Service Unavailable|504 Gateway)/i,
    ],
    cause: 'An API failed inside (5xx).',
    next: (scene) =>
      `See its own log; a passing fault is worth another try: layers.${scene.layer}.retry.on: [http-5xx]. ${again(scene)}`,
  },
  {
    id: 'dns',
    code: 'PHX-LAYER-DNS',
    patterns: [
      /\bno such host\b/i,
      /Temporary failure in name resolution/i,
      /\bserver misbehaving\b/i,
      /Could not resolve host\b/i,
    ],
    cause: 'A name cannot be resolved.',
    next: (scene) => `Check the spelling, then \`getent hosts NAME\` on the runner. ${again(scene)}`,
  },
  {
    id: 'network',
    code: 'PHX-LAYER-NETWORK',
    retry: 'network',
    patterns: [
      /connection reset by peer/i,
      /\bunexpected EOF\b/i,
      /"?https?:\/\/\S+"?: EOF\b/,
      /TLS handshake timeout/i,
      /\bi\/o timeout\b/i,
      /\bconnection refused\b/i,
      /\bno route to host\b/i,
      /\bconnection timed out\b/i,
      /Client\.Timeout exceeded/,
      /http2: client connection lost/i,
    ],
    cause: 'The other side does not answer, or broke off.',
    next: (scene) =>
      `See that it is up and can be reached from the runner; a passing fault is worth another try: layers.${scene.layer}.retry.on: [network]. ${again(scene)}`,
  },
  {
    id: 'deadline',
    code: 'PHX-LAYER-DEADLINE',
    patterns: [/\bcontext deadline exceeded\b/i, /timed out waiting for the condition/i],
    cause: 'Something that the provider waits for did not come in its time.',
    next: (scene) =>
      `See what it waits for (\`kubectl get pods,events -A\`), and raise the resource's own timeout only if it was on its way. ${again(scene)}`,
  },
];
