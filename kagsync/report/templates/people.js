"use strict";
// Sorts, filters and highlights people. Without it, a page is complete: a plain table.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  document.documentElement.classList.add("live");
  const tables = all("table.standings");
  const text = (row, column) => row.cells[column].textContent.trim();
  // "▼1,029" is -1029, "▲+0.02" is 0.02, "14 (+3)" is 14, "=" is 0, "–" and "new" are nothing.
  const number = (cell) =>
    cell === "=" ? 0 : parseFloat(cell.replace(/[▲▼](?=[+-])/, "").replace("▼", "-").replace(/[▲,]/g, ""));
  const sort = (table, column) => {
    const heads = all("thead th", table);
    const head = heads[column];
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const numbers = head.classList.contains("number");
    const order = (a, b) => (numbers ? a - b : a.localeCompare(b, undefined, { sensitivity: "base" }));
    const key = (row) => (numbers ? number(text(row, column)) : text(row, column));
    const empty = (x) => x === "" || Number.isNaN(x);
    const sorted = all("tr", table.tBodies[0]).sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      if (empty(x) || empty(y)) return empty(x) - empty(y); // unknown values go last
      return down ? order(y, x) : order(x, y);
    });
    table.tBodies[0].append(...sorted);
  };
  for (const table of tables) {
    const heads = all("thead th", table);
    heads.forEach((head, column) => {
      if (head.classList.contains("plain")) return;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      button.addEventListener("click", () => sort(table, column));
      head.replaceChildren(button);
    });
    heads[0].setAttribute("aria-sort", "ascending");
  }

  // A person has a row in each table, and marks in each chart.
  const rows = tables.flatMap((table) => all("tr", table.tBodies[0]));
  const people = new Map(rows.map((row) => [row.dataset.user, row.querySelector(".who").textContent]));
  const filter = document.getElementById("filter");
  const found = document.getElementById("found");
  const marks = () => all("[data-user]");
  const about = (row) => all(".who, .more, .chip, .group", row).map((each) => each.textContent).join(" ");
  filter.addEventListener("input", () => {
    const wanted = filter.value.trim().toLowerCase();
    const matching = rows.filter((row) => about(row).toLowerCase().includes(wanted));
    const shown = new Set(matching.map((row) => row.dataset.user));
    const hides = (mark) => people.has(mark.dataset.user) && !shown.has(mark.dataset.user);
    for (const mark of marks()) {
      if (mark.closest("svg")) mark.style.display = hides(mark) ? "none" : "";
      else mark.hidden = hides(mark);
    }
    const lines = all(".over-time .line").filter((line) => shown.has(line.dataset.user));
    label(wanted && lines.length <= 24 ? lines : []);
    found.textContent = wanted ? `${shown.size} of ${people.size}` : "";
  });
  // Names whoever is filtered, below each other where names would touch.
  const usual = document.querySelector(".names");
  const label = (lines) => {
    if (!usual) return;
    const svg = (name, attributes, ...inside) => {
      const made = document.createElementNS("http://www.w3.org/2000/svg", name);
      for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
      made.append(...inside);
      return made;
    };
    usual.style.display = lines.length ? "none" : "";
    document.querySelector(".few")?.toggleAttribute("hidden", lines.length > 0);
    document.querySelector(".found")?.remove();
    for (const line of all(".over-time .line")) line.setAttribute("class", looks.get(line));
    if (!lines.length) return;
    const end = (line) => parseFloat(line.getAttribute("d").match(/([\d.]+)(?:H\d+)?$/)[1]);
    lines.sort((a, b) => end(a) - end(b));
    const at = lines.map(end);
    const height = usual.parentNode.height.baseVal.value;
    for (let i = 1; i < at.length; i++) at[i] = Math.max(at[i], at[i - 1] + 16);
    for (let i = at.length - 1; i >= 0; i--) at[i] = Math.min(at[i], (at[i + 1] ?? height + 16) - 16);
    const names = lines.map((line, i) => {
      const user = line.dataset.user;
      const name = people.get(user) ?? user;
      const look = looks.get(line).replace("grey", `c${i % 10} d${Math.floor(i / 10) % 3}`);
      line.setAttribute("class", look);
      const text = svg("text", { x: 18, y: at[i] + 4 }, name.length > 20 ? `${name.slice(0, 19)}…` : name);
      return svg("g", { class: look.replace("line", "name"), "data-user": user }, svg("path", { d: `M2,${end(line)}L14,${at[i]}` }), text);
    });
    usual.after(svg("svg", { class: "found", x: "100%" }, ...names));
  };
  const looks = new Map(all(".over-time .line").map((line) => [line, line.getAttribute("class")]));

  const charts = all("svg.ranks");
  const titles = new Map(all(".pointed").map((title) => [title, title.textContent]));
  const point = (user) => {
    for (const mark of marks()) mark.classList.toggle("lit", mark.dataset.user === user);
    for (const chart of charts) {
      chart.classList.toggle("pointing", user !== null);
      for (const line of all(".line.lit", chart)) line.parentNode.append(line); // above the others
    }
    for (const [title, usually] of titles) title.textContent = user === null ? usually : people.get(user) || user;
  };
  const of = (event) => event.target.closest?.("[data-user]")?.dataset.user ?? null;
  for (const [on, off] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
    document.addEventListener(on, (event) => { const user = of(event); if (user !== null) point(user); });
    document.addEventListener(off, (event) => { if (of(event) !== null) point(null); });
  }
})();
