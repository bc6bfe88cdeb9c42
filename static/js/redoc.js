// ReDoc on our document, in our colours. Its bundle asks for a logo from another server, which nobody here may do.
"use strict";

{
  const source = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, "src");
  const here = (address) => (String(address).startsWith("https://cdn.redoc.ly/") ? "data:," : address);
  Object.defineProperty(HTMLImageElement.prototype, "src", {
    ...source,
    set(address) {
      source.set.call(this, here(address));
    },
  });

  const place = document.getElementById("redoc");
  const colour = (name) => {
    const probe = document.createElement("span");
    probe.className = `api__colour api__colour--${name}`;
    place.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
  const [ink, muted, accent, paper, surface, sunken, hairline, error] = [
    "ink",
    "muted",
    "accent",
    "paper",
    "surface",
    "sunken",
    "hairline",
    "error",
  ].map(colour);

  const theme = {
    colors: {
      primary: { main: accent, light: accent },
      error: { main: error },
      success: { main: accent },
      responses: {
        success: { color: accent, backgroundColor: sunken, tabTextColor: "#a5e6ce" },
        error: { color: error, backgroundColor: sunken, tabTextColor: "#ff9d92" },
        redirect: { color: muted, backgroundColor: sunken, tabTextColor: "#e8eeea" },
        info: { color: muted, backgroundColor: sunken, tabTextColor: "#e8eeea" },
      },
      text: { primary: ink, secondary: muted },
      border: { dark: hairline, light: hairline },
      gray: { 50: sunken, 100: sunken },
    },
    schema: { nestedBackground: sunken, linesColor: hairline, typeNameColor: muted, typeTitleColor: muted, labelsTextSize: "0.9em" },
    typography: {
      fontFamily: "system-ui, sans-serif",
      headings: { fontFamily: "system-ui, sans-serif" },
      code: { color: accent, backgroundColor: sunken },
      links: { color: accent, visited: accent, hover: accent },
    },
    sidebar: { backgroundColor: surface, textColor: ink, activeTextColor: accent },
    rightPanel: {
      backgroundColor: "#18201c",
      textColor: "#e8eeea",
      servers: { overlay: { backgroundColor: surface, textColor: ink }, url: { backgroundColor: sunken } },
    },
    codeBlock: { backgroundColor: "#101512" },
    fab: { backgroundColor: surface, color: accent },
  };

  Redoc.init(
    place.dataset.document,
    { theme, hideDownloadButton: true, nativeScrollbars: false, requiredPropsFirst: true, sortTagsAlphabetically: false, scrollYOffset: 0 },
    place,
  );
}
