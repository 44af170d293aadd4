/* The images of one object in the admin: new files and picked images become cards, cards are arranged.
   Without this script the same form works with numbers and plain inputs. */
"use strict";

{
  function fill(text, values) {
    return text.replace(/\{(\w+)\}/g, (_match, name) => values[name]);
  }

  class Inline {
    constructor(root) {
      this.root = root;
      this.list = root.querySelector(".polyimages-inline-cards");
      this.empty = root.querySelector(".polyimages-inline-empty");
      this.total = root.querySelector(`#id_${root.dataset.prefix}-TOTAL_FORMS`);
      this.status = root.querySelector(".polyimages-inline-status");
      root.classList.add("polyimages-inline-scripted");
      for (const card of this.cards()) this.prepare(card);
      root.addEventListener("polyimages:chosen", (event) => this.addFiles(event));
      root.addEventListener("polyimages:picked", (event) => this.addPicked(event.detail));
      root.addEventListener("change", (event) => this.keepOneCover(event.target));
      this.list.addEventListener("click", (event) => this.click(event.target.closest("button")));
      this.listenToDrags();
    }

    cards() {
      return [...this.list.querySelectorAll(".polyimages-card")];
    }

    /* The empty card is for browsers without scripts; a new card that came back with errors stays. */
    prepare(card) {
      const isNew = card.classList.contains("polyimages-card-new");
      if (isNew && !card.dataset.title && !card.classList.contains("polyimages-card-errors")) {
        card.remove();
        return;
      }
      card.classList.toggle("polyimages-card-chosen", Boolean(card.dataset.image));
      for (const tool of card.querySelectorAll(".polyimages-card-move, .polyimages-card-drop")) tool.hidden = false;
    }

    append(title) {
      const number = this.total.value;
      this.total.value = Number(number) + 1;
      const holder = document.createElement("ol");
      holder.append(this.empty.content.cloneNode(true));
      for (const element of holder.querySelectorAll("*")) {
        for (const name of ["id", "name", "for", "href"]) {
          const value = element.getAttribute(name);
          if (value?.includes("__prefix__")) element.setAttribute(name, value.replace("__prefix__", number));
        }
      }
      const card = holder.firstElementChild;
      card.dataset.title = title;
      card.dataset.image = "new";
      card.querySelector(".polyimages-card-title").textContent = title;
      for (const place of card.querySelectorAll(".polyimages-title")) place.textContent = title;
      this.prepare(card);
      this.list.append(card);
      return card;
    }

    show(card, url) {
      const image = document.createElement("img");
      image.alt = "";
      image.draggable = false;
      image.src = url;
      card.querySelector(".polyimages-card-picture").replaceChildren(image);
      return image;
    }

    /* A file whose card came back with errors, which empty a file input, goes into that card again. */
    cardFor(file) {
      const card = this.cards().find((one) => one.dataset.lost === file.name) || this.append(file.name);
      delete card.dataset.lost;
      card.dataset.image = "new";
      card.classList.add("polyimages-card-chosen");
      return card;
    }

    preview(card, file, problem) {
      const image = this.show(card, URL.createObjectURL(file));
      image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
      image.addEventListener("error", () => {
        const message = document.createElement("span");
        message.className = "polyimages-card-problem";
        message.textContent = problem;
        image.replaceWith(message);
      });
    }

    addFiles(event) {
      if (event.detail.input.closest(".polyimages-card") || !this.empty) return;
      event.preventDefault(); // the cards hold the files, and the input is free for the next ones
      const { maxFiles, tooMany } = event.detail.input.dataset;
      const allowed = Math.max(0, Number(maxFiles) - this.files().length);
      for (const file of event.detail.files.slice(0, allowed)) {
        const card = this.cardFor(file);
        const carrier = new DataTransfer();
        carrier.items.add(file);
        card.querySelector("input[type=file]").files = carrier.files;
        this.preview(card, file, event.detail.input.dataset.wrongType);
        this.say("added", card);
      }
      if (event.detail.files.length > allowed) this.status.textContent = tooMany;
    }

    files() {
      return this.cards().flatMap((card) => [...(card.querySelector("input[type=file]")?.files ?? [])]);
    }

    addPicked({ id, title, thumb }) {
      const card = this.append(title);
      card.dataset.image = id;
      card.querySelector("input[name$='-image']").value = id;
      if (thumb) this.show(card, thumb.url);
      this.say("added", card);
    }

    keepOneCover(changed) {
      if (!changed.name?.endsWith("-is_cover") || !changed.checked) return;
      for (const other of this.list.querySelectorAll("input[name$='-is_cover']")) {
        if (other !== changed) other.checked = false;
      }
    }

    click(button) {
      const card = button?.closest(".polyimages-card");
      if (button?.dataset.move) {
        this.move(card, Number(button.dataset.move));
        button.focus();
      } else if (button?.classList.contains("polyimages-card-drop")) {
        const next = card.nextElementSibling || card.previousElementSibling;
        card.remove();
        this.say("removed", card);
        (next?.querySelector("button") || this.root.querySelector("input[type=file]"))?.focus();
      }
    }

    move(card, by) {
      if (by < 0) card.previousElementSibling?.before(card);
      else card.nextElementSibling?.after(card);
      this.number();
      this.say("moved", card);
    }

    number() {
      this.cards().forEach((card, place) => {
        const input = card.querySelector("input[name$='-order']");
        if (input) input.value = place;
      });
    }

    say(what, card) {
      const cards = this.cards();
      const values = { title: card.dataset.title, place: cards.indexOf(card) + 1, count: cards.length };
      this.status.textContent = fill(this.root.dataset[what], values);
    }

    /* Whether the mouse is before the middle of a card, in the direction in which the cards are laid out. */
    isFirstHalf(box, { clientX, clientY }) {
      const { direction, gridTemplateColumns } = getComputedStyle(this.list);
      if (!gridTemplateColumns.includes(" ")) return clientY < box.top + box.height / 2;
      return clientX < box.left + box.width / 2 !== (direction === "rtl");
    }

    /* A card can be dragged by its handle only, so that its texts can be selected. */
    listenToDrags() {
      let dragged = null;
      this.list.addEventListener("mousedown", (event) => {
        const card = event.target.closest(".polyimages-card");
        if (!card?.querySelector(".polyimages-card-handle")) return; // a card for viewing only
        card.draggable = Boolean(event.target.closest(".polyimages-card-handle, .polyimages-card-picture"));
      });
      this.list.addEventListener("dragstart", (event) => {
        if (!this.cards().includes(event.target)) return; // selected text or a link
        dragged = event.target;
        event.dataTransfer.effectAllowed = "move";
        event.dataTransfer.setData("text/plain", dragged.dataset.title);
        dragged.classList.add("polyimages-card-dragged");
      });
      this.list.addEventListener("dragover", (event) => {
        const over = event.target.closest(".polyimages-card");
        if (!dragged) return;
        event.preventDefault();
        if (!over || over === dragged) return;
        if (this.isFirstHalf(over.getBoundingClientRect(), event)) over.before(dragged);
        else over.after(dragged);
      });
      this.list.addEventListener("drop", (event) => dragged && event.preventDefault());
      this.list.addEventListener("dragend", () => {
        if (!dragged) return;
        dragged.classList.remove("polyimages-card-dragged");
        dragged.draggable = false;
        this.number();
        this.say("moved", dragged);
        dragged = null;
      });
    }
  }

  for (const root of document.querySelectorAll(".polyimages-inline")) new Inline(root);
}
