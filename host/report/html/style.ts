/** The page's own style: system fonts, few colours, both schemes, paper. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fdfdfc; --ink: #1c2024; --soft: #5a636c; --faint: #e3e6e8; --line: #c3c9ce;
  --devmap: #0b62a8; --refcount: #c04a00; --third: #00795a; --band: #c8d0d7; --well: #f3f4f3;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", sans-serif;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", "DejaVu Sans Mono", monospace;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #15181b; --ink: #e4e7e9; --soft: #a3adb5; --faint: #2b3036; --line: #48515a;
    --devmap: #6bb5f0; --refcount: #f2994a; --third: #4cc7a0; --band: #56626d; --well: #1d2125;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 3rem 1.5rem 5rem; max-width: 66rem;
  background: var(--paper); color: var(--ink);
  font: 1rem/1.55 var(--sans); font-variant-numeric: tabular-nums lining-nums;
}
p, ul, dl { max-width: 44rem; margin: 0.6rem 0; }
h1 { font-size: 2rem; line-height: 1.2; font-weight: 650; letter-spacing: -0.015em; margin: 0.2rem 0 0.8rem; }
h2 { font-size: 1.35rem; line-height: 1.3; font-weight: 650; letter-spacing: -0.01em; margin: 0 0 0.35rem; }
h3 { font-size: 1.05rem; margin: 2rem 0 0.2rem; }
.name { font: 600 0.85rem var(--mono); color: var(--soft); margin: 0; }
.lead { font-size: 1.1rem; color: var(--soft); }
.note { font-size: 0.875rem; color: var(--soft); }
a { color: inherit; text-decoration-color: var(--line); text-underline-offset: 0.2em; }
a:hover { text-decoration-color: currentColor; }
nav ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: 0.2rem 1.4rem; font-size: 0.9rem; max-width: none; }
section { margin-top: 3.5rem; padding-top: 1.5rem; border-top: 1px solid var(--faint); }
ul { padding-left: 1.2rem; }
code { font-family: var(--mono); font-size: 0.9em; overflow-wrap: anywhere; }
dt { font-weight: 600; margin-top: 0.8rem; }
dd { margin: 0; }
.headline { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 1.2rem 2rem; margin: 1.8rem 0 0.4rem; max-width: none; }
.headline dt { font-weight: 400; font-size: 0.9rem; color: var(--soft); margin: 0; }
.headline dd { font-size: 1.6rem; font-weight: 600; letter-spacing: -0.01em; line-height: 1.25; }
.kind { display: block; width: max-content; max-width: 100%; font-size: 0.8rem; color: var(--soft); padding-left: 0.6rem; border-left: 3px solid var(--line); line-height: 1.3; margin-bottom: 0.3rem; }
.kind.recorded { border-left-color: var(--ink); color: var(--ink); }
.kind.counted { border-left-style: double; border-left-width: 5px; }
.kind.predicted { border-left-style: dashed; }
.kind.emulated { border-left-style: dotted; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: 0.875rem; line-height: 1.75rem; }
table.plotted { width: 100%; }
th, td { padding: 0 0.9rem 0 0; white-space: nowrap; font-weight: 400; text-align: left; vertical-align: bottom; }
table:not(.plotted) :is(th, td):last-child { padding-right: 0; }
.right { text-align: right; }
thead th { color: var(--soft); font-size: 0.8125rem; border-bottom: 1px solid var(--line); }
tbody tr { height: 1.75rem; }
tbody th, tbody td { vertical-align: middle; }
.heading th, .strong > * { font-weight: 600; }
th.plot, td.plot { width: 99%; min-width: 17rem; padding: 0 0 0 0.4rem; }
th.plot { text-align: center; }
td.plot { vertical-align: top; }
svg { display: block; width: 100%; overflow: visible; }
svg.axis { height: 1.5rem; }
svg text { fill: var(--ink); font: 12px var(--sans); font-variant-numeric: tabular-nums; }
svg .tick { fill: var(--soft); font-size: 11px; text-anchor: middle; }
svg .start { text-anchor: start; }
svg .end { text-anchor: end; }
.grid { stroke: var(--faint); }
.origin { stroke: var(--soft); }
.base { stroke: var(--line); }
.self { fill: var(--band); }
.ci { stroke: var(--refcount); stroke-width: 1.6; }
.link { stroke: var(--line); stroke-width: 1.5; }
.hollow { fill: var(--paper); stroke: var(--soft); stroke-width: 1.5; }
.kernel-devmap { --c: var(--devmap); }
.kernel-refcount { --c: var(--refcount); }
[class*="kernel-refcount-"] { --c: var(--third); }
.faint { fill: var(--soft); fill-opacity: 0.55; }
.solid { fill: var(--c); }
.bar { stroke: var(--c); }
.adds { stroke: var(--refcount); }
.saves { stroke: var(--devmap); }
.curve { fill: none; stroke: var(--c); stroke-width: 1.8; stroke-linejoin: round; }
g.kernel-devmap .curve { stroke-dasharray: 6 3; }
.point { fill: var(--c); }
svg .series { fill: var(--c); font-weight: 600; }
.crossing { fill: var(--paper); stroke: var(--ink); stroke-width: 1.6; }
.drop { stroke: var(--soft); stroke-dasharray: 2 3; }
svg .remark { font-weight: 600; }
.floor { fill: var(--well); }
figure { margin: 1.5rem 0; break-inside: avoid; min-width: 0; }
figcaption { font-size: 0.875rem; line-height: 1.45; margin-bottom: 0.4rem; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: 0 2rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 28rem), 1fr)); gap: 0 3rem; align-items: start; }
.pair td.plot, .pair th.plot { min-width: 7rem; }
.legend { display: flex; gap: 1.5rem; font-size: 0.875rem; }
.key::before { content: ""; display: inline-block; width: 1.1em; height: 0.55em; margin-right: 0.5em; background: var(--c); }
details { font-size: 0.875rem; color: var(--soft); }
details table { color: var(--ink); }
summary { cursor: pointer; width: max-content; }
svg.grid-of-pages { max-width: 44rem; }
.damage-none { --c: var(--faint); fill: var(--faint); }
.damage-repaired { --c: var(--band); fill: var(--band); }
.damage-leaked { --c: var(--devmap); fill: var(--devmap); }
.damage-underflow { --c: var(--refcount); fill: var(--refcount); }
.damage-overwritten { --c: var(--ink); fill: var(--ink); }
svg.map { max-width: 30rem; }
.map .table, .map .page { fill: var(--well); stroke: var(--line); }
.map .slot { fill: var(--refcount); }
.map .level { fill: var(--soft); }
.map .mono { font: 12px var(--mono); }
.map .bits, .map .field { fill: var(--soft); }
.map .differs { fill: var(--ink); font-weight: 700; }
.map .arrow * { stroke: var(--soft); fill: none; }
@media (max-width: 40rem) {
  body { padding: 1.5rem 1rem 3rem; }
  h1 { font-size: 1.6rem; }
  table { font-size: 0.8125rem; }
  th, td { padding-right: 0.6rem; }
  .headline { grid-template-columns: repeat(2, 1fr); gap: 0.8rem 1rem; }
  .headline dd { font-size: 1.25rem; }
}
@media print {
  :root { --paper: #fff; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav, summary, details:not([open]) { display: none; }
  section { margin-top: 1.6rem; padding-top: 0.8rem; }
  h2, h3, .kind, section > p, .note { break-after: avoid; }
  table { font-size: 7.5pt; }
  th, td { padding-right: 0.55rem; }
  tr, figure { break-inside: avoid; }
  .scroll { overflow: visible; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
@page { margin: 16mm 14mm; }
`;
