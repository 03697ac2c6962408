import { readFile } from 'node:fs/promises';

const refused =
  /x509: certificate has expired or is not yet valid: (current time \S+ is (?:before|after) \S+?)["\\,\]]*(?:\s|$)/;

/**
 * What a log says of a certificate that is valid at another time than now, e.g. `current time T is before T`: whoever
 * issued it has another clock. Undefined where it says nothing of the kind, or is not there.
 */
export async function clockTrouble(logFile: string): Promise<string | undefined> {
  const text = await readFile(logFile, 'utf8').catch(() => '');
  return refused.exec(text)?.[1];
}
