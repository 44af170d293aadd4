/* The dialog in which images of the library are picked; each becomes a "polyimages:picked" event. */
"use strict";

{
  class Library {
    constructor(dialog) {
      this.dialog = dialog;
      this.root = dialog.closest(".polyimages-inline");
      this.search = dialog.querySelector("input[type=search]");
      this.list = dialog.querySelector(".polyimages-library-images");
      this.status = dialog.querySelector(".polyimages-library-status");
      this.count = dialog.querySelector(".polyimages-library-count");
      this.buttons = Object.fromEntries(
        [...dialog.querySelectorAll("[data-do]")].map((button) => [button.dataset.do, button]),
      );
      this.picked = new Map();
      const opener = this.root.querySelector(".polyimages-inline-pick");
      opener.hidden = false;
      opener.addEventListener("click", () => this.open());
      this.buttons.more.addEventListener("click", () => this.load(this.next));
      this.buttons.close.addEventListener("click", () => dialog.close());
      this.buttons.add.addEventListener("click", () => this.add());
      let typing = 0;
      this.search.addEventListener("input", () => {
        clearTimeout(typing);
        typing = setTimeout(() => this.load(), 250);
      });
      this.search.addEventListener("keydown", (event) => {
        if (event.key === "Enter") event.preventDefault(); // it would submit the form behind the dialog
      });
    }

    open() {
      this.picked.clear();
      this.list.replaceChildren(); // the former list would be replaced while somebody is already choosing from it
      this.tell();
      this.search.value = "";
      this.dialog.showModal();
      this.load();
    }

    async load(after = "") {
      const { url, organization, organizationInput } = this.dialog.dataset;
      const chosen = organizationInput && document.getElementById(organizationInput)?.value;
      const query = new URLSearchParams({ q: this.search.value });
      if (after) query.set("after", after);
      if (chosen || organization) query.set("organization", chosen || organization);
      const request = (this.request = Symbol());
      try {
        const response = await fetch(`${url}?${query}`, { headers: { Accept: "application/json" } });
        if (!response.ok) throw new Error(String(response.status));
        const answer = await response.json();
        if (this.request === request) this.show(answer, !after);
      } catch {
        if (this.request === request) this.status.textContent = this.status.dataset.failed;
      }
    }

    show({ images, next }, isFirst) {
      this.next = next;
      const attached = new Set([...this.root.querySelectorAll(".polyimages-card")].map((card) => card.dataset.image));
      const items = images.map((image) => this.item(image, attached.has(image.id)));
      if (isFirst) this.replace(items);
      else this.list.append(...items);
      if (!isFirst) items.map((item) => item.firstChild).find((button) => !button.disabled)?.focus();
      this.status.textContent = this.list.children.length ? "" : this.status.dataset.none;
      this.buttons.more.hidden = !next;
    }

    /* An image that has the keyboard focus when the answer comes keeps it. */
    replace(items) {
      const focused = this.list.contains(document.activeElement) && document.activeElement.dataset.image;
      this.list.replaceChildren(...items);
      if (focused) this.list.querySelector(`[data-image="${CSS.escape(focused)}"]`)?.focus();
    }

    item(image, isAttached) {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.image = image.id;
      button.disabled = isAttached;
      button.setAttribute("aria-pressed", String(this.picked.has(image.id)));
      const note = isAttached ? this.status.dataset.attached : image.organization;
      button.append(this.picture(image), this.line(image.title || image.id), this.line(note));
      button.addEventListener("click", () => {
        if (!this.picked.delete(image.id)) this.picked.set(image.id, image);
        button.setAttribute("aria-pressed", String(this.picked.has(image.id)));
        this.tell();
      });
      const item = document.createElement("li");
      item.append(button);
      return item;
    }

    picture({ thumb }) {
      const element = document.createElement(thumb ? "img" : "span");
      if (!thumb) {
        element.className = "polyimages-library-blank";
        return element;
      }
      Object.assign(element, { alt: "", loading: "lazy", width: thumb.width, height: thumb.height, src: thumb.url });
      return element;
    }

    line(text) {
      const line = document.createElement("small");
      line.dir = "auto"; // a title that is too long is cut at its end, whatever its language
      line.textContent = text;
      line.title = text;
      return line;
    }

    /* How many are picked, also of those that the search does not show any more. */
    tell() {
      const { size } = this.picked;
      this.buttons.add.disabled = !size;
      this.count.textContent = size ? this.count.dataset.selected.replace("{count}", size) : "";
    }

    add() {
      for (const image of this.picked.values()) {
        this.root.dispatchEvent(new CustomEvent("polyimages:picked", { detail: image }));
      }
      this.dialog.close();
    }
  }

  for (const dialog of document.querySelectorAll(".polyimages-library")) new Library(dialog);
}
