// What pages do beside htmx: times in the reader's zone, questions before deeds, choices that show more.
'use strict';

function localTimes(root) {
  for (const time of root.querySelectorAll('time[datetime]')) {
    const at = new Date(time.dateTime);
    if (isNaN(at)) continue;
    time.title = time.dateTime;
    time.textContent = at.toLocaleString(undefined, {dateStyle: 'medium', timeStyle: 'short'});
  }
}

function showChosen(select) {
  for (const part of document.querySelectorAll('[data-shown-by]')) {
    part.hidden = part.dataset.shownBy !== select.value;
    if (part.matches('fieldset')) part.disabled = part.hidden;
  }
}

// What does not fit cannot be chosen; what is preferred is chosen first.
function offer(select, fits, preferred) {
  for (const option of select.options) option.hidden = option.disabled = !fits(option);
  const offered = [...select.options].filter(option => !option.disabled);
  const now = select.selectedOptions[0];
  if (now && !now.disabled && (!preferred || preferred(now))) return;
  const best = (preferred && offered.find(preferred)) || (now && !now.disabled && now) || offered[0];
  select.value = best ? best.value : '';
}

// The objective goes by the rows of the training file, models and validation files by both.
function fitJob(form) {
  const file = form.elements.trainingFile.selectedOptions[0];
  const kind = file ? file.dataset.kind : undefined;
  const objective = form.elements.objective;
  offer(objective, option => !kind || option.dataset.kinds.split(' ').includes(kind));
  offer(form.elements.validationFile, option => !option.value || !kind || option.dataset.kind === kind);
  const labels = ['classification', 'regression'].includes(objective.value);
  const classifies = option => option.dataset.task === 'text-classification';
  const model = form.elements.model;
  offer(model,
    option => labels ? classifies(option) || option.dataset.tuned === 'false' : !classifies(option),
    labels && !form.dataset.model ? classifies : undefined);
  document.getElementById('no-model').hidden = model.value !== '';
}

// Classifiers are asked rows with labels, all other models prompts: the candidate decides about the files.
function fitEvaluation(form) {
  const candidate = form.elements.models.selectedOptions[0];
  if (!candidate) return;
  const task = candidate.dataset.task;
  const labels = task === 'text-classification';
  const kinds = labels ? ['label'] : ['chat', 'chat_completion', 'prompt_completion'];
  offer(form.elements.file, option => !option.dataset.kind || kinds.includes(option.dataset.kind));
  offer(form.elements.baseline, option => !option.value || option.dataset.task === task);
  const graders = form.querySelector('[data-graders]'); // what is measured of a classifier is fixed
  graders.hidden = graders.disabled = labels;
  for (const metric of form.querySelectorAll('[name=gateMetrics]')) {
    offer(metric, option => !option.dataset.task || option.dataset.task === task);
  }
}

document.addEventListener('DOMContentLoaded', () => {
  localTimes(document);
  document.querySelectorAll('[data-new-evaluation]').forEach(fitEvaluation);
  document.querySelectorAll('[data-new-job]').forEach(fitJob);
  document.querySelectorAll('[data-shows]').forEach(showChosen);
});
document.addEventListener('htmx:afterSettle', () => localTimes(document));

// On a wide page the menu is part of the head: one that was open on a narrow page closes.
matchMedia('(min-width: 761px)').addEventListener('change', wide => {
  const menu = document.getElementById('menu');
  if (wide.matches && menu?.matches(':popover-open')) menu.hidePopover();
});

document.addEventListener('change', event => {
  if (event.target.matches('[data-shows]')) showChosen(event.target);
  if (event.target.matches('[data-header]')) suggestColumns(event.target);
  if (event.target.matches('[data-new-job] [name=trainingFile], [data-new-job] [name=objective]')) fitJob(event.target.form);
  if (event.target.matches('[data-new-evaluation] [name=models]')) fitEvaluation(event.target.form);
});

// The cells of a CSV file's first line, to choose from; of a packed file they are typed.
async function suggestColumns(input) {
  const list = document.querySelector(input.dataset.header);
  list.replaceChildren();
  const file = input.files[0];
  if (!file || !/\.[ct]sv$/i.test(file.name)) return;
  const line = (await file.slice(0, 65536).text()).split('\n')[0];
  const delimiter = [',', ';', '\t'].reduce((a, b) => line.split(b).length > line.split(a).length ? b : a);
  for (const cell of line.split(delimiter)) {
    list.append(new Option('', cell.trim().replace(/^"(.*)"$/, '$1').replaceAll('""', '"')));
  }
  input.form.querySelector('details').open = true;
}

// A column that is not named is not asked for.
document.addEventListener('htmx:configRequest', event => {
  const form = event.detail.formData;
  for (const [name, value] of [...form]) {
    if (name.startsWith('columns[') && !value) form.delete(name);
  }
});

document.addEventListener('submit', event => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

document.addEventListener('click', event => {
  const button = event.target.closest('[data-copy]');
  if (!button) return;
  navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent);
  button.textContent = 'Copied';
});

document.addEventListener('htmx:xhr:progress', event => {
  const bar = event.target.querySelector && event.target.querySelector('progress.upload');
  if (!bar || !event.detail.lengthComputable) return;
  bar.hidden = false;
  bar.value = 100 * event.detail.loaded / event.detail.total;
});

// Where the server cannot be reached, a page says so, and goes on where it was when it is back.
document.addEventListener('htmx:sendError', () => document.body.classList.add('away'));
document.addEventListener('htmx:afterOnLoad', () => document.body.classList.remove('away'));

// A part that asks again leaves its reader where they are: what is marked stays marked until it is let go, and lists
// stay where they were scrolled to. Focus is htmx's to keep, by the ids of what has it.
let scrolled = [];

document.addEventListener('htmx:beforeSwap', event => {
  const target = event.detail.target;
  const marked = document.getSelection();
  const polled = (event.detail.requestConfig.elt.getAttribute('hx-trigger') || '').startsWith('every');
  if (polled && !marked.isCollapsed && target.contains(marked.anchorNode)) event.detail.shouldSwap = false;
  scrolled = [...target.querySelectorAll('[id]')].filter(part => part.scrollTop > 0).map(part => [part.id, part.scrollTop]);
});

document.addEventListener('htmx:afterSwap', () => {
  for (const [id, top] of scrolled) {
    const part = document.getElementById(id);
    if (part) part.scrollTop = top;
  }
  scrolled = [];
});
