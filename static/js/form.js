// The form works without this file. With it, the marks follow what is typed, sections count what is filled in,
// a picture is shown before it is sent, and a second click waits for the first.
"use strict";

const form = document.getElementById("ask");
const buttons = [...form.elements].filter((one) => one.matches(".button"));

function number(text) {
  let plain = text.replace(/[\s\u00a0\u2009\u202f]/g, "");
  plain = plain.includes(".") ? plain.replaceAll(",", "") : plain.replace(",", ".");
  return plain === "" ? NaN : Number(plain);
}

function moveMark(strip, text) {
  const mark = strip.querySelector("circle");
  const value = number(text);
  const { low, high, start, end } = strip.dataset;
  if (!Number.isFinite(value)) {
    mark.setAttribute("visibility", "hidden");
    return;
  }
  const share = (100 * (value - start)) / (end - start);
  mark.setAttribute("cx", `${Math.min(Math.max(share, 1), 99)}%`);
  mark.setAttribute("visibility", "visible");
  mark.classList.toggle("strip__mark--outside", value < Number(low) || value > Number(high));
}

function isFilled(field) {
  const radios = field.querySelectorAll("input[type=radio]");
  if (radios.length) return [...radios].some((radio) => radio.checked);
  const input = field.querySelector("input, select");
  return Boolean(input && input.value.trim());
}

function count() {
  for (const place of document.querySelectorAll("[data-section]")) {
    const fields = [...document.querySelectorAll(`#${place.dataset.section} .field`)];
    const filled = fields.filter(isFilled).length;
    place.textContent = `${filled}/${place.dataset.all}`;
    place.classList.toggle("toc__count--all", filled === fields.length);
  }
}

async function preview(input, canvas) {
  canvas.hidden = true;
  const [file] = input.files;
  if (!file) return;
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(canvas.width / picture.width, canvas.height / picture.height);
    const [width, height] = [picture.width * scale, picture.height * scale];
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(picture, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
    canvas.hidden = false;
  } catch {
    // The server says what is wrong with the file.
  }
}

form.addEventListener("input", (event) => {
  const strip = event.target.closest(".field")?.querySelector(".strip");
  if (strip) moveMark(strip, event.target.value);
  count();
});

form.addEventListener("change", (event) => {
  const canvas = event.target.closest(".field")?.querySelector("canvas");
  if (canvas) preview(event.target, canvas);
});

function isSending(yes) {
  for (const button of buttons) {
    if (yes) button.setAttribute("aria-disabled", "true");
    else button.removeAttribute("aria-disabled");
  }
}

let sent = false;
form.addEventListener("submit", (event) => {
  if (sent) event.preventDefault();
  sent = true;
  isSending(true);
});
// Back from the answer, the form can be sent again.
addEventListener("pageshow", () => {
  sent = false;
  isSending(false);
  count();
  const canvas = form.querySelector("canvas");
  if (canvas) preview(canvas.closest(".field").querySelector("input"), canvas); // a browser may put the file back
});
