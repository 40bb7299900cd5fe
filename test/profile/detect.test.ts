/** Which profile a cluster's workloads name. */
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/compile.js';
import { readDocuments } from '../../src/documents/read.js';
import { detectProfile } from '../../src/profile/detect.js';
import { PROFILE_NAMES } from '../../src/profile/profile.js';

const daemon = (name: string, namespace = 'kube-system') => ({ namespace, workload: `DaemonSet/${name}` });

describe('detectProfile', () => {
  it.each([
    ['calico-node', 'calico'],
    ['canal', 'calico'],
    ['rke2-canal', 'calico'],
    ['cilium', 'cilium'],
    ['antrea-agent', 'antrea'],
    ['kube-router', 'kube-router'],
    ['weave-net', 'weave'],
    ['kube-flannel-ds', 'flannel'],
    ['kube-flannel', 'flannel'],
  ])('DaemonSet %s: %s', (name, profile) => {
    const pods = [
      daemon('kube-proxy'),
      { namespace: 'shop', workload: null },
      daemon(name, 'net'),
      daemon(name, 'two'),
    ];
    expect(detectProfile(pods)).toEqual({ name: profile, why: `DaemonSet net/${name}` });
    expect(PROFILE_NAMES).toContain(profile);
  });

  it('flannel below a plugin that enforces is not the one', () => {
    expect(detectProfile([daemon('kube-flannel-ds'), daemon('calico-node')])).toMatchObject({ name: 'calico' });
  });

  it('nobody, or two: upstream, and why', () => {
    const nobody = detectProfile([daemon('node-exporter'), { namespace: 'a', workload: 'Deployment/calico-node' }]);
    expect(nobody).toEqual({ name: 'upstream', why: 'the cluster names no network plugin' });
    const { name, why } = detectProfile([daemon('calico-node'), daemon('kube-router')]);
    expect(name).toBe('upstream');
    expect(why).toContain('DaemonSet kube-system/calico-node and DaemonSet kube-system/kube-router');
  });
});

describe('compile', () => {
  const daemonSet = `apiVersion: apps/v1
kind: DaemonSet
metadata: { name: kube-router, namespace: kube-system }
spec: { selector: { matchLabels: { a: b } }, template: { metadata: { labels: { a: b } }, spec: { containers: [] } } }
`;
  const pod = `apiVersion: v1
kind: Pod
metadata:
  name: weave-net-x1
  namespace: kube-system
  ownerReferences: [{ apiVersion: apps/v1, kind: DaemonSet, name: weave-net, uid: u, controller: true }]
spec: { hostNetwork: true, containers: [] }
`;
  const given = (text: string) => readDocuments(text, 'cluster.yaml').documents;

  it('takes the profile of a DaemonSet, or of its pods alone', () => {
    const { compiled } = compile(given(daemonSet));
    expect(compiled).toMatchObject({
      profile: { name: 'kube-router' },
      profileFrom: 'DaemonSet kube-system/kube-router',
    });
    expect(compile(given(pod)).compiled).toMatchObject({ profile: { name: 'weave' } });
  });

  it('unless it is asked for', () => {
    const { compiled } = compile(given(daemonSet), { profile: 'upstream' });
    expect(compiled).toMatchObject({ profile: { name: 'upstream' }, profileFrom: 'asked for' });
  });
});
