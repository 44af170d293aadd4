/* A form with images is sent once, and the browser asks before images are lost that were not saved. */
"use strict";

{
  class Form {
    constructor(form) {
      this.form = form;
      this.isSent = false;
      form.addEventListener("submit", (event) => this.submit(event));
      addEventListener("beforeunload", (event) => {
        if (!this.isSent && form.querySelector(".polyimages-inline-arranged, .polyimages-card-new")) event.preventDefault();
      });
      addEventListener("pageshow", () => this.reset()); // the back button shows the page as it was left
      globalThis.navigation?.addEventListener("navigateerror", () => this.reset()); // the user has stopped it
    }

    submit(event) {
      if (this.isSent) {
        event.preventDefault();
        return;
      }
      this.isSent = true;
      // Later: all other listeners are called by then, and what the pressed button says is in what is sent.
      setTimeout(() => (event.defaultPrevented ? this.reset() : this.show(true)));
    }

    reset() {
      if (this.isSent) this.show(false);
      this.isSent = false;
    }

    show(isSaving) {
      for (const element of this.form.elements) {
        if (element.type === "submit") element.disabled = isSaving;
      }
      for (const root of this.form.querySelectorAll(".polyimages-inline")) {
        root.querySelector(".polyimages-inline-status").textContent = isSaving ? root.dataset.saving : "";
        root.querySelector(".polyimages-inline-progress").hidden = !isSaving;
      }
    }
  }

  const roots = [...document.querySelectorAll(".polyimages-inline")];
  for (const form of new Set(roots.map((root) => root.closest("form")))) if (form) new Form(form);
}
