/**
 * Ports of policy rules: decoded -> validated (9, 25 of docs/semantics.md).
 */
import type { Path } from '../../documents/document.js';
import { type Findings, shown } from '../../documents/findings.js';
import { nearest } from '../../documents/suggest.js';
import type { PolicyPort } from '../policy.js';
import { PROTOCOLS } from './fields.js';
import { portNameComplaints, portNumberComplaints } from './names.js';

export interface DecodedPort {
  readonly protocol?: string;
  readonly port?: number | string;
  readonly endPort?: number;
}

/** @returns null where the protocol is unknown; then a finding says so */
export function readPort(given: DecodedPort, path: Path, findings: Findings): PolicyPort | null {
  // (9): TCP is the default.
  const protocol = given.protocol === undefined ? 'TCP' : PROTOCOLS.find(name => name === given.protocol);
  if (protocol === undefined) {
    const message = `Unsupported value: ${shown(given.protocol)}: supported values: "TCP", "UDP", "SCTP"`;
    findings.error([...path, 'protocol'], message, protocolHint(given.protocol ?? ''));
  }
  const { port, endPort } = given;
  const portPath = [...path, 'port'];
  const endPath = [...path, 'endPort'];
  if (typeof port === 'number') {
    for (const complaint of portNumberComplaints(port)) {
      findings.error(
        portPath,
        `Invalid value: ${port}: ${complaint}`,
        port === 0 ? 'leave `port` out to mean every port' : undefined,
      );
    }
    if (endPort !== undefined) {
      if (endPort < port) {
        findings.error(
          endPath,
          `Invalid value: ${endPort}: must be greater than or equal to \`port\``,
          `\`port\` is ${port}`,
        );
      }
      for (const complaint of portNumberComplaints(endPort))
        findings.error(endPath, `Invalid value: ${endPort}: ${complaint}`);
    }
  } else if (port !== undefined) {
    if (endPort !== undefined) {
      findings.error(endPath, `Invalid value: ${endPort}: may not be specified when \`port\` is non-numeric`);
    }
    for (const complaint of portNameComplaints(port)) {
      findings.error(portPath, `Invalid value: ${shown(port)}: ${complaint}`, portNameHint(port));
    }
  } else if (endPort !== undefined) {
    findings.error(endPath, `Invalid value: ${endPort}: may not be specified when \`port\` is not specified`);
  }
  return protocol === undefined ? null : { protocol, port: port ?? null, endPort: endPort ?? null };
}

function protocolHint(given: string): string {
  if (/^icmp/i.test(given)) return 'a NetworkPolicy cannot name ICMP: a rule without ports is the nearest';
  const meant = nearest(given, PROTOCOLS);
  return meant === null ? 'leave `protocol` out to mean TCP' : `did you mean "${meant}"?`;
}

function portNameHint(name: string): string | undefined {
  if (/^\d+$/.test(name)) return `in quotes it is the name of a port: write port: ${Number(name)}`;
  const range = /^(\d+)[-:](\d+)$/.exec(name);
  return range === null ? undefined : `a range is written port: ${range[1]} and endPort: ${range[2]}`;
}
