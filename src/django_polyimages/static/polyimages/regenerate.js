/* Regenerates the versions of many images: one request each, with progress, until cancelled. Not if workers do it. */
"use strict";

{
  const HEADERS = { Accept: "application/json" };

  class Stopped extends Error {}

  async function post(address, body) {
    let response;
    try {
      response = await fetch(address, { method: "POST", headers: HEADERS, body, redirect: "error" });
    } catch {
      throw new Stopped(); // no connection, or a redirect to the log-in page
    }
    if (!response.headers.get("Content-Type")?.startsWith("application/json")) throw new Stopped();
    return { status: response.status, answer: await response.json() };
  }

  class Regeneration {
    constructor(form) {
      this.form = form;
      this.submit = form.querySelector("input[type=submit]");
      this.cancel = this.part("cancel");
      this.total = Number(form.dataset.total);
      this.done = 0;
      this.failed = 0;
      this.waiting = [];
      this.after = ""; // the key of the last image whose address is known
      this.complete = false; // whether there are no addresses left to fetch
      this.cancelled = false;
      this.cancel.addEventListener("click", () => {
        this.cancelled = true;
        this.cancel.disabled = true;
      });
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.start();
      });
    }

    part(name) {
      return this.form.querySelector(`.polyimages-${name}`);
    }

    async start() {
      const everything = new FormData(this.form).get("everything");
      this.submit.hidden = true;
      this.cancel.hidden = this.cancel.disabled = false;
      this.cancel.focus();
      for (const choice of this.form.querySelectorAll("input[type=radio]")) choice.disabled = choice.value !== everything;
      let ending = "textFinished";
      try {
        await this.run();
        if (this.cancelled && (this.waiting.length || !this.complete)) ending = "textCancelled";
      } catch (error) {
        if (!(error instanceof Stopped)) throw error;
        ending = "textStopped";
      }
      this.finish(ending);
    }

    async run() {
      this.cancelled = false;
      this.part("progress").hidden = false;
      this.show();
      for (let address; (address = await this.next()) && !this.cancelled; this.show()) {
        await this.regenerate(address);
      }
    }

    async next() {
      if (!this.waiting.length && !this.complete) {
        const { status, answer } = await post("", this.selection());
        if (status !== 200) throw new Stopped();
        this.waiting = answer.addresses;
        this.after = answer.after;
        this.complete = !answer.after;
      }
      return this.waiting[0];
    }

    selection() {
      const data = new FormData(this.form);
      data.delete("post");
      data.set("addresses_after", this.after);
      return data;
    }

    async regenerate(address) {
      const form = new FormData(this.form);
      const body = new FormData();
      for (const name of ["csrfmiddlewaretoken", "everything"]) body.set(name, form.get(name));
      const { status, answer } = await post(address, body);
      this.waiting.shift();
      this.done += 1;
      if (status === 404) return; // deleted meanwhile: it needs no versions
      if (status !== 200) this.fail(address, "", answer.detail);
      else if (answer.failure) this.fail(answer.url, answer.title, answer.failure);
    }

    fail(url, title, reason) {
      this.failed += 1;
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = url;
      link.textContent = title || url;
      item.append(link, ` (${reason})`);
      this.part("failures").append(item);
    }

    text(name) {
      return this.form.dataset[name]
        .replace("{done}", this.done)
        .replace("{total}", this.total)
        .replace("{failed}", this.failed);
    }

    show() {
      this.total = Math.max(this.total, this.done);
      const bar = this.form.querySelector("progress");
      bar.max = this.total;
      bar.value = this.done;
      this.part("count").textContent = this.text("textProgress");
      const tenth = Math.ceil(this.total / 10);
      if (this.done % tenth === 0) this.part("live").textContent = this.text("textProgress");
    }

    finish(ending) {
      this.part("count").textContent = this.text(ending);
      this.part("live").textContent = this.text(ending);
      this.cancel.hidden = true;
      if (ending === "textFinished") {
        this.part("back").focus();
        return;
      }
      this.submit.value = this.form.dataset.textContinue;
      this.submit.hidden = false;
      this.submit.focus();
    }
  }

  for (const form of document.querySelectorAll("#polyimages-regenerate[data-total]")) new Regeneration(form);
}
