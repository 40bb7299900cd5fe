/**
 * Where the reader is: the address's fragment, both ways. Every state of the page is a link.
 *
 *   #/replay?table=packets&where=verdict+%3D%3D+dropped&row=17
 *
 * In:  the fragment.  Out: `link`, a signal of the view and its parameters. go() replaces parameters and adds an entry to the history;
 * parameters that are null are left out.
 */
import { signal } from '@preact/signals';

export const VIEWS = ['open', 'replay', 'edit', 'step', 'lessons'] as const;
export type View = (typeof VIEWS)[number];

export interface Link {
  readonly view: View;
  readonly parameters: Readonly<Record<string, string>>;
}

export const link = signal<Link>(read(location.hash));

addEventListener('hashchange', () => {
  link.value = read(location.hash);
});

function read(hash: string): Link {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const view = VIEWS.find(it => it === path) ?? 'open';
  return { view, parameters: Object.fromEntries(new URLSearchParams(query)) };
}

type Parameters = Readonly<Record<string, string | number | null | undefined>>;

export function href(view: View, parameters: Parameters = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== '') query.set(name, String(value));
  }
  const text = query.toString();
  return `#/${view}${text === '' ? '' : `?${text}`}`;
}

/** To another state of the same view, or to another view. @param replaced without an entry in the history: while something is typed */
export function go(view: View, parameters: Parameters = {}, replaced = false): void {
  const here = link.value;
  const kept = view === here.view ? here.parameters : {};
  const target = href(view, { ...kept, ...parameters });
  if (target === location.hash) return;
  history[replaced ? 'replaceState' : 'pushState'](null, '', target);
  link.value = read(target);
}

/** To a state of the page that somebody has sent. @param hash a fragment */
export function follow(hash: string): void {
  const { view, parameters } = read(hash);
  const target = href(view, parameters);
  if (target !== location.hash) history.pushState(null, '', target);
  link.value = read(target);
}
