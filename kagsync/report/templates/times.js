"use strict";
// Makes times relative and updates the freshness. Without it, times are exact.
(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  // "3 hours ago", with the exact time at hand. All times are UTC, in the chart too.
  const words = new Intl.RelativeTimeFormat("en");
  const relative = (seconds) => {
    for (const [unit, length, least] of [["day", 86400, 2], ["hour", 3600, 1], ["minute", 60, 1]]) {
      if (Math.abs(seconds) >= least * length) return words.format(Math.trunc(seconds / length), unit);
    }
    return "just now";
  };
  const times = all("time").filter((time) => !isNaN(new Date(time.dateTime)));
  const exact = new Map(times.map((time) => [time, time.textContent]));
  const here = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  const look = () => {
    for (const time of times) {
      const moment = new Date(time.dateTime);
      const ago = relative((moment - Date.now()) / 1000);
      const local = `${here.format(moment)} your time`;
      if (time.className === "exact") time.title = `${ago}, ${local}`;
      else [time.textContent, time.title] = [ago, `${exact.get(time)}, ${local}`];
    }
    for (const fresh of all("[data-synced]")) {
      fresh.classList.toggle("old", Date.now() - Date.parse(fresh.dataset.synced) > fresh.dataset.hours * 3600e3);
    }
  };
  look();
  setInterval(look, 60e3);
  addEventListener("beforeprint", () => { for (const [time, text] of exact) time.textContent = text; });
  addEventListener("afterprint", look);
})();
