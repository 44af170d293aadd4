/* Shows how far an upload is, with buttons to cancel it and to try again, and gives its id to the form. */
"use strict";

{
  const { preview, remember, send, show } = globalThis.polyimages;

  function fill(text, values) {
    return text.replace(/\{(\w+)\}/g, (_match, name) => values[name]);
  }

  /* In the language of the page, as "3.2 MB" or "80 kB/s". */
  function inUnit(bytes, per = "") {
    const { lang } = document.documentElement;
    const isSmall = bytes < 1_000_000;
    const unit = `${isSmall ? "kilobyte" : "megabyte"}${per}`;
    const options = { style: "unit", unit, maximumFractionDigits: isSmall ? 0 : 1 };
    return new Intl.NumberFormat(lang || undefined, options).format(bytes / (isSmall ? 1000 : 1_000_000));
  }

  function figures({ loaded, file, speed }) {
    const sent = `${inUnit(loaded)} / ${inUnit(file.size)}`;
    return speed ? `${sent}, ${inUnit(speed, "-per-second")}` : sent;
  }

  /* widget: the .polyimages-upload with the URL and the texts. field: the file input that would have sent the file.
     place: the element of this file, with a .polyimages-upload-picture and a .polyimages-upload-place in it. */
  class Progress {
    constructor(file, { widget, field, place }) {
      Object.assign(this, { file, widget, field, place });
      this.element = widget.querySelector("template").content.querySelector(".polyimages-upload-progress").cloneNode(true);
      this.bar = this.element.querySelector("progress");
      this.bar.setAttribute("aria-label", file.name);
      for (const name of this.element.querySelectorAll(".polyimages-upload-of")) name.textContent = file.name;
      place.querySelector(".polyimages-upload-place").replaceChildren(this.element);
      this.element.addEventListener("click", (event) => this.press(event.target.closest("button")?.dataset.do));
      this.element.addEventListener("polyimages:discard", () => this.upload.cancel());
      this.upload = send(file, { url: widget.dataset.uploadsUrl, prepare: () => this.prepare() });
      this.upload.addEventListener("change", () => this.show());
      this.show();
    }

    async prepare() {
      this.data ??= await preview(this.file);
      if (!this.data) return this.widget.querySelector("[data-wrong-type]").dataset.wrongType;
      show(this.place.querySelector(".polyimages-upload-picture"), this.data);
      return "";
    }

    press(button) {
      if (button === "retry") this.upload.retry();
      else if (button === "cancel") this.upload.cancel();
    }

    show() {
      const { state, problem } = this.upload;
      const isNews = this.element.dataset.state !== state;
      this.element.dataset.state = state;
      this.bar.value = this.upload.loaded / Math.max(1, this.file.size);
      this.bar.hidden = !this.upload.isUnderWay;
      const text = state === "sending" ? figures(this.upload) : this.widget.dataset[state] || problem;
      this.element.querySelector(".polyimages-upload-figures").textContent = text;
      if (!isNews) return;
      this.offer("retry", state === "failed");
      this.offer("cancel", this.upload.isUnderWay);
      if (state === "received") this.receive();
      const options = { bubbles: true, detail: { file: this.file, state, problem } };
      this.element.dispatchEvent(new CustomEvent("polyimages:progress", options));
      if (state === "refused") this.widget.dispatchEvent(new CustomEvent("polyimages:refused", options));
      this.tell();
    }

    /* The keyboard focus of a button that goes away moves to the next one. */
    offer(name, isOffered) {
      const button = this.element.querySelector(`[data-do=${name}]`);
      const isFocused = button === document.activeElement;
      button.hidden = !isOffered;
      if (isFocused && !isOffered) this.place.querySelector("button:not([hidden])")?.focus();
    }

    receive() {
      const input = document.createElement("input");
      Object.assign(input, { type: "hidden", name: `${this.field.name}-upload`, value: this.upload.id });
      this.element.append(input);
      remember(this.upload.id, this.data);
    }

    /* A screen reader says how many are there, and what went wrong. What was refused is told by the list of chosen files. */
    tell() {
      const { state } = this.upload;
      const every = (this.widget.polyimagesUploads ??= new Set());
      every.add(this.upload);
      if (["cancelled", "refused"].includes(state)) every.delete(this.upload);
      const done = [...every].filter((one) => one.state === "received").length;
      const { count, failed } = this.widget.dataset;
      const line = every.size ? fill(count, { done, count: every.size }) : "";
      const told = state === "failed" ? `${this.file.name}: ${failed}` : line;
      this.widget.querySelector(".polyimages-upload-status").textContent = told;
    }
  }

  Object.assign(globalThis.polyimages, { fill, follow: (file, options) => new Progress(file, options) });
}
