// What changes while somebody looks, an import or a delivery that is waited for, is fetched again by itself. Without
// this file there is a link for that. A part that carries data-refresh is replaced until it no longer carries it.
"use strict";

const PAUSE = 2000;
const PATIENCE = 20 * 60 * 1000;
const begun = Date.now();

function say(text) {
  const place = document.querySelector("[data-say]");
  if (place && text && place.textContent !== text) place.textContent = text;
}

function replace(fresh) {
  for (const part of document.querySelectorAll("[data-refresh]")) {
    const other = fresh.getElementById(part.id);
    // An import that has ended makes another page of this one.
    if (!other) return location.reload();
    if (part.contains(document.activeElement) && other.hasAttribute("data-refresh")) {
      // Somebody is on a link in it: only the line that tells is changed.
      const [line, text] = [part, other].map((each) => each.querySelector("[data-now]"));
      if (line && text) line.replaceChildren(...text.childNodes);
    } else {
      part.replaceWith(other);
    }
  }
  say(document.querySelector("[data-now]")?.textContent.trim());
}

async function refresh() {
  if (!document.querySelector("[data-refresh]") || Date.now() - begun > PATIENCE) return;
  if (!document.hidden) {
    try {
      const response = await fetch(location.href, { credentials: "same-origin", redirect: "error" });
      if (response.ok) replace(new DOMParser().parseFromString(await response.text(), "text/html"));
    } catch {
      // The next try may do better.
    }
  }
  setTimeout(refresh, PAUSE);
}

setTimeout(refresh, PAUSE);
