/* Sends a file as soon as it is chosen: asks the server where to, sends it there, and tries again after a lost connection.

   const upload = polyimages.send(file, { url: "/api/v1/images/orgs/acme/uploads/" });
   upload.addEventListener("change", () => show(upload.state, upload.loaded, upload.speed));
   upload.retry(), upload.cancel()

   Once upload.state is "received", upload.id is what the form sends, or the URL for "complete/". */
"use strict";

{
  const AT_ONCE = 3; // files that are sent at the same time
  const ATTEMPTS = 5; // for each file, until somebody has to press a button
  const FIRST_PAUSE = 1000; // milliseconds before the second attempt; doubled each time
  const SPEED_OF = 3000; // milliseconds that the speed is measured over
  const TRANSIENT = [408, 425, 429];
  const { Refusal, detail, put } = globalThis.polyimages;

  class Queue {
    constructor() {
      this.free = AT_ONCE;
      this.waiting = [];
    }

    async turn(signal) {
      if (this.free) {
        this.free -= 1;
        return;
      }
      await new Promise((resolve) => {
        this.waiting.push(resolve);
        signal.addEventListener("abort", () => (this.waiting = this.waiting.filter((one) => one !== resolve)));
      });
    }

    leave() {
      const next = this.waiting.shift();
      if (next) next();
      else this.free += 1;
    }
  }

  const queue = new Queue();

  /* Ends early when the browser is online again. */
  function pause(time, signal) {
    return new Promise((resolve) => {
      setTimeout(resolve, time);
      addEventListener("online", resolve, { once: true });
      signal.addEventListener("abort", resolve, { once: true });
    });
  }

  /* state: "waiting", "sending", "interrupted" (tries again by itself), "received", "failed" (retry() may help), "refused"
     (problem says why) or "cancelled". prepare() is called before anything is sent; it may return a problem. */
  class Upload extends EventTarget {
    constructor(file, { url, headers = {}, prepare = () => "" }) {
      super();
      Object.assign(this, { file, url, headers, prepare, id: "" });
      this.run();
    }

    get isUnderWay() {
      return ["waiting", "sending", "interrupted"].includes(this.state);
    }

    change(state, problem = "") {
      Object.assign(this, { state, problem });
      this.dispatchEvent(new Event("change"));
    }

    async run() {
      const { signal } = (this.stop = new AbortController());
      this.progress(0);
      this.change("waiting");
      const problem = await this.prepare();
      if (signal.aborted) return;
      if (problem) {
        this.change("refused", problem);
        return;
      }
      await queue.turn(signal);
      await this.attempts(signal);
      queue.leave();
    }

    async attempts(signal) {
      for (let attempt = 1; !signal.aborted; attempt += 1) {
        try {
          this.change("sending");
          await this.attempt(signal);
          this.change("received");
          return;
        } catch (error) {
          this.discard(); // what may have arrived is of no use
          if (signal.aborted) return;
          if (error instanceof Refusal || attempt === ATTEMPTS) {
            this.change(error instanceof Refusal && error.message ? "refused" : "failed", error.message);
            return;
          }
          this.change("interrupted");
          await pause(FIRST_PAUSE * 2 ** (attempt - 1), signal);
        }
      }
    }

    /* A place takes a file only once, so each attempt asks for a new one. */
    async attempt(signal) {
      this.progress(0);
      const { name, size, type } = this.file;
      const answer = await this.ask("POST", this.url, { signal, body: JSON.stringify({ name, size, type }) });
      if (answer.status >= 500 || TRANSIENT.includes(answer.status)) throw new Error(`POST: ${answer.status}`);
      if (!answer.ok) throw new Refusal(detail(await answer.text()));
      const place = await answer.json();
      this.id = place.id;
      await put(this.file, place, signal, (loaded) => this.progress(loaded));
      signal.throwIfAborted();
      this.progress(size);
    }

    /* Redirects are not followed: they lead to a page to log in. */
    ask(method, url, options = {}) {
      const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value;
      const headers = { Accept: "application/json", ...(token && { "X-CSRFToken": token }), ...this.headers };
      if (options.body) headers["Content-Type"] = "application/json";
      return fetch(url, { method, redirect: "manual", ...options, headers });
    }

    progress(loaded) {
      const time = performance.now();
      this.marks = loaded ? this.marks.filter((mark) => time - mark.time < SPEED_OF) : [];
      this.marks.push({ time, loaded });
      this.loaded = loaded;
      if (loaded) this.dispatchEvent(new Event("change"));
    }

    /* Bytes in a second; 0 while it is not known. */
    get speed() {
      const [first, last] = [this.marks[0], this.marks.at(-1)];
      return last.time > first.time ? ((last.loaded - first.loaded) * 1000) / (last.time - first.time) : 0;
    }

    discard() {
      const { id } = this;
      this.id = "";
      if (id) this.ask("DELETE", `${this.url}${id}/`, { keepalive: true }).catch(() => {}); // else it expires
    }

    retry() {
      if (this.state === "failed") this.run();
    }

    cancel() {
      this.stop.abort();
      this.discard();
      this.change("cancelled");
    }
  }

  globalThis.polyimages.send = (file, options) => new Upload(file, options);
}
