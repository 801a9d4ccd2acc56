// The data of the page, what is shown of them (a method, a run of it, an iteration), and what changes that.

const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
const dark = matchMedia("screen and (prefers-color-scheme: dark)");
const { time: timeUnit, length: lengthUnit } = data.units;

const state = { method: data.asked[0], index: data.asked[1], wanted: Infinity };
const method = () => data.methods[state.method];
const run = () => method().runs[state.index];
const at = (where, row, of = run()) => (Array.isArray(where) ? of.columns[where[0]][row] : where);
const iterationAt = (row, of = run()) => at(data.shown.iteration, row, of);
const rows = (of = run()) => of.columns.length ? of.columns[0].length : 1;
let row = 0;

// The row whose iteration is nearest to the wanted one. A short run may end before it; a longer run then shows it again.
function nearestRow(wanted) {
  let best = 0;
  for (let i = 1; i < rows(); i++) {
    if (Math.abs(iterationAt(i) - wanted) <= Math.abs(iterationAt(best) - wanted)) best = i;
  }
  return wanted === Infinity ? rows() - 1 : best;
}

function setIteration(wanted) {
  state.wanted = wanted;
  row = nearestRow(wanted);
  move();
}

const setRow = (i) => setIteration(iterationAt(Math.max(0, Math.min(rows() - 1, i))));

function setRun(m, index) {
  const before = method().runs[state.index].step;
  if (m !== state.method && index === undefined) {
    // The same step if the other method has it, otherwise the step that was asked for, otherwise the middle one.
    const runs = data.methods[m].runs;
    const same = runs.findIndex((other) => other.step === before && before !== null);
    index = same >= 0 ? same : m === data.asked[0] ? data.asked[1] : Math.floor((runs.length - 1) / 2);
  }
  state.method = m;
  state.index = Math.max(0, Math.min(data.methods[m].runs.length - 1, index));
  row = nearestRow(state.wanted);
  draw();
}

// The figures by name: `draw` is called for another run or width, `move` for another iteration.
const figures = {};
