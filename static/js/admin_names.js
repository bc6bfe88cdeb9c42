// Django's admin leaves some fields without a name of their own: they get the visible one beside them.
"use strict";

function visibleName(field) {
  const row = field.closest(".form-row, .field-box");
  const label = row?.querySelector("label, legend");
  const cell = field.closest("td");
  const head = cell && cell.closest("table")?.querySelectorAll("thead th")[cell.cellIndex];
  return (label || head)?.textContent.replace(":", "").trim();
}

addEventListener("load", () => {
  for (const field of document.querySelectorAll("#content :is(input:not([type=hidden], [type=submit]), select, textarea)")) {
    if (field.labels?.[0]?.textContent.trim() || field.ariaLabel || field.hasAttribute("aria-labelledby")) continue;
    const name = field.labels?.[0]?.querySelector("img")?.alt || visibleName(field) || field.title || field.placeholder;
    if (name) field.setAttribute("aria-label", name);
  }
  for (const icon of document.querySelectorAll(".help-tooltip[aria-label], .help[aria-label]")) icon.setAttribute("role", "img");
  // What scrolls can be reached with the keyboard.
  for (const text of document.querySelectorAll("pre.json")) text.tabIndex = 0;
});
