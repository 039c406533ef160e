'use strict';
// Search and filters. Everything is on the page without them.
const plain = text => /[^\x00-\x7f]/.test(text) ? text.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '') : text.toLowerCase();

function indexed(report) {
  return [...report.querySelectorAll('.chunk')].map(chunk => ({
    chunk,
    people: [...chunk.querySelectorAll('.person')].map(person => ({
      person,
      name: plain(person.querySelector('header').textContent),
      steps: [...person.querySelectorAll('.step')].map(step => ({ step, data: step.dataset, text: plain(step.textContent) })),
    })),
  }));
}

function filtered(index, words, wanted) {
  let shown = 0;
  for (const { chunk, people } of index) {
    let inChunk = 0;
    for (const { person, name, steps } of people) {
      let ofPerson = 0;
      for (const { step, data, text } of steps) {
        const fits = words.every(word => name.includes(word) || text.includes(word))
          && wanted.every(([key, value]) => ` ${data[key]} `.includes(` ${value} `));
        if (step.hidden === fits) step.hidden = !fits;
        if (fits) ofPerson += 1;
      }
      if (person.hidden === ofPerson > 0) person.hidden = ofPerson === 0;
      inChunk += ofPerson;
    }
    if (chunk.hidden === inChunk > 0) chunk.hidden = inChunk === 0;
    shown += inChunk;
  }
  return shown;
}

for (const report of document.querySelectorAll('.report')) {
  const form = report.querySelector('form.filter');
  if (!form) continue;
  form.hidden = false;
  let index = null;
  let waiting = 0;
  const apply = () => {
    waiting = 0;
    index ??= indexed(report);
    const words = plain(form.elements.search.value).split(/\s+/).filter(Boolean);
    const wanted = [...form.querySelectorAll('select')].filter(select => select.value).map(select => [select.name, select.value]);
    form.querySelector('output').value = form.dataset.shown.replace('#', filtered(index, words, wanted).toLocaleString(document.documentElement.lang));
  };
  const soon = () => { waiting ||= requestAnimationFrame(apply); };
  form.addEventListener('input', soon);
  form.addEventListener('reset', soon);
  form.addEventListener('submit', event => event.preventDefault());
}

addEventListener('beforeprint', () => {
  for (const details of document.querySelectorAll('details')) details.open = true;
});
