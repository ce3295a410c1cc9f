// The editor: a text area with numbered lines, and the problems of `dlab check` at their lines.

export class Editor {
  constructor(element, on_change) {
    this.area = element.querySelector('textarea');
    this.gutter = element.querySelector('.gutter');
    this.problems = element.querySelector('.problems');
    this.marked = new Map();
    this.area.addEventListener('input', () => {
      this.number();
      on_change();
    });
    this.area.addEventListener('scroll', () => { this.gutter.scrollTop = this.area.scrollTop; });
  }

  get text() {
    return this.area.value;
  }

  set text(text) {
    this.area.value = text;
    this.area.scrollTop = 0;
    this.show([], []);
  }

  /** Shows problems (each with its places) and warnings. */
  show(problems, warnings) {
    this.marked = new Map();
    for (const problem of problems) {
      for (const { line } of problem.places) this.marked.set(line, 'problem');
    }
    this.number();
    this.problems.replaceChildren(
      ...problems.map((problem) => this.item('problem', problem)),
      ...warnings.map((warning) => this.item('warning', { ...warning, places: [] })));
  }

  item(kind, { what, help, places }) {
    const item = document.createElement('li');
    item.className = kind;
    const said = document.createElement('strong');
    said.textContent = `${kind}: ${what}`;
    item.append(said);
    for (const place of places) {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = `line ${place.line}`;
      button.addEventListener('click', () => this.select(place));
      item.append(' ', button, ` ${place.label}`);
    }
    if (help) {
      const hint = document.createElement('div');
      hint.textContent = `help: ${help}`;
      item.append(hint);
    }
    return item;
  }

  /** Selects a place: a line, and in it columns that count characters. */
  select({ line, column, length }) {
    const lines = this.text.split('\n');
    const before = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    const units = (text, count) => [...text].slice(0, count).join('').length;
    const rest = this.text.slice(before);
    const start = before + units(rest, column - 1);
    this.area.focus();
    this.area.setSelectionRange(start, start + units(this.text.slice(start), length));
    const height = this.area.scrollHeight / Math.max(lines.length, 1);
    this.area.scrollTop = Math.max(0, (line - 4) * height);
  }

  number() {
    const count = this.text.split('\n').length;
    const numbers = Array.from({ length: count }, (_, index) => {
      const number = document.createElement('span');
      number.textContent = String(index + 1);
      if (this.marked.has(index + 1)) number.className = this.marked.get(index + 1);
      return number;
    });
    this.gutter.replaceChildren(...numbers);
    this.gutter.scrollTop = this.area.scrollTop;
  }
}
