// The wizard of a file works without this file. With it, the values shown beside a field follow the chosen column, a page
// that waits for a worker looks again by itself, and a file is not sent only to read the page in another language.
"use strict";

const SECONDS = 2;

// The language button belongs to the form; the file would travel with it, and be thrown away.
document.getElementById("upload")?.addEventListener("submit", (event) => {
  if (event.submitter?.name !== "language") return;
  event.target.addEventListener("formdata", (made) => made.formData.delete("file"), { once: true });
});

const table = document.getElementById("all");
const mapping = document.getElementById("columns");

if (table && mapping) {
  const rows = [...table.querySelectorAll("[data-column]")];
  const lists = [...mapping.querySelectorAll(".mapping__field select")];
  const key = document.getElementById("id_key");

  const valuesOf = (column) => {
    const row = rows.find((one) => one.dataset.column === column);
    return row ? [...row.cells[1].childNodes].map((node) => node.cloneNode(true)) : [];
  };

  const said = (text, kind) => {
    const span = document.createElement("span");
    span.className = kind;
    span.textContent = text;
    return span;
  };

  const useOf = (column) => {
    const list = lists.find((one) => one.value === column);
    if (list) return list.labels[0].firstChild.textContent.trim();
    if (key?.value === column) return said(table.dataset.key, "tag");
    return said(table.dataset.unused, "muted");
  };

  mapping.addEventListener("change", (event) => {
    const samples = event.target.closest(".field")?.querySelector(".mapping__samples");
    if (samples) samples.replaceChildren(...valuesOf(event.target.value));
    for (const row of rows) row.cells[2].replaceChildren(useOf(row.dataset.column));
    const unused = rows.filter((row) => !("added" in row.dataset) && row.cells[2].querySelector(".muted"));
    document.getElementById("unused").textContent = unused.map((row) => row.cells[0].textContent).join(", ") || "–";
  });
}

// A worker is at it: look again, and go where the file is by then.
async function look() {
  const wait = document.getElementById("wait");
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = page.getElementById("wait");
    if (answer.redirected || !next) {
      location.assign(answer.url);
      return;
    }
    hear(next);
    wait.replaceChildren(...next.childNodes);
  } catch {
    // The server is away for a moment: the link is still there.
  } finally {
    setTimeout(look, 1000 * SECONDS);
  }
}

let heard = "0";

// Who cannot see the page is told each tenth, not each second.
function hear(next) {
  const text = next.querySelector("#so-far");
  const place = document.getElementById("heard");
  if (!place || !text || text.dataset.tenth === heard) return;
  heard = text.dataset.tenth;
  place.textContent = text.textContent;
}

if (document.getElementById("wait")) setTimeout(look, 1000 * SECONDS);
document.querySelector(".summary")?.focus();
