/**
 * The service mesh's answers to what a capture shows (cold): behind the plugin's verdicts, which they do not change.
 *
 * In:  connections that the plugin lets through, and their requests.  Out: to whoever listens one answer a request. Of a
 * connection without requests that can be read there is one answer if it is the same whatever the connection carries, or if
 * what it carries is no HTTP.
 */
import type { Mesh, MeshAnswer, MeshConnection } from '../mesh/mesh.js';
import { NOT_HTTP } from '../requests/http-reader.js';
import { TCP } from '../rules/protocols.js';
import type { Question } from '../tree/classifier.js';
import type { JudgedRequest } from './layer7.js';
import type { OpenedConnection } from './opened.js';
import type { Listening, RequestListener } from './request-streams.js';
import { PENDING } from './verdict.js';

const MOST_KNOWN = 100_000;

export class MeshLayer implements Listening {
  readonly changesVerdicts = false;
  /** By destination, whether a policy selects it; by ends and port, whether requests make a difference. */
  private readonly selected = new Map<number, boolean>();
  private readonly dependent = new Map<string, boolean>();

  constructor(
    private readonly mesh: Mesh,
    private readonly onAnswer: (judged: JudgedRequest, audited: readonly string[]) => void,
  ) {}

  isAsked(): boolean {
    return true;
  }

  listen(opened: OpenedConnection): RequestListener | null {
    const { mesh } = this;
    const { question, alternatives } = opened;
    const ways = alternatives.length === 0 ? [question] : alternatives;
    const isSelected = ways.some(({ destination }) => this.selects(destination.owner));
    if (question.protocol !== TCP || !isSelected) return null;
    const connections = ways.map(connectionOf);
    /** Of each backend that it may have reached. */
    const ask = (about: (connection: MeshConnection) => MeshAnswer): MeshAnswer => {
      const [first, ...others] = connections.map(about);
      if (others.every(({ verdict }) => verdict === first!.verdict)) return first!;
      return { ...first!, verdict: 'undecided', reason: 'unsupported', dependsOn: ['which backend it reaches'] };
    };
    const report = (answer: MeshAnswer, packet: number, request: JudgedRequest['request'], unread: string): number => {
      const of = request !== null || unread !== '' ? ('HTTP' as const) : ('TCP' as const);
      const { verdict, reason } = answer;
      const why = verdict === 'undecided' ? whyOf(answer, unread) : '';
      const judged = { ...opened, packet, protocol: of, verdict, reason, request, name: null, by: byOf(answer), why };
      this.onAnswer(judged, answer.audited ?? []);
      return PENDING;
    };
    const depends = connections.some(it => this.depends(it));
    let isAnswered = false;
    const asWhole = (packet: number): number => {
      if (isAnswered) return PENDING;
      isAnswered = true;
      return report(
        ask(it => mesh.connection(it)),
        packet,
        null,
        '',
      );
    };
    return {
      protocol: 'HTTP',
      http(request, packet) {
        isAnswered = true;
        return report(
          ask(it => mesh.request(it, request)),
          packet,
          request,
          '',
        );
      },
      dns: () => PENDING,
      unread(why, packet) {
        if (!depends || why === NOT_HTTP) return asWhole(packet);
        return report(
          ask(it => mesh.unread(it)),
          packet,
          null,
          why,
        );
      },
      end() {
        if (!depends) asWhole(opened.opened);
      },
    };
  }

  private selects(destination: number): boolean {
    let found = this.selected.get(destination);
    if (found === undefined) {
      found = this.mesh.selects(destination);
      this.selected.set(destination, found);
    }
    return found;
  }

  private depends(connection: MeshConnection): boolean {
    const key = Object.values(connection).join(' ');
    let found = this.dependent.get(key);
    if (found === undefined) {
      found = this.mesh.dependsOnRequests(connection);
      if (this.dependent.size >= MOST_KNOWN) this.dependent.clear();
      this.dependent.set(key, found);
    }
    return found;
  }
}

const connectionOf = ({ source, destination, protocol, destinationPort }: Question): MeshConnection => ({
  source: source.owner,
  sourceAddress: source.address ?? '',
  destination: destination.owner,
  destinationAddress: destination.address ?? '',
  port: destinationPort,
  protocol,
});

const whyOf = ({ policy, rule, dependsOn = [] }: MeshAnswer, unread: string): string => {
  const named = [policy, rule].filter(part => part !== null).join(' ');
  const depends = `${named} depends on ${dependsOn.join(', ')}`;
  return unread === '' ? depends : `${unread}; ${depends}`;
};

function byOf({ verdict, policy, rule, source }: MeshAnswer): JudgedRequest['by'] {
  if (verdict !== 'denied' || policy === null) return null;
  return { side: 'mesh', kind: 'AuthorizationPolicy', policy, rule, source: source ?? '' };
}
