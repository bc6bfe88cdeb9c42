// Swagger UI is dark by a class on the page: it is set before anything is drawn, and follows the system unless the person chose.
"use strict";

{
  const page = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const show = () => {
    const chosen = page.dataset.theme;
    page.classList.toggle("dark-mode", chosen ? chosen === "dark" : system.matches);
  };
  show();
  system.addEventListener("change", show);
}
