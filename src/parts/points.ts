/**
 * Captures -> capture points: which files are one capture, cut into pieces while it was written.
 *
 * In:  paths, as they were given.  Out: points in the order of their first files; the files of a rotation in the order they
 * were written in, which their names tell:
 * - `x.pcap`, `x.pcap1`, `x.pcap2` (tcpdump -C), also with zeros in front (-C with -W);
 * - `x_00001_20260101120000.pcapng`, `x_00002_20260101121500.pcapng` (dumpcap -b);
 * - `x-2026-01-01_12-00-00.pcap`, `x.20260101T120000.pcap` and the like (tcpdump -G, with a date and a time of day).
 * Numbers alone tell nothing: `node-1.pcap` and `node-2.pcap` are two places.
 */

interface Place {
  /** The same for all files of a rotation. */
  readonly rotation: string;
  /** Compared part by part. */
  readonly order: readonly (number | string)[];
}

interface Placed {
  readonly path: string;
  readonly order: Place['order'];
}

const CAPTURE = /\.(?:pcap|pcapng|cap|dmp)$/i;
const COMPRESSED = /\.(?:gz|zst)$/i;
const RING = /^(.*)_(\d{5,})_(\d{14})$/;
/** A date, then a time of day, with or without something between their digits. Other long numbers are none: addresses, say. */
const DATED =
  /(?<!\d)(?:19|20)\d\d[-_.]?(?:0[1-9]|1[0-2])[-_.]?(?:0[1-9]|[12]\d|3[01])[-_.T ]?(?:[01]\d|2[0-3])[-_.:]?[0-5]\d(?:[-_.:]?[0-5]\d)?(?!\d)/;
/** In an order, before the number of a counted file. */
const COUNT = 'count';
const COUNTED = /^(.*\.(?:pcap|cap|dmp))(\d+)$/i;

export function capturePoints(paths: readonly string[]): string[][] {
  const points = new Map<string, Placed[]>();
  const bases = new Set<string>();
  for (const path of paths) {
    const { rotation, order } = placeOf(path);
    if (order.length > 0 && order[0] === COUNT) bases.add(rotation);
  }
  for (const path of paths) {
    const place = placeOf(path);
    // The first file of a counted rotation has no number.
    const order = place.order.length === 0 && bases.has(place.rotation) ? [COUNT, -1] : place.order;
    const name = order.length === 0 ? `${place.rotation}\n${points.size}` : place.rotation;
    const files = points.get(name);
    if (files === undefined) points.set(name, [{ path, order }]);
    else files.push({ path, order });
  }
  return [...points.values()].map(files => files.sort((a, b) => compare(a.order, b.order)).map(({ path }) => path));
}

function placeOf(path: string): Place {
  const slash = path.lastIndexOf('/') + 1;
  const folder = path.slice(0, slash);
  const whole = path.slice(slash).replace(COMPRESSED, '');
  const counted = COUNTED.exec(whole);
  const name = counted?.[1] ?? whole;
  const count = counted === null ? -1 : Number(counted[2]);
  const stem = name.replace(CAPTURE, '');
  const ring = RING.exec(stem);
  if (ring !== null) return { rotation: `${folder}${ring[1]}_`, order: [ring[3]!, Number(ring[2])] };
  const dated = DATED.exec(stem);
  if (dated !== null) {
    const around = `${stem.slice(0, dated.index)}*${stem.slice(dated.index + dated[0].length)}`;
    return { rotation: folder + around, order: [dated[0].replaceAll(/\D/g, '').padEnd(14, '0'), count] };
  }
  return { rotation: folder + name, order: counted === null ? [] : [COUNT, count] };
}

function compare(a: Place['order'], b: Place['order']): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] !== b[i]) return a[i]! < b[i]! ? -1 : 1;
  }
  return a.length - b.length;
}
