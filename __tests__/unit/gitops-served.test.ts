import { describe, expect, test } from 'vitest';
import { apiNotServed } from '../../src/gitops/rules/api-not-served.ts';
import { unserved } from '../../src/gitops/unserved.ts';
import { treeOf } from '../support/gitops-tree.ts';

const object = (apiVersion: string, kind: string) => `
apiVersion: ${apiVersion}
kind: ${kind}
metadata: { name: x, namespace: y }
`;
const pins = {
  'kube-apiserver': '1.34.1',
  'external-secrets': '0.20.4',
  'source-controller': '1.7.2',
  'kustomize-controller': '1.7.2',
};
const found = (yaml: string, extra: Parameters<typeof treeOf>[1] = { pins }) =>
  apiNotServed.look(treeOf(yaml, extra));

describe('api-not-served', () => {
  test.each([
    ['external-secrets.io/v1beta1', 'ExternalSecret', 'external-secrets.io/v1'],
    ['external-secrets.io/v1beta1', 'ClusterSecretStore', 'external-secrets.io/v1'],
    ['kustomize.toolkit.fluxcd.io/v1beta1', 'Kustomization', 'kustomize.toolkit.fluxcd.io/v1'],
    ['source.toolkit.fluxcd.io/v1beta1', 'GitRepository', 'source.toolkit.fluxcd.io/v1'],
    ['helm.toolkit.fluxcd.io/v2beta1', 'HelmRelease', 'helm.toolkit.fluxcd.io/v2'],
    ['policy/v1beta1', 'PodDisruptionBudget', 'policy/v1'],
    ['batch/v1beta1', 'CronJob', 'batch/v1'],
    ['extensions/v1beta1', 'Ingress', 'networking.k8s.io/v1'],
    ['networking.k8s.io/v1beta1', 'Ingress', 'networking.k8s.io/v1'],
    ['autoscaling/v2beta2', 'HorizontalPodAutoscaler', 'autoscaling/v2'],
    ['flowcontrol.apiserver.k8s.io/v1beta3', 'FlowSchema', 'flowcontrol.apiserver.k8s.io/v1'],
  ])('finds %s of %s, and says to write %s', (apiVersion, kind, use) => {
    expect(found(object(apiVersion, kind))).toMatchObject([
      { severity: 'error', at: { file: 'apiVersion' }, fix: expect.stringContaining(`apiVersion: ${use},`) },
    ]);
    expect(found(object(use, kind))).toEqual([]);
  });

  test.each([
    ['external-secrets.io/v1alpha1', 'PushSecret'],
    ['networking.k8s.io/v1beta1', 'ServiceCIDR'],
    ['admissionregistration.k8s.io/v1beta1', 'ValidatingAdmissionPolicy'],
    ['storage.k8s.io/v1beta1', 'VolumeAttributesClass'],
    ['coordination.k8s.io/v1beta1', 'LeaseCandidate'],
    ['metallb.io/v1beta1', 'IPAddressPool'],
    ['gateway.networking.k8s.io/v1alpha2', 'TCPRoute'],
    ['notification.toolkit.fluxcd.io/v1beta3', 'Alert'],
  ])('lets %s of %s be, which is served under the name of an old one', (apiVersion, kind) => {
    expect(found(object(apiVersion, kind), {})).toEqual([]);
  });

  test('is decided by the pinned version', () => {
    const flux = object('kustomize.toolkit.fluxcd.io/v1beta2', 'Kustomization');
    expect(found(flux)).toEqual([]);
    expect(found(flux, { pins: { 'kustomize-controller': '1.8.0' } })).toMatchObject([
      { severity: 'error', why: expect.stringContaining('the castle runs 2.8.0') },
    ]);
    expect(
      found(object('external-secrets.io/v1beta1', 'ExternalSecret'), {
        pins: { 'external-secrets': '0.16.2' },
      }),
    ).toEqual([]);
    expect(found(object('policy/v1beta1', 'PodDisruptionBudget'), { pins: { kubectl: '1.24.17' } })).toEqual(
      [],
    );
  });

  test('is decided by the image or the chart that the tree installs, where there is no pin', () => {
    const certificate = object('cert-manager.io/v1alpha2', 'Certificate');
    const controller = (tag: string) => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: cm, namespace: cm }
spec: { template: { spec: { containers: [{ name: c, image: "quay.io/jetstack/cert-manager-controller:${tag}" }] } } }
`;
    const chart = (version: string) => `
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: { name: cm, namespace: cm }
spec: { chart: { spec: { chart: cert-manager, version: "${version}" } } }
`;
    expect(found(certificate)).toMatchObject([{ severity: 'warning' }]);
    expect(found(`${certificate}---${controller('v1.18.2')}`)).toMatchObject([{ severity: 'error' }]);
    expect(found(`${certificate}---${controller('v1.5.4')}`)).toEqual([]);
    expect(found(`${certificate}---${chart('v1.18.2')}`)).toMatchObject([{ severity: 'error' }]);
    expect(found(`${certificate}---${chart('1.x')}`)).toMatchObject([{ severity: 'warning' }]);
  });

  test('is decided by the CRD that the tree has, before any table', () => {
    const crd = (served: boolean) => `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: externalsecrets.external-secrets.io }
spec:
  group: external-secrets.io
  names: { kind: ExternalSecret }
  versions: [{ name: v1, served: true }, { name: v1beta1, served: ${served} }]
`;
    const secret = object('external-secrets.io/v1beta1', 'ExternalSecret');
    expect(found(`${secret}---${crd(true)}`)).toEqual([]);
    expect(found(`${secret}---${crd(false)}`)).toMatchObject([
      {
        severity: 'error',
        why: expect.stringContaining('The CRD in the tree'),
        fix: expect.stringContaining('external-secrets.io/v1.'),
      },
    ]);
    expect(found(`${object('external-secrets.io/v7', 'ExternalSecret')}---${crd(true)}`)).toHaveLength(1);
  });

  test('looks at health checks too', () => {
    const check = (apiVersion: string) => `
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: { name: x, namespace: y }
spec: { healthChecks: [{ apiVersion: ${apiVersion}, kind: HelmRelease, name: z, namespace: y }] }
`;
    expect(found(check('helm.toolkit.fluxcd.io/v2beta1'))).toMatchObject([
      { what: expect.stringContaining('health check'), at: { file: 'spec.healthChecks.0.apiVersion' } },
    ]);
    expect(found(check('helm.toolkit.fluxcd.io/v2'))).toEqual([]);
  });

  test('has a table without a word twice', () => {
    const keys = unserved.flatMap(({ group, versions, kinds = ['*'] }) =>
      versions.flatMap((version) => kinds.map((kind) => `${group}/${version} ${kind}`)),
    );
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  });
});
