/** The style sheet of the status page. Contrast is AA (WCAG 2.2, 1.4.3) in both colour schemes. */
export const style = `:root {
  color-scheme: light dark;
  --back: #fff; --card: #f4f6f8; --text: #1a1f24; --soft: #4a5561; --line: #c3ccd5; --link: #0b57a4;
  --good: #14632f; --good-back: #e3f4e8; --bad: #9b1c1c; --bad-back: #fdeaea; --warn: #6f4600; --warn-back: #fff3d6; --bar: #5b7c99; --hit: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #14181c; --card: #1e242a; --text: #e8ecf0; --soft: #aab5c0; --line: #47525d; --link: #8cc4ff;
    --good: #8ce0a5; --good-back: #15301e; --bad: #ffb0aa; --bad-back: #3c1917; --warn: #ffd68a; --warn-back: #362a10; --bar: #7ea3c4; --hit: #ff8a80;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1.5rem; padding: .5rem 1.5rem; border-bottom: 1px solid var(--line); background: var(--card); }
header p { margin: 0; }
.name { font-weight: 700; font-size: 1.2rem; }
.research { padding: .1rem .6rem; border-radius: .25rem; background: var(--warn-back); color: var(--warn); font-weight: 600; }
header nav { order: 3; flex-basis: 100%; }
header button { margin-left: auto; padding: .15rem .7rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem; margin: 0; padding: 0; list-style: none; }
nav a { display: block; padding: .35rem .75rem; border-radius: .25rem; text-decoration: none; }
nav a[aria-current] { background: var(--link); color: var(--back); }
main { max-width: 76rem; margin: 0 auto; padding: 1rem 1.5rem 3rem; }
h1 { margin: .5rem 0 1rem; font-size: 1.6rem; }
h2 { margin: 2rem 0 .5rem; font-size: 1.2rem; }
a { color: var(--link); }
a:focus-visible, button:focus-visible, input:focus-visible, summary:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: .5rem; padding: .5rem; background: var(--back); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.empty, .soft { color: var(--soft); }
code.short, .age { white-space: nowrap; }
code { font-family: ui-monospace, monospace; font-size: .85em; overflow-wrap: anywhere; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.5rem, 1fr)); gap: .75rem; margin: 1rem 0; padding: 0; list-style: none; }
.cards li { padding: .75rem 1rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--card); }
.cards strong { display: block; font-size: 1.8rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.cards a { color: inherit; text-decoration: none; display: block; }
.cards a:hover span { text-decoration: underline; }
.cards .alarm { border-color: var(--bad); background: var(--bad-back); color: var(--bad); }
.notice { margin: 0 0 1rem; padding: .75rem 1rem; border-left: .35rem solid; border-radius: .25rem; }
.notice p { margin: .25rem 0; }
.good { border-color: var(--good); background: var(--good-back); color: var(--good); }
.bad { border-color: var(--bad); background: var(--bad-back); color: var(--bad); }
.notice.plain { border-color: var(--link); background: var(--card); }
.notice a, .notice dt { color: inherit; }
.trouble { margin: 0 0 .75rem; padding: .75rem 1rem; border: 1px solid var(--bad); border-left-width: .35rem; border-radius: .25rem; }
.trouble p { margin: .15rem 0; }
.trouble form { margin-top: .5rem; }
table { width: 100%; border-collapse: collapse; margin: .5rem 0 1rem; font-variant-numeric: tabular-nums; }
caption { padding: .25rem 0; text-align: left; color: var(--soft); }
th, td { padding: .4rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { font-size: .85rem; color: var(--soft); }
td form { display: inline-block; margin: 0 .25rem .25rem 0; }
.state { padding: .05rem .5rem; border-radius: 1rem; border: 1px solid var(--line); white-space: nowrap; font-size: .9rem; }
.state-DEAD, .state-FORCED, .state-SKIPPED { border-color: var(--bad); background: var(--bad-back); color: var(--bad); }
.state-DONE, .state-VERIFIED, .state-COMPLETE { border-color: var(--good); background: var(--good-back); color: var(--good); }
.state-RUNNING, .state-DELIVERING, .state-OPEN { border-color: var(--warn); background: var(--warn-back); color: var(--warn); }
button { padding: .4rem .9rem; border: 1px solid var(--link); border-radius: .3rem; background: var(--link); color: var(--back); font: inherit; cursor: pointer; }
button.plain { background: transparent; color: var(--link); }
input { padding: .35rem .5rem; max-width: 100%; border: 1px solid var(--line); border-radius: .3rem; background: var(--back); color: inherit; font: inherit; }
input[type=file] { display: block; max-width: 100%; margin: .25rem 0 .75rem; font: inherit; color: inherit; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.25rem; margin: 0 0 1rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.timeline { margin: 0; padding: 0 0 0 1.25rem; }
.timeline li { margin: .2rem 0; }
figure { margin: 0; }
.chart { display: block; width: 100%; max-height: 16rem; border: 1px solid var(--line); border-radius: .25rem; background: var(--card); }
.chart .bar { fill: var(--bar); }
.chart .hit { fill: var(--hit); }
.chart .none { fill: none; stroke: var(--soft); stroke-dasharray: 2 2; }
.chart .threshold { stroke: var(--text); stroke-dasharray: 6 4; stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: .35rem 0; padding: 0; list-style: none; color: var(--soft); font-size: .9rem; }
.swatch { display: inline-block; width: .8rem; height: .8rem; margin-right: .35rem; vertical-align: -.05rem; background: var(--bar); }
.swatch.over { background: var(--hit); }
.swatch.lacking { background: none; border: 1px dashed var(--soft); }
.swatch.line { height: 0; border-top: 2px dashed var(--text); background: none; vertical-align: .25rem; width: 1.2rem; }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(8rem, 1fr)); gap: .75rem; margin: .5rem 0; padding: 0; list-style: none; }
.gallery img { display: block; width: 100%; height: auto; aspect-ratio: 1; object-fit: contain; background: #000; border-radius: .25rem; }
.gallery span { font-size: .85rem; color: var(--soft); }
summary { cursor: pointer; color: var(--link); }
.pages { display: flex; gap: 1rem; }
.live { float: right; font-size: .9rem; }
@media (max-width: 40rem) {
  main, header { padding-left: 1rem; padding-right: 1rem; }
  thead { position: absolute; clip-path: inset(50%); height: 1px; width: 1px; overflow: hidden; }
  tr { display: block; padding: .5rem 0; border-bottom: 1px solid var(--line); }
  td { display: grid; grid-template-columns: 8rem 1fr; border: 0; padding: .15rem 0; }
  td::before { content: attr(data-label); color: var(--soft); }
  dl { grid-template-columns: 1fr; }
}
@media (prefers-reduced-motion: no-preference) { nav a, button { transition: background-color .15s; } }
`
