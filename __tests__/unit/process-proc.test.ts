import { describe, expect, test } from 'vitest';
import { parseInet, parseUnix } from '../../src/process/sockets.ts';
import { parseStat } from '../../src/process/stat.ts';
import { family } from '../../src/process/tree.ts';
import { parseSyscall } from '../../src/process/waits.ts';

const rest = Array.from({ length: 30 }, (_, index) => index + 100).join(' ');

describe('a line of /proc/PID/stat', () => {
  test('is read right whatever the program is called', () => {
    expect(parseStat(`42 (a) (b) S 7 8 9 ${rest}`)).toMatchObject({
      pid: 42,
      name: 'a) (b',
      state: 'S',
      ppid: 7,
      pgrp: 8,
      session: 9,
    });
  });

  test('is nothing where it was cut short', () => {
    for (const text of ['', '42', '42 (sh', '42 (sh) S 1 2 3', '42 sh S 1'])
      expect(parseStat(text)).toBeUndefined();
  });
});

test('a family is all that descend from its heads, however late the list names a parent', () => {
  const process = (pid: number, ppid: number) => ({
    pid,
    ppid,
    pgrp: 0,
    session: 0,
    startTime: '1',
    state: 'S',
    name: 'sh',
    cpuTicks: 0,
  });
  const all = [process(5, 4), process(4, 3), process(3, 2), process(2, 1), process(9, 1)];
  expect(family(all, ({ pid }) => pid === 3).map(({ pid }) => pid)).toEqual([5, 4, 3]);
});

describe('the tables of sockets', () => {
  const head =
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
  const row = (local: string, remote: string, state: string) =>
    `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 4711 1 ffff 100`;

  test('say who talks to whom, with IPv4 and IPv6 as people write them', () => {
    const table = [
      head,
      row('0100007F:C3F4', '0500000A:1F46', '02'),
      row('00000000:1F90', '00000000:0000', '0A'),
      row('00000000000000000000000001000000:0050', 'B80D01200000000000000000010000FF:01BB', '01'),
      row('0000000000000000FFFF00000100007F:0016', '00000000000000000000000000000000:0000', '0A'),
      '',
    ].join('\n');
    expect(
      parseInet(table, 'tcp').map(({ local, remote, state }) => `${local} > ${remote} ${state}`),
    ).toEqual([
      '127.0.0.1:50164 > 10.0.0.5:8006 SYN_SENT',
      '0.0.0.0:8080 >  LISTEN',
      '[::1]:80 > [2001:db8::ff00:1]:443 ESTABLISHED',
      '127.0.0.1:22 >  LISTEN',
    ]);
  });

  test('name a unix socket by its path, which may hold spaces', () => {
    const table =
      'Num       RefCount Protocol Flags    Type St Inode Path\n' +
      '0000: 00000003 00000000 00000000 0001 03 70001\n' +
      '0000: 00000002 00000000 00010000 0001 01 70002 /run/my app.sock\n';
    expect(parseUnix(table)).toEqual([
      { inode: '70001', kind: 'unix', local: '', remote: '', state: 'CONNECTED' },
      { inode: '70002', kind: 'unix', local: '/run/my app.sock', remote: '', state: 'UNCONNECTED' },
    ]);
  });
});

test('what a thread waits in has the name of its call, by machine, and the descriptor where it is on one', () => {
  expect(parseSyscall('0 0x3 0x7ff0 0x20000 0x0 0x0 0x0 0x7fff 0x7ff1', 'x64')).toEqual({
    call: 'read',
    descriptor: 3,
  });
  expect(parseSyscall('63 0x3 0x7ff0', 'arm64')).toEqual({ call: 'read', descriptor: 3 });
  expect(parseSyscall('61 0xffffffff 0x0', 'x64')).toEqual({ call: 'wait4' });
  expect(parseSyscall('999 0x1', 'x64')).toEqual({ call: 'syscall 999' });
  expect(parseSyscall('running\n', 'x64')).toBeUndefined();
  expect(parseSyscall('', 'x64')).toBeUndefined();
});
