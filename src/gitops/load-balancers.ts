import { chartOf, isHelmRelease } from './charts.ts';
import { is, mapAt, resourcesOf, textAt } from './inspect.ts';
import type { Resource, Tree } from './model.ts';

/** Whether it is MetalLB's to give the Service an address, where nothing else does. */
export function isLoadBalancer(resource: Resource): boolean {
  if (!is(resource, '', 'Service') || textAt(resource.manifest, ['spec', 'type']) !== 'LoadBalancer')
    return false;
  const of = textAt(resource.manifest, ['spec', 'loadBalancerClass']);
  return of === undefined || of.includes('metallb');
}

const otherCharts = /^(?:kube-vip(?:-cloud-provider)?|purelb|openelb|porterlb|cilium)$/;
const otherAnnotations = /^(?:lbipam\.cilium\.io|io\.cilium|kube-vip\.io)\//;

/** Whether the annotations of a Service speak to another than MetalLB. */
export function speaksToOthers(annotations: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(annotations).some((key) => otherAnnotations.test(key));
}

/** Whether something else than MetalLB hands addresses out here. */
export function othersOf(tree: Tree): boolean {
  return resourcesOf(tree).some(
    (each) =>
      is(each, 'cilium.io', 'CiliumLoadBalancerIPPool') ||
      (each.kind === 'DaemonSet' && /kube-vip|svclb|purelb|porterlb|openelb/.test(each.name)) ||
      (isHelmRelease(each) && otherCharts.test(chartOf(each))) ||
      (isLoadBalancer(each) && speaksToOthers(mapAt(each.manifest, ['metadata', 'annotations']))),
  );
}
