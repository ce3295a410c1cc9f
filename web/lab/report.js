// The report of a run: its table, and a lane of messages a subscriber. Made from the JSON alone.

/** Most messages that are shown in a lane, and most lanes; beyond them a sentence says how many. */
const MOST_MESSAGES = 400;
const MOST_LANES = 40;

/** What each outcome is called, and its sign: the same as in the text report. */
const OUTCOMES = {
  live: { sign: '●', words: 'live' },
  'caught-up': { sign: '◐', words: 'caught up later' },
  missed: { sign: '✗', words: 'missed' },
};

const element = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  made.append(...children);
  return made;
};

const sum = (row, counter) => row.subscribers.reduce((total, one) => total + one[counter], 0);

const name = ({ link, mode }) => `${link}/${mode}`;

const number = (value) => value.toLocaleString('en-US');

const time = (milliseconds) => {
  if (milliseconds === null) return '–';
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  return `${(milliseconds / 1000).toFixed(1)} s`;
};

/** Shows a report in `place`. `on_message` is told the contender, the message and the client. */
export function show(report, place, on_message) {
  const title = element('h3', { class: 'title' }, `${report.title} `,
    element('small', {}, `${report.scenario}, seed ${report.seed}`));
  place.replaceChildren(title, verdict(report), table(report), ...lanes(report, on_message));
}

function verdict({ result, expectations }) {
  const met = expectations.filter((one) => one.met).length;
  const failed = expectations.filter((one) => one.met === false);
  const words = {
    met: `All ${expectations.length} expectations are met.`,
    failed: `${failed.length} of ${expectations.length} expectations failed.`,
    inconclusive: 'No fault did anything.',
    unchecked: 'The scenario expects nothing.',
  };
  const said = element('p', { class: `verdict ${result}` },
    words[result] ?? `${result}: ${met} of ${expectations.length} expectations are met.`);
  const list = failed.map((one) =>
    element('li', {}, `${one.expected}; measured ${one.measured ?? 'nothing'}`));
  return list.length ? element('div', {}, said, element('ul', {}, ...list)) : said;
}

function table({ contenders }) {
  const heads = ['contender', 'wanted', 'live', 'caught up', 'missed', 'worst delay', 'packets'];
  const rows = contenders.map((row) => {
    const worst = row.subscribers.map((one) => one.worst_delay_ms).filter((one) => one !== null);
    const missed = sum(row, 'missed');
    const cells = [
      number(sum(row, 'wanted')), number(sum(row, 'live')), number(sum(row, 'caught_up')),
      number(missed), time(worst.length ? Math.max(...worst) : null), number(row.cost.packets),
    ];
    return element('tr', {},
      element('th', { scope: 'row' }, `${row.link}/`, element('wbr'), row.mode),
      ...cells.map((cell, index) =>
        element('td', index === 3 && missed ? { class: 'bad' } : {}, cell)));
  });
  return element('div', { class: 'wide' }, element('table', {},
    element('thead', {}, element('tr', {}, ...heads.map((head) =>
      element('th', { scope: 'col' }, head)))),
    element('tbody', {}, ...rows)));
}

function lanes({ contenders }, on_message) {
  const legend = element('p', { class: 'legend' },
    Object.values(OUTCOMES).map(({ sign, words }) => `${sign} ${words}`).join('   '),
    '. Click a message to see its life.');
  let left = MOST_LANES;
  const groups = contenders.map((row) => {
    const shown = row.subscribers.slice(0, left);
    left -= shown.length;
    return shown.length
      ? [element('h3', {}, name(row)), ...shown.map((one) => lane(row, one, on_message))]
      : [];
  }).flat();
  const all = contenders.reduce((count, row) => count + row.subscribers.length, 0);
  const notice = all > MOST_LANES
    ? [element('p', { class: 'notice' }, `${number(all - MOST_LANES)} more subscribers are not `
      + 'drawn; the report as text has them.')]
    : [];
  return groups.length ? [legend, ...groups, ...notice] : [];
}

function lane(row, subscriber, on_message) {
  const messages = subscriber.messages.slice(0, MOST_MESSAGES).map((message) => {
    const { sign, words } = OUTCOMES[message.outcome];
    const at = time(message.published_ms);
    const why = message.cause ? `, ${message.cause}` : '';
    const label = `${message.id}, published at ${at}: ${words}${why}`;
    const button = element('button',
      { type: 'button', class: message.outcome, title: label, 'aria-label': label }, sign);
    button.addEventListener('click', () => on_message(name(row), message.id, subscriber.client));
    return button;
  });
  const rest = subscriber.messages.length - MOST_MESSAGES;
  const more = rest > 0 ? [element('span', { class: 'notice' }, ` and ${number(rest)} more`)] : [];
  return element('div', { class: 'lane' },
    element('span', { class: 'client' }, subscriber.client),
    element('div', { class: 'messages' }, ...messages, ...more));
}
