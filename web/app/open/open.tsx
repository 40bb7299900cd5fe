/**
 * The first view: where a capture, policies and a cluster's documents are given.
 *
 * In:  files (drop.tsx).  Out: the workspace; below it, what is given already, and what is wrong with it.
 */
import type { JSX } from 'preact';
import { Pre } from '../parts/pre.js';
import { Problems } from '../parts/problems.js';
import { close, judged, workspace } from '../workspace.js';
import { Drop } from './drop.js';
import { Options } from './options.js';

const COMMANDS =
  'kubectl get ns,nodes,pods,svc,endpointslices -A -o yaml > cluster.yaml\nkubectl get netpol -A -o yaml > policies.yaml\ntcpdump -i any -s 128 -w capture.pcap';

export function OpenView(): JSX.Element {
  return (
    <section>
      <h1>Which packets would these policies drop, and why?</h1>
      <p>
        Give a capture of real traffic (pcap or pcapng, also gzip or zstd), the policies, and the cluster they are for.
        All is judged in this page: nothing is sent anywhere.
      </p>
      <Drop />
      <Given />
      <Problems problems={judged.value?.problems ?? []} />
      <h2>What to give</h2>
      <Pre text={COMMANDS} />
    </section>
  );
}

function Given(): JSX.Element | null {
  const { captures, documents } = workspace.value;
  if (captures.length + documents.length === 0) return null;
  return (
    <>
      <h2>Given</h2>
      <ul>
        {captures.map(({ name }) => (
          <li key={name}>{name}: a capture</li>
        ))}
        {documents.map(({ name }) => (
          <li key={name}>{name}: documents</li>
        ))}
      </ul>
      {captures.length === 0 && <p>A capture is still missing.</p>}
      {documents.length === 0 && <p>Policies and a cluster are still missing.</p>}
      <Options />
      <button type="button" onClick={close}>
        Start over
      </button>
    </>
  );
}
