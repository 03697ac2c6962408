/**
 * The entry of `dist/cluster.js`: what Phoenix needs of the client for Kubernetes. It is as large as all the rest, and
 * only what talks to a cluster needs it, so it is a bundle of its own (see load.ts). The generated clients of single APIs
 * stay out (CoreV1Api and its like): each brings its whole group, and the one for objects reaches every kind.
 */
export { Exec, KubeConfig, KubernetesObjectApi, PatchStrategy, Watch } from '@kubernetes/client-node';
export { PodLogApi } from './pod-log-api.ts';
