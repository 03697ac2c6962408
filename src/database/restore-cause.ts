/** Why a restore failed, as far as its last words tell. */
export interface RestoreCause {
  readonly kind: 'unreachable' | 'stanza' | 'corrupted' | 'cipher' | 'space' | 'permission' | 'unknown';
  readonly why: string;
  readonly next: string;
  /** Whether trying again may do. */
  readonly passes: boolean;
}

/**
 * In this order, for a missing stanza is also what is said behind a bucket that does not answer, and a full disk shows in
 * pgBackRest as a write that failed. Words of pgBackRest 2.45 against a real bucket, of S3, and of the kernel.
 */
const causes: readonly (Omit<RestoreCause, 'passes'> & { readonly said: RegExp; readonly passes?: true })[] =
  [
    {
      kind: 'unreachable',
      said: /HostConnectError|unable to connect|unable to get address|connection refused|connection reset|no route to host|network is unreachable|could not resolve|timed? ?out|S3 (?:is |end ?point |server )?(?:unreachable|does not answer)/i,
      why: 'The bucket with the backups does not answer.',
      next: 'Bring the S3 server within reach of the database (its address, its port, its certificate); the restore tries again by itself.',
      passes: true,
    },
    {
      kind: 'cipher',
      said: /CryptoError|cipher|passphrase|unable to flush/i,
      why: 'The backups cannot be decrypted: the passphrase is not the one that they were made with.',
      next: 'Give the passphrase of that repository (repo1-cipher-pass), and let the restore run again.',
    },
    {
      kind: 'permission',
      said: /permission denied|AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch|403|\[13\]|operation not permitted/i,
      why: 'The restore is not allowed to read the bucket, or to write the data folder.',
      next: "Put right the key of the bucket, or the owner of the data folder (the database's own user).",
    },
    {
      kind: 'space',
      said: /no space left|disk (?:is )?full|ENOSPC|disk quota|FileWriteError|\[064\]|unable to write '/i,
      why: 'The volume is too small for the database.',
      next: 'Make the volume larger, and let the restore run again.',
    },
    {
      kind: 'corrupted',
      said: /FormatError|ChecksumError|checksum|decompression ?failed|lz4 error|zst[d]? error|unexpected eof|\[029\]|\[026\]|corrupt|unable to open missing file '[^']*\/pg_data\//i,
      why: 'The backup is damaged: a file of it is changed, cut off or missing.',
      next: 'Restore an older backup (pgbackrest --set=LABEL), and run pgbackrest verify to learn which are whole.',
    },
    {
      kind: 'stanza',
      said: /no backup set found|missing stanza|no stanza|wrong stanza|backup\.info|\[075\]|\[055\]|no (?:valid )?backup/i,
      why: 'The bucket has no backup of that stanza.',
      next: 'Put the stanza, the bucket and repo1-path right: they must be those that the backups were made with.',
    },
  ];

/** What the last lines of a restore (oldest first) say. Its own last line is told beside. */
export function restoreCause(lines: readonly string[]): RestoreCause {
  const text = lines.join('\n');
  const found = causes.find(({ said }) => said.test(text));
  if (found === undefined) {
    return {
      kind: 'unknown',
      why: 'Its words are none that Phoenix knows.',
      next: 'See the log of the restore, and put right what it says.',
      passes: true,
    };
  }
  const { kind, why, next, passes = false } = found;
  return { kind, why, next, passes };
}
