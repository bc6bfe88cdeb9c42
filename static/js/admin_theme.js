// Django's admin keeps its theme in the browser's storage: before it looks there, it finds what the preferences say.
"use strict";

try {
  localStorage.setItem("theme", document.currentScript.dataset.theme);
} catch {
  // Storage is switched off: the admin then follows the system.
}
