import { createHash } from 'node:crypto';
import { encodingsOf } from '../src/vault/encodings.ts';
import { createRedactor } from '../src/vault/redact.ts';

/** A way of taking secrets out of text: given the secrets, what redacts a text. */
export interface RedactWay {
  readonly name: string;
  readonly says: string;
  prepare(secrets: readonly string[]): (text: string) => string;
}

const formsOf = (secrets: readonly string[]) => [
  ...new Set(secrets.flatMap((secret) => [...encodingsOf(secret).values()])),
];

export const redactWays: readonly RedactWay[] = [
  {
    name: 'phoenix',
    says: 'src/vault/redact.ts: all forms, and parts of tokens',
    prepare(secrets) {
      const redactor = createRedactor();
      for (const [index, secret] of secrets.entries()) redactor.add(`SECRET_${index}`, secret);
      redactor.redact('the first text makes the tables');
      return (text) => redactor.redact(text);
    },
  },
  {
    name: 'replaceAll',
    says: 'a replaceAll for each form, longest first: leaves the rest of secrets that overlap',
    prepare(secrets) {
      const forms = formsOf(secrets).toSorted((a, b) => b.length - a.length);
      return (text) => forms.reduce((clean, form) => clean.replaceAll(form, '***'), text);
    },
  },
  {
    name: 'indexOf',
    says: 'an indexOf loop for each form, ranges merged: what Phoenix did before',
    prepare(secrets) {
      const forms = formsOf(secrets);
      return (text) => {
        const ranges: (readonly [number, number])[] = [];
        for (const form of forms) {
          for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + 1))
            ranges.push([at, at + form.length]);
        }
        ranges.sort(([a], [b]) => a - b);
        let [clean, end] = ['', 0];
        for (const [from, to] of ranges) {
          if (from > end || clean === '') clean += `${text.slice(end, from)}***`;
          end = Math.max(end, to);
        }
        return clean + text.slice(end);
      };
    },
  },
  {
    name: 'RegExp',
    says: 'one expression of all forms, `a|b|c`',
    prepare(secrets) {
      const forms = formsOf(secrets).toSorted((a, b) => b.length - a.length);
      const any = new RegExp(
        forms.map((form) => form.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&')).join('|'),
        'g',
      );
      return (text) => text.replaceAll(any, '***');
    },
  },
];

/** Secrets of 40 characters, as tokens are, the same ones for the same seed. */
export function plantSecrets(count: number, seed: number): string[] {
  return Array.from({ length: count }, (_, index) => drawn(`secret ${seed} ${index}`).slice(0, 40));
}

function drawn(text: string): string {
  return createHash('sha256').update(text).digest('base64').replaceAll(/[+/=]/g, 'x');
}

/** Lines as tofu, Terragrunt and kubectl print them, about `bytes` in all; every `hitEvery`th line holds a secret. */
export function plantLog(bytes: number, secrets: readonly string[], hitEvery: number): string[] {
  const lines: string[] = [];
  let length = 0;
  for (let index = 0; length < bytes; index += 1) {
    const line = templates[index % templates.length]?.(index) ?? '';
    const secret = secrets[index % secrets.length];
    const hit = hitEvery > 0 && index % hitEvery === 0 && secret !== undefined;
    lines.push(
      hit ? `${line} token=${index % 2 === 0 ? secret : Buffer.from(secret).toString('base64')}` : line,
    );
    length += (lines.at(-1)?.length ?? 0) + 1;
  }
  // As output arrives: decoded from bytes and split. A line put together here would first be copied, in the time measured.
  return Buffer.from(lines.join('\n')).toString().split('\n');
}

const id = (index: number) => createHash('sha1').update(`id ${index}`).digest('hex');
const time = (index: number) => new Date(Date.UTC(2026, 0, 1) + index * 137).toISOString();

const templates: readonly ((index: number) => string)[] = [
  (index) => `module.cluster.proxmox_vm.node[${index % 9}]: Still creating... [${index % 60}s elapsed]`,
  (index) =>
    `{"@level":"info","@message":"module.engine.helm_release.cilium: Creation complete after ${index % 90}s","@module":"terraform.ui","@timestamp":"${time(index)}","hook":{"resource":{"addr":"module.engine.helm_release.cilium","resource_type":"helm_release","resource_name":"cilium","resource_key":null},"action":"create","id_key":"id","id_value":"${id(index)}","elapsed_seconds":${index % 90}},"type":"apply_complete"}`,
  (index) =>
    `${time(index)} STDOUT [engine] tofu: data.http.manifest[0]: Read complete after 0s [id=${id(index)}]`,
  (index) =>
    `I0612 10:${String(index % 60).padStart(2, '0')}:11.${index % 1000} 1 reconciler.go:${index % 400}] "Reconciled object" controller="externalsecret" namespace="flux-system" name="github-api-token" reconcileID="${id(index).slice(0, 8)}-${id(index).slice(8, 12)}"`,
  () => '  # proxmox_virtual_environment_vm.control_plane will be updated in-place',
  (index) => `kustomization/apps-static reconciled revision main@sha1:${id(index)} in 1.${index % 9}s`,
  () => '',
  () => 'Plan: 14 to add, 0 to change, 0 to destroy.',
];
