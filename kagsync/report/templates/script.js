"use strict";
// Shows times in the reader's time zone, updates the freshness, sorts, filters, and highlights people.
// Without this script the page is complete: a plain table, with times in UTC.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  document.documentElement.classList.add("live");

  const words = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  for (const time of all("time")) {
    const moment = new Date(time.dateTime);
    if (isNaN(moment)) continue;
    time.title = time.dateTime.slice(0, 16).replace("T", " ") + " UTC";
    time.textContent = words.format(moment);
  }
  const look = () => {
    for (const fresh of all("[data-synced]")) {
      fresh.classList.toggle("old", Date.now() - Date.parse(fresh.dataset.synced) > fresh.dataset.hours * 3600e3);
    }
  };
  look();
  setInterval(look, 60e3);

  const tables = all("table.standings");
  if (!tables.length) return;
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
  const marks = all("[data-user]");
  filter.addEventListener("input", () => {
    const wanted = filter.value.trim().toLowerCase();
    const matching = rows.filter((row) => row.textContent.toLowerCase().includes(wanted));
    const shown = new Set(matching.map((row) => row.dataset.user));
    const hides = (mark) => people.has(mark.dataset.user) && !shown.has(mark.dataset.user);
    for (const mark of marks) {
      if (mark.closest("svg")) mark.style.display = hides(mark) ? "none" : "";
      else mark.hidden = hides(mark);
    }
    found.textContent = wanted ? `${shown.size} of ${people.size}` : "";
  });

  const charts = all("svg.ranks");
  const titles = all(".pointed");
  const point = (user) => {
    for (const mark of marks) mark.classList.toggle("lit", mark.dataset.user === user);
    for (const chart of charts) {
      chart.classList.toggle("pointing", user !== null);
      for (const line of all(".line.lit", chart)) line.parentNode.append(line); // above the others
    }
    for (const title of titles) {
      title.textContent = user === null ? "best at the top" : people.get(user) || user;
    }
  };
  const of = (event) => event.target.closest?.("[data-user]")?.dataset.user ?? null;
  for (const [on, off] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
    document.addEventListener(on, (event) => { const user = of(event); if (user !== null) point(user); });
    document.addEventListener(off, (event) => { if (of(event) !== null) point(null); });
  }
})();
