/* One request with a file in it, of which one learns how much has been sent. */
"use strict";

{
  const STALLED = 60_000; // milliseconds without a byte, after which a connection counts as lost
  const SET_BY_BROWSER = ["content-length", "host"];

  /* What the server refuses: trying again does not help. The message says why, if the server does. */
  class Refusal extends Error {}

  function detail(text) {
    try {
      return JSON.parse(text).detail || "";
    } catch {
      return ""; // not from the application
    }
  }

  /* Resolves when the server has taken the file. tell(loaded) is called with the number of bytes sent so far. */
  function put(file, { url, method, headers }, signal, tell) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest(); // fetch() does not say how much has been sent
      let stalled = 0;
      function wait() {
        clearTimeout(stalled);
        stalled = setTimeout(() => request.abort(), STALLED);
      }
      request.open(method, url);
      for (const [name, value] of Object.entries(headers)) {
        if (!SET_BY_BROWSER.includes(name.toLowerCase())) request.setRequestHeader(name, value);
      }
      request.upload.addEventListener("progress", ({ loaded }) => (wait(), tell(loaded)));
      request.addEventListener("loadend", () => {
        clearTimeout(stalled);
        if (request.status >= 200 && request.status < 300) resolve();
        else if (request.status === 400 && detail(request.responseText)) reject(new Refusal(detail(request.responseText)));
        else reject(new Error(`PUT: ${request.status}`));
      });
      signal.addEventListener("abort", () => request.abort(), { once: true });
      wait();
      request.send(file);
    });
  }

  globalThis.polyimages = { ...globalThis.polyimages, Refusal, detail, put };
}
