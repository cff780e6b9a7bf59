"use strict";
(() => {
  const { definitions, decisions, rows } = JSON.parse(document.getElementById("data").textContent);
  const [ID, LINK, STATE, REVIEW, N, N_LOW, N_HIGH, O, M, CLASS, SUV, MTV, FOCI, DOUBTS, ERROR, VERDICTS, ORGANS] = [...Array(17).keys()];
  const ROW = 28;
  const number = (key) => (row) => (row[key] === null ? "" : String(row[key]));
  const interval = (row) => (row[N] === null ? "" : row[N_LOW] === row[N_HIGH] ? String(row[N]) : `${row[N]} (${row[N_LOW]}–${row[N_HIGH]})`);
  const columns = [
    { title: "case", width: "12rem", text: (row) => row[ID], by: (row) => row[ID], link: true },
    { title: "state", width: "5.5rem", text: (row) => row[STATE], by: (row) => row[STATE], mark: (row) => row[STATE] },
    { title: "N", width: "8rem", text: interval, by: (row) => row[N], kind: "n" },
    { title: "O", width: "3.2rem", text: number(O), by: (row) => row[O], kind: "n" },
    { title: "M", width: "3.2rem", text: number(M), by: (row) => row[M], kind: "n" },
    ...definitions.map((name, index) => ({
      title: name, width: "9.5rem", by: (row) => row[VERDICTS][index],
      text: (row) => decisions[row[VERDICTS][index]] || "", mark: (row) => decisions[row[VERDICTS][index]],
    })),
    { title: "organs", width: "13rem", text: (row) => row[ORGANS].replaceAll("_", " "), by: (row) => row[ORGANS] },
    { title: "class", width: "14rem", text: (row) => row[CLASS].replaceAll("_", " "), by: (row) => row[CLASS] },
    { title: "SUVmax", width: "5rem", text: number(SUV), by: (row) => row[SUV], kind: "n" },
    { title: "MTV ml", width: "5rem", text: number(MTV), by: (row) => row[MTV], kind: "n" },
    { title: "foci", width: "4rem", text: number(FOCI), by: (row) => row[FOCI], kind: "n" },
    { title: "doubts", width: "4.5rem", text: number(DOUBTS), by: (row) => row[DOUBTS], kind: "n" },
    { title: "error", width: "40rem", text: (row) => row[ERROR] || "", by: (row) => row[ERROR], mark: () => "error" },
  ];
  const table = document.getElementById("table");
  const get = (id) => document.getElementById(id);
  let sorted = { column: 0, down: false };
  let pair = null;
  let shown = rows;

  const head = document.createElement("div");
  head.className = "head";
  const body = document.createElement("div");
  body.style.position = "relative";
  const grid = columns.map((column) => column.width).join(" ");
  head.style.gridTemplateColumns = grid;
  columns.forEach((column, index) => {
    const button = document.createElement("button");
    button.type = "button";
    if (column.kind) button.className = column.kind;
    button.addEventListener("click", () => {
      sorted = { column: index, down: sorted.column === index && !sorted.down };
      refresh();
    });
    head.append(button);
  });
  table.append(head, body);
  table.style.height = `min(36rem, ${rows.length * ROW + 60}px)`;

  const compare = (a, b) => {
    const left = columns[sorted.column].by(a), right = columns[sorted.column].by(b);
    const empty = (value) => value === null || value === "" || value === undefined;
    if (empty(left) || empty(right)) return empty(left) - empty(right); // unknown stays last
    const order = typeof left === "number" ? left - right : left.localeCompare(right, undefined, { numeric: true });
    return sorted.down ? -order : order;
  };

  const decided = (row, name) => decisions[row[VERDICTS][definitions.indexOf(name)]];

  const wanted = () => {
    const words = get("search").value.trim().toLowerCase();
    const state = get("state").value, definition = get("definition").value, decision = get("decision").value;
    const disagree = get("disagree").checked, review = get("review").checked;
    return (row) => {
      if (words && !row[ID].toLowerCase().includes(words) && !row[ORGANS].includes(words.replaceAll(" ", "_")) && !(row[ERROR] || "").toLowerCase().includes(words)) return false;
      if (state && row[STATE] !== state) return false;
      if (review && row[REVIEW] !== "needs_review") return false;
      if (decision && definition && decided(row, definition) !== decision) return false;
      if (decision && !definition && !definitions.some((name) => decided(row, name) === decision)) return false;
      if (disagree && new Set(row[VERDICTS]).size < 2) return false;
      if (pair && !(decided(row, pair[0]) === "OLIGO" && decided(row, pair[1]) && decided(row, pair[1]) !== "OLIGO")) return false;
      return true;
    };
  };

  const cell = (column, row) => {
    const span = document.createElement("span");
    const text = column.text(row);
    if (column.kind) span.className = column.kind;
    const mark = column.mark && column.mark(row);
    if (mark) span.classList.add(mark);
    if (column.link && row[LINK]) {
      const link = document.createElement("a");
      link.href = row[LINK];
      link.textContent = text;
      span.append(link);
    } else span.textContent = text;
    if (text.length > 20) span.title = text;
    return span;
  };

  const draw = () => { // only the rows in sight stand in the document
    const first = Math.max(0, Math.floor(table.scrollTop / ROW) - 5);
    const last = Math.min(shown.length, first + Math.ceil(table.clientHeight / ROW) + 12);
    const lines = [];
    for (let index = first; index < last; index++) {
      const line = document.createElement("div");
      line.className = "row";
      line.style.top = `${index * ROW}px`;
      line.style.gridTemplateColumns = grid;
      line.append(...columns.map((column) => cell(column, shown[index])));
      lines.push(line);
    }
    body.replaceChildren(...lines);
  };

  const refresh = () => {
    shown = rows.filter(wanted()).sort(compare);
    body.style.height = `${shown.length * ROW}px`;
    get("shown").textContent = `${shown.length} of ${rows.length} cases`;
    get("extra").hidden = !pair;
    if (pair) get("extra").textContent = `Oligometastatic under ${pair[0]} and not under ${pair[1]}.`;
    [...head.children].forEach((button, index) => {
      const mark = index === sorted.column ? (sorted.down ? " ↓" : " ↑") : "";
      button.textContent = columns[index].title + mark;
    });
    draw();
  };

  const jump = () => { table.scrollTop = 0; refresh(); table.scrollIntoView({ block: "center" }); };
  document.querySelectorAll("[data-decision]").forEach((button) => button.addEventListener("click", () => {
    pair = null;
    get("definition").value = button.dataset.definition;
    get("decision").value = button.dataset.decision;
    jump();
  }));
  document.querySelectorAll("[data-organ]").forEach((button) => button.addEventListener("click", () => {
    pair = null;
    get("search").value = button.dataset.organ.replaceAll("_", " ");
    jump();
  }));
  document.querySelectorAll("[data-yes]").forEach((button) => button.addEventListener("click", () => {
    pair = [button.dataset.yes, button.dataset.no];
    jump();
  }));
  get("filters").addEventListener("input", () => { table.scrollTop = 0; refresh(); });
  get("filters").addEventListener("submit", (event) => event.preventDefault());
  get("filters").addEventListener("reset", () => { pair = null; setTimeout(refresh); });
  table.addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
  addEventListener("resize", draw);
  refresh();
})();
