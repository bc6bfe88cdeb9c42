// Swagger UI on our document. What is sent from here is what a program would send, with two courtesies: the word “Token” is
// put before a token that was pasted without it, and who is logged in gets the CSRF token that a session needs.
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

  SwaggerUIBundle({
    url: place.dataset.document,
    domNode: place,
    presets: [SwaggerUIBundle.presets.apis],
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
