/**
 * The page's style: light and dark as the reader's system says, at any width; verdicts by pattern and word, not by colour alone.
 */
export const STYLE = `
:root { color-scheme: light dark; --ground: #fff; --text: #1a1a1a; --soft: #595959; --line: #d0d0d0; --shade: #f4f4f5;
  --allowed: #9db8d9; --dropped: #b3261e; --undecided: #8a6100; --link: #0b57d0; }
@media (prefers-color-scheme: dark) { :root { --ground: #16181b; --text: #ececec; --soft: #b0b3b8; --line: #42464d; --shade: #212429;
  --allowed: #4a6a94; --dropped: #ff8a80; --undecided: #ffca5f; --link: #8ab4f8; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1rem; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0; } .soft { color: var(--soft); } code, .code { font-family: ui-monospace, monospace; font-size: .9em; }
.headline { font-size: 1.2rem; font-weight: 600; } .notice { border: 2px solid var(--dropped); padding: .5rem .75rem; font-weight: 600; }
.scroll { overflow-x: auto; } svg { display: block; width: 100%; height: auto; min-width: 40rem; } svg.pm { width: auto; min-width: 0; max-width: none; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; color: var(--soft); padding: .25rem 0; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); }
th { white-space: nowrap; } td.words { overflow-wrap: anywhere; min-width: 7rem; } td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; text-decoration: underline dotted; }
th[aria-sort=ascending] button::after { content: " \\25B2"; } th[aria-sort=descending] button::after { content: " \\25BC"; }
.filter { display: flex; flex-wrap: wrap; gap: .5rem; align-items: baseline; margin: .25rem 0; }
.filter input { font: inherit; padding: .2rem .4rem; min-width: 14rem; max-width: 100%; color: inherit; background: var(--shade); border: 1px solid var(--line); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.dropped-text { color: var(--dropped); font-weight: 600; } .undecided-text { color: var(--undecided); font-weight: 600; }
.bar.allowed { fill: var(--allowed); } .bar.dropped { fill: url(#hatched); } .bar.undecided { fill: url(#dotted); }
#hatched .ground, #dotted .ground { fill: var(--shade); } #hatched .mark { fill: var(--dropped); } #dotted .mark { fill: var(--undecided); }
.axis { stroke: var(--line); } .label { fill: var(--soft); font: 12px system-ui, sans-serif; }
.legend { display: flex; gap: 1.25rem; flex-wrap: wrap; list-style: none; padding: 0; margin: .25rem 0; } .legend svg { display: inline-block; min-width: 0; width: 1em; height: 1em; vertical-align: -.1em; }
details > summary { cursor: pointer; color: var(--link); }
@media print { .filter, details > summary { display: none; } }
`;
