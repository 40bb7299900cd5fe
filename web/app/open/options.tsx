/**
 * How the traffic is judged: whose enforcement is followed, which connection table, and in which mode.
 *
 * In:  the workspace's options.  Out: the same captures and documents, judged again with others.
 */
import type { JSX } from 'preact';
import type { ConntrackKind } from '../../../src/flow/kinds.js';
import type { ProfileName } from '../../../src/profile/profile.js';
import type { WorkspaceOptions } from '../../worker/protocol.js';
import { judged, open, workspace } from '../workspace.js';

const PROFILES: readonly ProfileName[] = ['upstream', 'calico', 'kube-router', 'weave', 'flannel', 'antrea', 'cilium'];
const TABLES: readonly ConntrackKind[] = ['linux', 'cilium', 'calico-ebpf', 'none'];

export function Options(): JSX.Element {
  const { options } = workspace.value;
  const change = (changed: Partial<WorkspaceOptions>): void =>
    void open({ ...workspace.value, options: { ...options, ...changed } });
  const summary = judged.value?.summary ?? null;
  const told = summary === null ? '' : `: ${summary.profile ?? 'upstream'}`;
  return (
    <fieldset class="options">
      <legend>How it is judged</legend>
      <Choice
        label="Network plugin"
        names={PROFILES}
        chosen={options.profile}
        none={`as the cluster tells${options.profile === undefined ? told : ''}`}
        onChange={profile => change({ profile })}
      />
      <Choice
        label="Connection table"
        names={TABLES}
        chosen={options.conntrack}
        none="the plugin's"
        onChange={conntrack => change({ conntrack })}
      />
      <Choice
        label="Mode"
        names={['dataplane']}
        chosen={options.mode === 'dataplane' ? 'dataplane' : undefined}
        none="what-if"
        onChange={mode => change({ mode })}
      />
      <label>
        <input
          type="checkbox"
          checked={options.staged === true}
          onChange={event => change({ staged: event.currentTarget.checked })}
        />{' '}
        Calico's staged policies as if they were enforced
      </label>
    </fieldset>
  );
}

interface ChoiceProps<Name extends string> {
  readonly label: string;
  readonly names: readonly Name[];
  readonly chosen: Name | undefined;
  /** What stands for none of them. */
  readonly none: string;
  onChange(name: Name | undefined): void;
}

function Choice<Name extends string>({ label, names, chosen, none, onChange }: ChoiceProps<Name>): JSX.Element {
  return (
    <label>
      {label}{' '}
      <select value={chosen ?? ''} onChange={event => onChange(names.find(name => name === event.currentTarget.value))}>
        <option value="">{none}</option>
        {names.map(name => (
          <option value={name} key={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
