// Swagger UI on our document. What is sent from here is what a program would send, with two courtesies: the word “Token” is
// put before a token that was pasted without it, and who is logged in gets the CSRF token that a session needs. The dialog
// “Authorize” has only what somebody types there, the token first.
"use strict";

{
  const place = document.getElementById("swagger");

  const cookie = (name) =>
    document.cookie
      .split("; ")
      .find((one) => one.startsWith(`${name}=`))
      ?.slice(name.length + 1);

  const prepare = (request) => {
    const sent = request.headers.Authorization;
    if (sent) {
      request.headers.Authorization = /^(token|bearer)\s/i.test(sent.trim()) ? sent.trim() : `Token ${sent.trim()}`;
    }
    const isOurs = new URL(request.url, location.href).origin === location.origin;
    const csrf = cookie(place.dataset.csrf);
    if (isOurs && csrf && !["GET", "HEAD", undefined].includes(request.method)) {
      request.headers["X-CSRFToken"] = csrf;
    }
    return request;
  };

  // The document names these too; a browser sends its session by itself, and the other two are secrets of machines.
  const NOT_TYPED = new Set(["session", "scraper", "webhook"]);
  const isTyped = (requirement) => !Object.keys(requirement).some((name) => NOT_TYPED.has(name));

  const forPeople = (found) => {
    if (!found?.paths || !found.components?.securitySchemes) {
      return found; // not yet the document
    }
    const said = structuredClone(found);
    const { token, ...others } = said.components.securitySchemes;
    const typed = Object.entries(others).filter(([name]) => !NOT_TYPED.has(name));
    said.components.securitySchemes = { token, ...Object.fromEntries(typed) };
    for (const operation of Object.values(said.paths).flatMap(Object.values)) {
      if (Array.isArray(operation.security)) {
        operation.security = operation.security.filter(isTyped);
      }
    }
    return said;
  };

  // Each box of the dialog takes the focus as it is drawn, so the last one would have it.
  const toTheFirst = () => {
    const [dialog, first] = [".modal-ux-content", ".modal-ux-content input"].map((one) => place.querySelector(one));
    first?.focus();
    dialog?.scrollTo(0, 0);
  };

  const courtesies = () => ({
    statePlugins: {
      spec: { wrapActions: { updateJsonSpec: (update) => (found) => update(forPeople(found)) } },
      auth: {
        wrapActions: {
          showDefinitions: (show) => (wanted) => {
            requestAnimationFrame(toTheFirst);
            return show(wanted);
          },
        },
      },
    },
  });

  SwaggerUIBundle({
    url: place.dataset.document,
    domNode: place,
    presets: [SwaggerUIBundle.presets.apis],
    plugins: [courtesies],
    layout: "BaseLayout",
    deepLinking: true,
    persistAuthorization: true,
    tryItOutEnabled: true,
    displayRequestDuration: true,
    filter: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    validatorUrl: null,
    requestInterceptor: prepare,
  });
}
