/* Cards are dragged by mouse, pen or finger; a card that was moved gets a "polyimages:dragged" event. */
"use strict";

{
  const EDGE = 60; // pixels: this near to the edge of the window, a dragged card scrolls it
  const FEWEST = 5; // pixels: less is a click

  /* Whether the pointer is before the middle of a card, in the direction in which the cards are laid out. */
  function isFirstHalf(list, box, { clientX, clientY }) {
    const { direction, gridTemplateColumns } = getComputedStyle(list);
    if (!gridTemplateColumns.includes(" ")) return clientY < box.top + box.height / 2;
    return clientX < box.left + box.width / 2 !== (direction === "rtl");
  }

  function scrollNear(y) {
    if (y < EDGE) scrollBy(0, (y - EDGE) / 3);
    else if (y > innerHeight - EDGE) scrollBy(0, (y - innerHeight + EDGE) / 3);
  }

  /* Only the handle can be dragged, so that texts can be selected, and a picture with the mouse: a finger scrolls. */
  function grabbed({ target, pointerType, isPrimary, button }) {
    const picture = pointerType === "mouse" ? target.closest(".polyimages-card-picture") : null;
    const card = (target.closest(".polyimages-card-handle") || picture)?.closest(".polyimages-card");
    return isPrimary && button === 0 && card?.querySelector(".polyimages-card-handle") ? card : null;
  }

  class Drag {
    constructor(list, card, start) {
      Object.assign(this, { list, card, start, before: [...list.children], hasMoved: false });
      this.listening = new AbortController();
      const { signal } = this.listening;
      list.setPointerCapture(start.pointerId); // it would end with the handle, which leaves the page when moved
      list.addEventListener("pointermove", (event) => this.move(event), { signal });
      list.addEventListener("pointerup", () => this.end(true), { signal });
      list.addEventListener("pointercancel", () => this.end(false), { signal });
      document.addEventListener("keydown", (event) => event.key === "Escape" && this.end(false), { signal });
    }

    move(event) {
      const { clientX, clientY } = event;
      this.hasMoved ||= Math.hypot(clientX - this.start.clientX, clientY - this.start.clientY) >= FEWEST;
      if (!this.hasMoved) return;
      this.card.classList.add("polyimages-card-dragged");
      scrollNear(clientY);
      const over = document.elementFromPoint(clientX, clientY)?.closest(".polyimages-card");
      if (!over || over === this.card || over.parentElement !== this.list) return;
      if (isFirstHalf(this.list, over.getBoundingClientRect(), event)) over.before(this.card);
      else over.after(this.card);
    }

    end(isKept) {
      this.listening.abort();
      this.card.classList.remove("polyimages-card-dragged");
      const isElsewhere = [...this.list.children].some((card, place) => card !== this.before[place]);
      if (!isElsewhere) return;
      if (isKept) this.card.dispatchEvent(new CustomEvent("polyimages:dragged", { bubbles: true }));
      else this.list.append(...this.before);
    }
  }

  for (const list of document.querySelectorAll(".polyimages-inline-cards")) {
    list.addEventListener("pointerdown", (event) => {
      const card = grabbed(event);
      if (!card) return;
      event.preventDefault(); // selects no text
      new Drag(list, card, event);
    });
  }
}
