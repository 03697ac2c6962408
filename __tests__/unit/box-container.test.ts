import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deployment, expand, imageRepository, planProcess } from '../../src/rehearsal/container.ts';

describe('the expansion of arguments', () => {
  it('follows the rule of Kubernetes: known names, unknown names kept, $$ for $', () => {
    const env = { A: 'one', EMPTY: '' };
    expect(expand('$(A):$(EMPTY):$(B):$$(A):$$$(A):$A:$(', env)).toBe('one::$(B):$(A):$one:$A:$(');
  });

  it('leaves text without a dollar as it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const plain = text.replaceAll('$', '');
        expect(expand(plain, { A: '1' })).toBe(plain);
      }),
    );
  });

  it('puts values in verbatim, whatever is in them', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        expect(expand('<$(A)>', { A: value })).toBe(`<${value}>`);
      }),
    );
  });

  it('does not take names of the language for variables', () => {
    expect(expand('$(constructor)$(__proto__)', {})).toBe('$(constructor)$(__proto__)');
  });
});

it.each([
  ['ghcr.io/a/b:v1', 'ghcr.io/a/b'],
  ['ghcr.io/a/b:v1@sha256:00ff', 'ghcr.io/a/b'],
  ['ghcr.io/a/b@sha256:00ff', 'ghcr.io/a/b'],
  ['registry.local:5000/a/b', 'registry.local:5000/a/b'],
  ['registry.local:5000/a/b:v2', 'registry.local:5000/a/b'],
  ['nginx', 'nginx'],
])('the repository of %s is %s', (image, repository) => {
  expect(imageRepository(image)).toBe(repository);
});

describe('the plan of a process', () => {
  const manifest = (container: object) =>
    deployment.parse({
      metadata: { name: 'source', namespace: 'flux-system', uid: 'u', generation: 1 },
      spec: { template: { spec: { containers: [{ name: 'main', image: 'x', ...container }] } } },
    });
  const plan = (container: object) => {
    const of = manifest(container);
    const [first] = of.spec.template.spec.containers;
    if (first === undefined) throw new Error('no container');
    return planProcess(of, first, {
      ports: new Map([['http-prom', 4001]]),
      volumes: new Map([['data', '/ram/data']]),
    });
  };

  it('gives what the machine has free for what the manifest declares for a pod', () => {
    const { args, env, health } = plan({
      args: ['--addr=$(BIND_ADDRESS):$(PORT_HTTP_PROM)', '--path=$(VOLUME_DATA)', '--ns=$(NS)'],
      env: [
        { name: 'BIND_ADDRESS', value: '' },
        { name: 'PORT_HTTP_PROM', value: '8080' },
        { name: 'VOLUME_DATA', value: '/data' },
        { name: 'NS', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
      ],
      ports: [{ name: 'http-prom', containerPort: 8080 }],
      readinessProbe: { httpGet: { path: '/readyz', port: 8080 } },
    });
    expect(args).toEqual(['--addr=127.0.0.1:4001', '--path=/ram/data', '--ns=flux-system']);
    expect(env['NS']).toBe('flux-system');
    expect(health).toBe('http://127.0.0.1:4001/readyz');
  });

  it('refuses values that come from a Secret: a process here is not given any', () => {
    const secret = [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }];
    expect(() => plan({ env: secret })).toThrow(/TOKEN/);
  });

  it('refuses a probe of a port that nobody declared', () => {
    expect(() => plan({ readinessProbe: { httpGet: { port: 'other' } } })).toThrow(/other/);
  });
});
