/* Several files at once on the page that adds an image: each becomes an image with what the form says. A single file is
   saved as ever, by the form itself. */
"use strict";

{
  const { detail, fill } = globalThis.polyimages;

  class SeveralFiles {
    constructor(field) {
      Object.assign(this, { field, form: field.form, widget: field.closest("[data-uploads-url]"), isSaving: false });
      field.multiple = true;
      this.note = this.widget.querySelector(".polyimages-upload-note");
      this.form.addEventListener("submit", (event) => this.submit(event));
    }

    ids() {
      return [...this.widget.querySelectorAll(`input[type=hidden][name="${this.field.name}-upload"]`)];
    }

    submit(event) {
      if (event.defaultPrevented || (!this.isSaving && this.ids().length < 2)) return;
      event.preventDefault();
      if (!this.isSaving) this.save(event.submitter?.name === "_addanother");
    }

    async save(isForMore) {
      this.isSaving = true;
      const sent = this.ids();
      const text = { count: sent.length, done: 0 };
      for (const input of sent) {
        const problem = await this.complete(input);
        if (!problem) text.done += 1;
        this.note.textContent = fill(this.field.dataset.several, text);
      }
      this.isSaving = false;
      if (!this.ids().length) location.assign(isForMore ? location.href : this.field.dataset.list);
    }

    async complete(input) {
      const body = new FormData(this.form);
      const url = `${this.widget.dataset.uploadsUrl}${input.value}/complete/`;
      const item = input.closest("li");
      const answer = await fetch(url, { method: "POST", body, redirect: "manual" }).catch(() => null);
      if (answer?.ok) {
        item.remove();
        return "";
      }
      const problem = (answer && detail(await answer.text())) || this.widget.dataset.failed;
      item.querySelector(".polyimages-upload-figures, .polyimages-upload-error").textContent = problem;
      return problem;
    }
  }

  for (const field of document.querySelectorAll("input[data-several]")) new SeveralFiles(field);
}
