/**
 * Metrics and health of a running judgement, for Prometheus and for probes.
 *
 * In:  where to listen, and who knows the counts.  Out: `/metrics` in Prometheus's text format (version 0.0.4,
 * https://prometheus.io/docs/instrumenting/exposition_formats/), `/healthz` as JSON, while packets are judged. Counts
 * only: no address, no name, nothing of what is judged. Anything else is 404 or 405.
 */
import { createServer } from 'node:http';
import { closeNow, listen } from './listen.js';

export interface Counts {
  /** Packets by verdict and reason. */
  readonly packets: readonly { readonly verdict: string; readonly reason: string; readonly count: number }[];
  /** Packets that went by unseen. */
  readonly lost: number;
  /** Bytes of the capture that were read. */
  readonly bytes: number;
}

export interface Metrics {
  /** `http://127.0.0.1:9090` */
  readonly url: string;
  close(): Promise<void>;
}

const TEXT = 'text/plain; version=0.0.4; charset=utf-8';

/** @throws the system's error (EADDRINUSE, EACCES, EADDRNOTAVAIL) where the port cannot be had */
export async function serveMetrics(host: string, port: number, counts: () => Counts): Promise<Metrics> {
  const server = createServer((request, response) => {
    const [path] = request.url!.split('?');
    const answer = (status: number, type: string, body: string): void => {
      response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
      response.end(body);
    };
    if (path !== '/metrics' && path !== '/healthz') {
      answer(404, 'text/plain', 'There is /metrics, and /healthz.\n');
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      answer(405, 'text/plain', 'Only to be read.\n');
    } else if (path === '/metrics') {
      answer(200, TEXT, metricsText(counts()));
    } else {
      answer(200, 'application/json', `${JSON.stringify({ ok: true, lost: counts().lost })}\n`);
    }
  });
  const bound = await listen(server, host, port);
  // A connection that cannot be taken is the asker's to notice: packets are judged on.
  server.on('error', () => {});
  const name = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
  return {
    url: `http://${name}:${bound.port}`,
    close: () => closeNow(server),
  };
}

/** Verdicts and reasons are words of a fixed list: nothing in them must be escaped. */
export function metricsText({ packets, lost, bytes }: Counts): string {
  return [
    '# HELP policap_packets_total Packets judged, by verdict and reason.',
    '# TYPE policap_packets_total counter',
    ...packets.map(
      ({ verdict, reason, count }) => `policap_packets_total{verdict="${verdict}",reason="${reason}"} ${count}`,
    ),
    '# HELP policap_lost_packets_total Packets that went by unseen, as the capturing program counts them.',
    '# TYPE policap_lost_packets_total counter',
    `policap_lost_packets_total ${lost}`,
    '# HELP policap_read_bytes_total Bytes of the capture that were read.',
    '# TYPE policap_read_bytes_total counter',
    `policap_read_bytes_total ${bytes}`,
    '',
  ].join('\n');
}
