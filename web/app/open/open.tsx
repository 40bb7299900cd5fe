/**
 * The first view: where a capture, policies and a cluster's documents are given.
 *
 * In:  files dropped or chosen.  Out: the workspace, and the replay view when something was judged.
 */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { go } from '../link.js';
import { Problems } from '../parts/problems.js';
import { add, close, judged, status, workspace } from '../workspace.js';
import { sortFiles } from './files.js';

export function OpenView(): JSX.Element {
  const refused = useSignal<readonly string[]>([]);
  const isOver = useSignal(false);

  async function take(files: readonly File[]): Promise<void> {
    if (files.length === 0) return;
    const { refused: not, ...added } = await sortFiles(files);
    refused.value = not;
    if (added.captures.length + added.documents.length === 0) return;
    await add(added);
    if (status.value.is === 'ready' && judged.value?.summary) go('replay');
  }

  return (
    <section>
      <h1>Which packets would these policies drop, and why?</h1>
      <p>
        Give a capture of real traffic (pcap or pcapng, also gzip or zstd), the policies, and the cluster they are for.
        All is judged in this page: nothing is sent anywhere.
      </p>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the button inside does the same by keyboard */}
      <div
        class={isOver.value ? 'drop over' : 'drop'}
        onDragOver={event => {
          event.preventDefault();
          isOver.value = true;
        }}
        onDragLeave={() => {
          isOver.value = false;
        }}
        onDrop={event => {
          event.preventDefault();
          isOver.value = false;
          void take([...(event.dataTransfer?.files ?? [])]);
        }}
      >
        <label>
          <span>Drop files here, or choose them</span>
          <input
            type="file"
            multiple
            onChange={event => {
              const input = event.currentTarget;
              void take([...(input.files ?? [])]).then(() => {
                input.value = '';
              });
            }}
          />
        </label>
      </div>
      {refused.value.map(sentence => (
        <p class="dropped-text" role="alert" key={sentence}>
          {sentence}
        </p>
      ))}
      <Given />
      <Problems problems={judged.value?.problems ?? []} />
      <h2>What to give</h2>
      <pre>
        <code>
          {
            'kubectl get ns,nodes,pods,svc,endpointslices -A -o yaml > cluster.yaml\nkubectl get netpol -A -o yaml > policies.yaml\ntcpdump -i any -s 128 -w capture.pcap'
          }
        </code>
      </pre>
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
      <button type="button" onClick={close}>
        Start over
      </button>
    </>
  );
}
