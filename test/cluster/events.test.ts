/**
 * What a watch of the cluster tells, laid over a dump.
 */
import { describe, expect, it } from 'vitest';
import { ClusterEvents } from '../../src/cluster/events.js';
import { readDocuments } from '../../src/documents/read.js';

interface Given {
  readonly ip?: string;
  readonly phase?: string;
  readonly deleted?: boolean;
  readonly ended?: boolean;
  readonly hostNetwork?: boolean;
}

const pod = (name: string, { ip = '', phase = 'Running', deleted, ended, hostNetwork }: Given = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', ...(deleted === true && { deletionTimestamp: '2026-01-01T00:00:00Z' }) },
  spec: { hostNetwork: hostNetwork === true },
  status: {
    phase,
    podIP: ip,
    podIPs: ip === '' ? [] : [{ ip }],
    containerStatuses: [{ state: ended === true ? { terminated: {} } : { running: {} } }],
  },
});

function laid(base: readonly object[], ...events: readonly (object | string)[]): string[] {
  const text = base.map(it => JSON.stringify(it)).join('\n---\n');
  const { documents } = readDocuments(new TextEncoder().encode(text), 'cluster.yaml');
  const stream = new ClusterEvents();
  for (const event of events) {
    expect(stream.apply(typeof event === 'string' ? event : JSON.stringify(event), 'stream')).toEqual([]);
  }
  return stream.over(documents).map(({ name, object }) => {
    const { podIP } = object['status'] as { podIP: string };
    return `${name} ${podIP}`;
  });
}

const watched = (type: string, object: object) => ({ type, object });

describe('objects of a watch', () => {
  const base = [pod('db', { ip: '10.0.0.1' }), pod('web', { ip: '10.0.0.2' })];

  it('take the place of those of their name, and come to the others', () => {
    expect(laid(base)).toEqual(['db 10.0.0.1', 'web 10.0.0.2']);
    expect(laid(base, pod('web', { ip: '10.0.0.9' }), pod('api', { ip: '10.0.0.3' }))).toEqual([
      'db 10.0.0.1',
      'web 10.0.0.9',
      'api 10.0.0.3',
    ]);
  });

  it('are gone when they are deleted, and there again when they come again', () => {
    const gone = watched('DELETED', pod('db', { ip: '10.0.0.1' }));
    expect(laid(base, gone)).toEqual(['web 10.0.0.2']);
    expect(laid(base, gone, watched('ADDED', pod('db', { ip: '10.0.0.5' })))).toEqual(['web 10.0.0.2', 'db 10.0.0.5']);
    expect(laid(base, watched('BOOKMARK', { kind: 'Pod' }), watched('ERROR', { kind: 'Status' }))).toHaveLength(2);
  });

  it('are gone without watch events, too, when all containers have ended behind their deletion', () => {
    expect(laid(base, pod('db', { ip: '10.0.0.1', deleted: true }))).toHaveLength(2);
    expect(laid(base, pod('db', { ip: '10.0.0.1', ended: true }))).toHaveLength(2);
    expect(laid(base, pod('db', { ip: '10.0.0.1', deleted: true, ended: true }))).toEqual(['web 10.0.0.2']);
  });

  it('have an address from who had it before, whose own end comes later or never', () => {
    expect(laid(base, pod('api', { ip: '10.0.0.1' }))).toEqual(['web 10.0.0.2', 'api 10.0.0.1']);
    expect(laid(base, pod('api', { ip: '10.0.0.1' }), pod('job', { ip: '10.0.0.1' }))).toEqual([
      'web 10.0.0.2',
      'job 10.0.0.1',
    ]);
    // What has finished has given its address back, and the host's is nobody's own.
    expect(laid(base, pod('api', { ip: '10.0.0.1', phase: 'Succeeded' }))).toHaveLength(3);
    expect(laid(base, pod('api', { ip: '10.0.0.1', hostNetwork: true }))).toHaveLength(3);
  });

  it('that cannot be read change nothing', () => {
    const stream = new ClusterEvents();
    const problems = stream.apply('{"apiVersion":"v1","kind":"Pod","metadata":', 'pods.json');
    expect(problems[0]!.position.file).toBe('pods.json, object 1');
    expect(stream.over([])).toEqual([]);
  });
});
