/**
 * What changes between before and after: totals, and the connections whose verdict changes, each with the line that decides on either
 * side; in the words and the order of `policap diff`.
 */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { Place, Said, ShownChange, ShownDiff } from '../../worker/protocol.js';
import { href } from '../link.js';
import { download } from '../parts/download.js';
import { count, plural } from '../parts/format.js';
import { engine } from '../workspace.js';
import { answer, current, isJudging } from './edits.js';
import { type Files, fileOf } from './files.js';

const SHOWN = 30;
const VERDICTS = ['dropped', 'undecided', 'allowed'] as const;

export function Changes(): JSX.Element {
  const known = answer.value;
  const diff = known?.diff ?? null;
  const why = known?.why ?? null;
  return (
    <section class="changes" aria-label="What changes" aria-busy={isJudging.value}>
      <h2>What changes</h2>
      <div role="status">
        {why !== null && <p class="why">{why}</p>}
        {why !== null && diff !== null && <p>What follows is of the last documents without errors.</p>}
        {diff !== null && <Headline diff={diff} isStale={why !== null} />}
      </div>
      {diff !== null && (
        <div class={why === null ? '' : 'stale'}>
          <Totals diff={diff} />
          <Groups diff={diff} />
          {why === null && known !== null && (
            <p class="soft">{isJudging.value ? 'Judging …' : `Judged in ${known.milliseconds.toFixed(0)} ms.`}</p>
          )}
          <button type="button" onClick={() => void engine.saveDiff().then(({ name, blob }) => download(name, blob))}>
            Save as Markdown
          </button>
        </div>
      )}
    </section>
  );
}

function Headline({ diff, isStale }: { readonly diff: ShownDiff; readonly isStale: boolean }): JSX.Element {
  return (
    <div class={isStale ? 'soft' : ''}>
      {diff.notices.map(it => (
        <p class="dropped-text" key={it}>
          {it}
        </p>
      ))}
      <p class="headline">{diff.headline}</p>
      {diff.besides.map(it => (
        <p key={it}>{it}</p>
      ))}
    </div>
  );
}

function Totals({ diff }: { readonly diff: ShownDiff }): JSX.Element {
  const rows = [
    ['connections before', diff.before.connections],
    ['connections after', diff.after.connections],
    ['packets before', diff.before.packets],
    ['packets after', diff.after.packets],
  ] as const;
  return (
    <table class="totals">
      <caption>Before and after</caption>
      <thead>
        <tr>
          <td />
          {VERDICTS.map(it => (
            <th scope="col" class="number" key={it}>
              {it}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, counts]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            {VERDICTS.map(it => (
              <td class={`number ${it}-text`} key={it}>
                {count(counts[it])}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Groups({ diff }: { readonly diff: ShownDiff }): JSX.Element {
  const most = useSignal(SHOWN);
  const shown = diff.changes.slice(0, most.value);
  const headings = [...new Set(shown.map(({ heading }) => heading))];
  const left = diff.changes.length - shown.length;
  return (
    <>
      {headings.map(heading => (
        <section key={heading} aria-label={heading}>
          <h3>{heading}</h3>
          <ul class="groups">
            {shown
              .filter(it => it.heading === heading)
              .map(it => (
                <Group its={it} key={`${it.where} ${it.firstPacket}`} />
              ))}
          </ul>
        </section>
      ))}
      {left > 0 && (
        <button type="button" onClick={() => (most.value += SHOWN * 4)}>
          Show more of {plural(left, 'further group')}
        </button>
      )}
      {left === 0 && diff.left > 0 && (
        <p class="soft">{plural(diff.left, 'connection')} of further groups are not shown.</p>
      )}
    </>
  );
}

function Group({ its }: { readonly its: ShownChange }): JSX.Element {
  return (
    <li>
      <p>
        <strong>{its.source}</strong> → <strong>{its.destination}</strong> <span class="on">{its.on}</span>
        {its.service !== null && <span class="soft"> via {its.service}</span>}
      </p>
      <p class="soft">
        {plural(its.connections, 'connection')}, {plural(its.packets, 'packet')}, first at packet{' '}
        {count(its.firstPacket)}
        {' · '}
        <a
          href={href('replay', { table: 'connections', where: its.where })}
          aria-label={`Show in replay: ${its.source} to ${its.destination}, ${its.on}`}
        >
          Show in replay
        </a>
      </p>
      <dl>
        <Side name="before" said={its.before} />
        <Side name="after" said={its.after} />
      </dl>
    </li>
  );
}

function Side({ name, said }: { readonly name: 'before' | 'after'; readonly said: Said }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <span class={`verdict ${said.verdict}-text`}>{said.verdict}</span> {said.why}
        {said.places.map(place => (
          <Line place={place} files={answer.value?.[name] ?? []} key={`${place.file}:${place.line}`} />
        ))}
      </dd>
    </div>
  );
}

/** The deciding line itself. It can be shown in the editor only where the file there is the one that was judged. */
function Line({ place: { file, line }, files }: { readonly place: Place; readonly files: Files }): JSX.Element {
  const text = fileOf(files, file)?.text ?? '';
  const where = `${file}:${line}`;
  return (
    <span class="line">
      {fileOf(current.value, file)?.text === text ? (
        <a href={href('edit', { file, line })}>{where}</a>
      ) : (
        <span class="soft">{where}</span>
      )}{' '}
      <code>{lineOf(text, line).trim()}</code>
    </span>
  );
}

function lineOf(text: string, line: number): string {
  let start = 0;
  for (let i = 1; i < line && start >= 0; i++) start = text.indexOf('\n', start) + 1 || -1;
  if (start < 0) return '';
  const end = text.indexOf('\n', start);
  return text.slice(start, end < 0 ? undefined : end).slice(0, 200);
}
