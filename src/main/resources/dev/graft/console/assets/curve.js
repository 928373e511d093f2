// The curves of a run: asks for the steps since the last one it knows, until the run has ended.
'use strict';

(() => {
  const EVERY_MS = 3000;
  const HEIGHT = 260;
  const KINDS = [
    {title: 'Loss', lines: [['train_loss', 'training'], ['valid_loss', 'validation']]},
    {title: 'Token accuracy', lines: [['train_mean_token_accuracy', 'training'], ['valid_mean_token_accuracy', 'validation']]},
  ];
  const place = document.querySelector('[data-curve]');
  const points = new Map();
  const plots = new Map();

  const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function table(lines) {
    const steps = [...points.keys()].sort((a, b) => a - b);
    return [steps, ...lines.map(([name]) => steps.map(step => points.get(step)[name] ?? null))];
  }

  function axis() {
    return {stroke: colour('--faint'), grid: {stroke: colour('--line')}, ticks: {stroke: colour('--line')}};
  }

  function draw(kind) {
    const data = table(kind.lines);
    if (!data.slice(1).some(values => values.some(value => value !== null))) return;
    const known = plots.get(kind);
    if (known) { known.setData(data); return; }
    if (plots.size === 0) place.textContent = '';
    const strokes = [colour('--green'), colour('--blue')];
    plots.set(kind, new uPlot({
      title: kind.title, width: width(), height: HEIGHT, scales: {x: {time: false}}, axes: [axis(), axis()],
      series: [{label: 'step', value: rounded(0)}, ...kind.lines.map(([, label], i) => ({
        label, stroke: strokes[i], width: 2, spanGaps: true, points: {show: i === 1}, value: rounded(4),
      }))],
    }, data, place));
  }

  // The legend has the value under the pointer, or the newest before it: the last one where no pointer is.
  function rounded(digits) {
    return (plot, raw, series, at) => {
      const values = plot.data[series];
      for (let i = at ?? values.length - 1; i >= 0; i--) {
        if (values[i] !== null) return values[i].toFixed(digits);
      }
      return '–';
    };
  }

  function drawAnew() {
    plots.forEach(plot => plot.destroy());
    plots.clear();
    KINDS.forEach(draw);
  }

  function width() {
    const beside = place.clientWidth > 980 ? (place.clientWidth - 20) / 2 : place.clientWidth;
    return Math.max(200, beside - 24);
  }

  async function ask() {
    const from = Math.max(0, ...points.keys());
    try {
      const answer = await fetch(place.dataset.curve + '?from=' + from);
      if (answer.redirected || answer.status === 404) return;
      if (!answer.ok) throw new Error(answer.status);
      const curve = await answer.json();
      for (const [step, values] of Object.entries(curve.points)) {
        points.set(Number(step), {...points.get(Number(step)), ...values});
      }
      KINDS.forEach(draw);
      if (!curve.more) return;
    } catch (refused) {
      // The next look may be answered again.
    }
    setTimeout(ask, EVERY_MS);
  }

  if (place) {
    ask();
    new ResizeObserver(() => plots.forEach(plot => {
      if (plot.width !== width()) plot.setSize({width: width(), height: HEIGHT});
    })).observe(place);
    window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAnew);
  }
})();
