/* The files of one field that are sent as soon as they are chosen. Each is a line of a list, with its id for the form. */
"use strict";

{
  const { follow, recall, show } = globalThis.polyimages;

  class UploadList extends HTMLElement {
    connectedCallback() {
      if (this.widget || this.closest(".polyimages-inline")) return; // the inline has cards
      this.widget = this.closest(".polyimages-upload");
      this.field = this.widget.querySelector("input[type=file]");
      this.list = this.querySelector("ul");
      for (const item of this.list.children) this.restore(item);
      this.widget.addEventListener("polyimages:chosen", (event) => this.take(event));
      this.widget.addEventListener("polyimages:progress", (event) => this.follow(event));
      this.list.addEventListener("click", (event) => this.click(event.target.closest("[data-do=remove]")));
    }

    /* What a form with errors has brought back. */
    restore(item) {
      const data = recall(item.querySelector("input").value);
      if (data) show(item.querySelector(".polyimages-upload-picture"), data);
      item.querySelector("[data-do=remove]").hidden = false;
    }

    take(event) {
      event.preventDefault();
      const { maxFiles, tooMany } = this.field.dataset;
      const { files } = event.detail;
      if (!this.field.multiple && files.length) for (const item of [...this.list.children]) this.remove(item);
      const room = this.field.multiple ? Math.max(0, Number(maxFiles) - this.list.children.length) : 1;
      for (const file of files.slice(0, room)) this.add(file);
      this.querySelector(".polyimages-upload-note").textContent = files.length > room ? tooMany : "";
    }

    add(file) {
      const item = this.querySelector("template").content.firstElementChild.cloneNode(true);
      for (const name of item.querySelectorAll(".polyimages-upload-of")) name.textContent = file.name;
      this.list.append(item);
      follow(file, { widget: this.widget, field: this.field, place: item });
    }

    follow({ target, detail: { state } }) {
      const item = target.closest("li");
      item.querySelector("[data-do=remove]").hidden = !["received", "failed"].includes(state);
      if (state === "refused" || state === "cancelled") this.leave(item);
    }

    click(button) {
      if (button) this.remove(button.closest("li"));
    }

    remove(item) {
      const progress = item.querySelector(".polyimages-upload-progress");
      if (progress) progress.dispatchEvent(new Event("polyimages:discard")); // comes back as "cancelled"
      else this.leave(item);
    }

    leave(item) {
      const next = item.nextElementSibling || item.previousElementSibling;
      const isFocused = item.contains(document.activeElement);
      item.remove();
      if (isFocused) (next?.querySelector("button:not([hidden])") || this.field).focus();
    }
  }

  customElements.define("polyimages-uploads", UploadList);
}
