/* The images of one object in the admin: new files and picked images become cards, cards are arranged.
   Without this script the same form works with numbers and plain inputs. */
"use strict";

{
  const { fill } = globalThis.polyimages;

  class Inline {
    constructor(root) {
      this.root = root;
      this.list = root.querySelector(".polyimages-inline-cards");
      this.empty = root.querySelector(".polyimages-inline-empty");
      this.initial = root.querySelector(`#id_${root.dataset.prefix}-INITIAL_FORMS`);
      this.total = root.querySelector(`#id_${root.dataset.prefix}-TOTAL_FORMS`);
      this.status = root.querySelector(".polyimages-inline-status");
      root.classList.add("polyimages-inline-scripted");
      for (const card of this.cards()) this.prepare(card);
      this.rename();
      new globalThis.polyimages.InlineFiles(this);
      root.addEventListener("polyimages:picked", (event) => this.addPicked(event.detail));
      root.addEventListener("change", (event) => this.keepOneCover(event.target));
      this.list.addEventListener("click", (event) => this.click(event.target.closest("button")));
      this.list.addEventListener("polyimages:dragged", (event) => this.arranged(event.target));
      root.closest("form")?.addEventListener("formdata", (event) => this.leaveOutEmpty(event.formData));
    }

    cards() {
      return [...this.list.querySelectorAll(".polyimages-card")];
    }

    newCards() {
      return this.cards().filter((card) => card.classList.contains("polyimages-card-new"));
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

    /* Django expects the numbers of new rows to follow those of the saved ones without a gap. */
    rename() {
      const before = Number(this.initial.value);
      const number = new RegExp(`(${this.root.dataset.prefix}-)(\\d+|__prefix__)(?=-|$)`);
      const cards = this.newCards();
      cards.forEach((card, place) => {
        for (const element of card.querySelectorAll("*")) {
          for (const name of ["id", "name", "for", "href", "aria-describedby"]) {
            const value = element.getAttribute(name);
            if (value) element.setAttribute(name, value.replace(number, `$1${before + place}`));
          }
        }
      });
      this.total.value = before + cards.length;
    }

    append(title) {
      const holder = document.createElement("ol");
      holder.append(this.empty.content.cloneNode(true));
      const card = holder.firstElementChild;
      card.dataset.title = title;
      card.dataset.image = "new";
      card.querySelector(".polyimages-card-title").textContent = title;
      for (const place of card.querySelectorAll(".polyimages-title")) place.textContent = title;
      this.prepare(card);
      this.list.append(card);
      this.rename();
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

    /* How many images may be added: those that are to be removed make room. */
    room() {
      const removed = this.list.querySelectorAll(".polyimages-card-delete input:checked").length;
      return Math.max(0, Number(this.root.dataset.room) + removed - this.newCards().length);
    }

    /* Images come one by one; the status counts those of one click. */
    addPicked({ id, title, thumb }) {
      if (!this.room()) {
        this.status.textContent = this.root.dataset.tooMany;
        return;
      }
      const card = this.append(title);
      card.dataset.image = id;
      card.querySelector("input[name$='-image']").value = id;
      if (thumb) this.show(card, thumb.url);
      if (!this.picked) queueMicrotask(() => (this.picked = null));
      this.picked = [...(this.picked ?? []), card];
      this.sayAdded(this.picked);
    }

    sayAdded(cards) {
      if (cards.length === 1) this.say("added", cards[0]);
      else this.status.textContent = fill(this.root.dataset.addedMany, { count: cards.length });
    }

    /* A new card sends only what was filled in: Django refuses forms with more than 100 files, even if these are
       empty, or with 1,000 fields. */
    leaveOutEmpty(data) {
      for (const input of this.newCards().flatMap((card) => [...card.querySelectorAll("[name]")])) {
        const isEmpty = data.getAll(input.name).every((value) => value === "" || value.name === "");
        if (isEmpty) data.delete(input.name);
      }
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
        card.querySelector(".polyimages-upload-progress")?.dispatchEvent(new Event("polyimages:discard"));
        this.drop(card);
        this.say("removed", card);
      }
    }

    drop(card) {
      const next = card.nextElementSibling || card.previousElementSibling;
      const isFocused = card.contains(document.activeElement);
      card.remove();
      this.rename();
      if (isFocused) (next?.querySelector(".polyimages-card-tools button") || this.root.querySelector("input[type=file]"))?.focus();
    }

    move(card, by) {
      if (by < 0) card.previousElementSibling?.before(card);
      else card.nextElementSibling?.after(card);
      this.arranged(card);
    }

    arranged(card) {
      this.root.classList.add("polyimages-inline-arranged");
      this.cards().forEach((one, place) => {
        const input = one.querySelector("input[name$='-order']");
        if (input) input.value = place;
      });
      this.say("moved", card);
    }

    say(what, card) {
      const cards = this.cards();
      const values = { title: card.dataset.title, place: cards.indexOf(card) + 1, count: cards.length };
      this.status.textContent = fill(this.root.dataset[what], values);
    }
  }

  for (const root of document.querySelectorAll(".polyimages-inline")) new Inline(root);
}
