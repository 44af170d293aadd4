/* Makes the versions of many images again: one request each, with progress, until cancelled. */
"use strict";
{
  const JSON_HEADERS = { Accept: "application/json" };

  class Stopped extends Error {}

  async function post(address, body) {
    let response;
    try {
      response = await fetch(address, { method: "POST", headers: JSON_HEADERS, body, redirect: "error" });
    } catch {
      throw new Stopped(); // no connection, or a redirect to the log-in page
    }
    if (!response.headers.get("Content-Type")?.startsWith("application/json")) throw new Stopped();
    return { status: response.status, answer: await response.json() };
  }

  class Work {
    constructor(form) {
      this.form = form;
      this.total = Number(form.dataset.total);
      this.done = 0;
      this.failed = 0;
      this.waiting = [];
      this.after = ""; // the key of the last image whose address we have
      this.complete = false; // whether there are no addresses left to fetch
      this.cancelled = false;
      this.part = (name) => form.querySelector(`.polyimages-${name}`);
    }

    body(fields) {
      const data = new FormData(this.form);
      data.delete("post");
      for (const [name, value] of Object.entries(fields)) data.set(name, value);
      return data;
    }

    async next() {
      if (!this.waiting.length && !this.complete) {
        const { status, answer } = await post("", this.body({ addresses_after: this.after }));
        if (status !== 200) throw new Stopped();
        this.waiting = answer.addresses;
        this.after = answer.after;
        this.complete = !answer.after;
      }
      return this.waiting[0];
    }

    async make(address) {
      const body = new FormData();
      for (const name of ["csrfmiddlewaretoken", "everything"]) {
        body.set(name, new FormData(this.form).get(name));
      }
      const { status, answer } = await post(address, body);
      this.waiting.shift();
      this.done += 1;
      if (status === 404) return; // deleted meanwhile: nothing is left to be made
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

    finish(name) {
      this.part("count").textContent = this.text(name);
      this.part("live").textContent = this.text(name);
    }

    async run() {
      this.cancelled = false;
      this.part("progress").hidden = false;
      this.show();
      for (let address; (address = await this.next()) && !this.cancelled; this.show()) {
        await this.make(address);
      }
    }
  }

  function start(form) {
    const submit = form.querySelector("input[type=submit]");
    const cancel = form.querySelector(".polyimages-cancel");
    const choice = form.querySelectorAll("input[type=radio]");
    const work = new Work(form);

    cancel.addEventListener("click", () => {
      work.cancelled = true;
      cancel.disabled = true;
    });

    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const everything = new FormData(form).get("everything");
      submit.hidden = true;
      cancel.hidden = cancel.disabled = false;
      cancel.focus();
      for (const one of choice) one.disabled = one.value !== everything;
      let ending = "textFinished";
      try {
        await work.run();
        if (work.cancelled && (work.waiting.length || !work.complete)) ending = "textCancelled";
      } catch (error) {
        if (!(error instanceof Stopped)) throw error;
        ending = "textStopped";
      }
      work.finish(ending);
      cancel.hidden = true;
      if (ending !== "textFinished") {
        submit.value = form.dataset.textContinue;
        submit.hidden = false;
        submit.focus();
      } else {
        form.querySelector(".polyimages-back").focus();
      }
    });
  }

  const form = document.getElementById("polyimages-regenerate");
  if (form) start(form);
}
