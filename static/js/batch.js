// How far a file is: fetched every two seconds while somebody looks. Without this file there is a link for that.
// A screen reader hears of it every ten percent.
"use strict";

const PAUSE = 2000;
const STEP = 10;
const run = document.querySelector("[data-run]");
const say = document.querySelector("[data-say]");
let told = Math.floor(Number(document.getElementById("progress")?.dataset.percent ?? 0) / STEP);

function show(fresh) {
  const part = fresh.getElementById("progress");
  if (!part) return false;
  // What came of it is another page.
  if ("over" in part.dataset) {
    location.reload();
    return false;
  }
  document.getElementById("progress").replaceWith(part);
  const now = Math.floor(Number(part.dataset.percent) / STEP);
  if (now > told) {
    told = now;
    say.textContent = part.dataset.announced;
  }
  return true;
}

async function refresh() {
  if (!document.hidden) {
    try {
      const response = await fetch(run.dataset.run, { credentials: "same-origin", redirect: "error" });
      // Whoever is logged out meanwhile, or may not see it any more, is not asked for ever.
      if (response.status >= 400 && response.status < 500) return;
      if (response.ok && !show(new DOMParser().parseFromString(await response.text(), "text/html"))) return;
    } catch {
      // The next try may do better.
    }
  }
  setTimeout(refresh, PAUSE);
}

if (run) setTimeout(refresh, PAUSE);
