// A button for what the browser's menu does anyway.
"use strict";

const button = document.getElementById("print");
button.hidden = false;
button.addEventListener("click", () => print());
