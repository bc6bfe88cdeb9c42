// Ticking records works without this file. With it, one box ticks the whole page, the number of ticked records is told,
// and the box that stands for all found records ticks those that can be seen.
"use strict";

const rows = document.getElementById("ask");
const ticked = document.getElementById("ticked");

if (rows && ticked) {
  const boxes = [...rows.querySelectorAll("input[name=record]")];
  const page = document.getElementById("page");
  const all = document.getElementById("all");

  const say = () => {
    const many = boxes.filter((box) => box.checked).length;
    page.checked = many === boxes.length;
    page.indeterminate = many > 0 && many < boxes.length;
    const { none, one, many: several } = ticked.dataset;
    const text = many === 0 ? none : many === 1 ? one : `${many} ${several}`;
    ticked.textContent = all?.checked ? all.parentElement.textContent.trim() : text;
  };

  document.getElementById("page-box").hidden = false;
  page.addEventListener("change", () => {
    for (const box of boxes) box.checked = page.checked;
    if (all && !page.checked) all.checked = false;
  });
  all?.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
  });
  rows.addEventListener("change", (event) => {
    // Without one of them it is no longer all of them.
    if (all && event.target.name === "record" && !event.target.checked) all.checked = false;
    say();
  });
  // All of them need not be named one by one.
  rows.addEventListener("formdata", (event) => {
    if (all?.checked) event.formData.delete("record");
  });
  // A browser that goes back brings its ticks along.
  addEventListener("pageshow", say);
  say();
}

// What was left empty does not lengthen the address.
document.querySelector(".find")?.addEventListener("formdata", (event) => {
  for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
});

const summary = document.querySelector(".summary");
summary?.focus();
