import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findLock, parseStoredLock } from '../../src/locks/lock-info.ts';
import { describeLock, unlockCommand } from '../../src/locks/words.ts';
import { holds } from '../support/property.ts';

const block = `Lock Info:
  ID:        b1e40f13-9799-df34-0f2f-9279c8e413fc
  Path:      castle/platform/terraform.tfstate
  Operation: OperationTypeApply
  Who:       root@forge
  Version:   1.12.6
  Created:   2026-11-24 11:03:16.429800793 +0000 UTC
  Info:      `;
const text = `
Error: Error acquiring the state lock

Error message: operation error S3: PutObject, https response error
StatusCode: 412, api error PreconditionFailed: At least one of the pre-conditions you
specified did not hold.
${block}


OpenTofu acquires a state lock to protect the state from being written
`;
const lock = {
  id: 'b1e40f13-9799-df34-0f2f-9279c8e413fc',
  path: 'castle/platform/terraform.tfstate',
  operation: 'OperationTypeApply',
  who: 'root@forge',
  version: '1.12.6',
  created: Date.UTC(2026, 10, 24, 11, 3, 16, 429),
  info: '',
};

describe('a lock is read', () => {
  it('from the words of an error', () => {
    expect(findLock(text)).toEqual(lock);
  });

  it("from the box that the engine draws round an error, and with a wrapper's marks before each line", () => {
    const boxed = text.replaceAll(/^/gm, '│ ');
    expect(findLock(boxed)).toEqual(lock);
    expect(findLock(boxed.replaceAll(/^/gm, '11:03:42.910 STDERR tofu: '))).toEqual(lock);
  });

  it('from a -json diagnostic, and from a line of JSON of the wrapper', () => {
    const diagnostic = { severity: 'error', summary: 'Error acquiring the state lock', detail: text };
    expect(findLock(JSON.stringify({ type: 'diagnostic', diagnostic }))).toEqual(lock);
    expect(findLock(`noise\n${JSON.stringify({ level: 'error', msg: text })}\n`)).toEqual(lock);
  });

  it('with an empty path, and with any time zone', () => {
    const other = text
      .replace(/Path: .*/, 'Path:      ')
      .replace('11:03:16.429800793 +0000 UTC', '12:33:16.4 +0130 XYZ');
    expect(findLock(other)).toEqual({ ...lock, path: '', created: Date.UTC(2026, 10, 24, 11, 3, 16, 400) });
  });

  it('from what is stored', () => {
    const stored =
      '{"ID":"b1e40f13-9799-df34-0f2f-9279c8e413fc","Operation":"OperationTypeApply","Info":"","Who":"root@forge",' +
      '"Version":"1.12.6","Created":"2026-11-24T11:03:16.429800793Z","Path":"castle/platform/terraform.tfstate"}';
    expect(parseStoredLock(stored)).toEqual(lock);
    expect(parseStoredLock('{}')).toMatchObject({ id: '', who: '', created: Number.NaN });
    for (const no of ['', 'null', '[]', '{"ID":7}']) expect(parseStoredLock(no)).toBeUndefined();
  });
});

describe('no lock is read', () => {
  it('where there is none', () => {
    expect(findLock('Would have removed nothing.\n')).toBeUndefined();
  });

  it('from a block with a line too few, or with one that a value has smuggled in', () => {
    expect(findLock(text.replace(/ {2}Who: .*\n/, ''))).toBeUndefined();
    const forged = text.replace(/(Path: .*)\n/, '$1\n  Operation: x\n  Who:       runner@here\n');
    expect(findLock(forged)).toBeUndefined();
  });

  it('from any text, without a throw', () => {
    holds(
      fc.property(fc.string(), (noise) => {
        findLock(`Lock Info:\n${noise}`);
        parseStoredLock(noise);
      }),
    );
  });

  it('with a time in it that is none', () => {
    expect(findLock(text.replace(/Created: .*/, 'Created:   yesterday'))?.created).toBeNaN();
  });
});

describe('what is shown of a lock', () => {
  it('says whose, since when, how old, doing what', () => {
    expect(describeLock(lock, lock.created + 192_000)).toBe(
      'by root@forge since 2026-11-24T11:03:16.429Z (3m 12s), OperationTypeApply, ID b1e40f13-9799-df34-0f2f-9279c8e413fc',
    );
  });

  it('obeys nothing that stands in it', () => {
    const nasty = { ...lock, who: '\u001b[31mroot\n@forge', id: "x'; rm -rf ~; '" };
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
    expect(describeLock(nasty, Date.now())).not.toMatch(/[\u0000-\u001f]/);
    expect(unlockCommand('/srv/my live/platform', nasty.id)).toBe(
      `cd '/srv/my live/platform' && terragrunt force-unlock -force 'x'\\''; rm -rf ~; '\\'''`,
    );
  });
});
