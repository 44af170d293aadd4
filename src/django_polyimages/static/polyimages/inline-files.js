/* Files become cards of the inline. They are sent at once where the page has a URL for that, and else with the form. */
"use strict";

{
  const { fill, follow, recall, show } = globalThis.polyimages;

  class InlineFiles {
    constructor(inline) {
      this.inline = inline;
      this.root = inline.root;
      this.widget = this.root.querySelector(".polyimages-inline-add [data-uploads-url]");
      for (const card of inline.cards()) this.restore(card);
      this.root.addEventListener("polyimages:chosen", (event) => this.add(event));
      this.root.addEventListener("polyimages:progress", (event) => this.follow(event));
    }

    /* A file that has arrived before the form came back with errors. */
    restore(card) {
      const input = card.querySelector("input[type=hidden][name$='-upload-upload']");
      if (!input) return;
      this.hold(card);
      const data = recall(input.value);
      if (data) show(card.querySelector(".polyimages-upload-picture"), data);
    }

    /* The card is about a file from now on, and offers no other choice. */
    hold(card) {
      delete card.dataset.lost;
      card.dataset.image = "new";
      card.classList.add("polyimages-card-chosen");
    }

    /* The card that lost this file with an error, which empties a file input. */
    lostCard(file) {
      return this.inline.cards().find((card) => card.dataset.lost === file.name);
    }

    cardFor(file) {
      const card = this.lostCard(file) || this.inline.append(file.name);
      this.hold(card);
      return card;
    }

    number() {
      const sent = "input[type=hidden][name$='-upload-upload'], .polyimages-upload-progress:not([data-state=received])";
      return this.inline.cards().filter((card) => card.querySelector(sent) || this.field(card)?.files.length).length;
    }

    field(card) {
      return card.querySelector("input[type=file]");
    }

    add(event) {
      if (event.detail.input.closest(".polyimages-card") || !this.inline.empty) return;
      event.preventDefault(); // the cards have the files, and the input is free for the next ones
      const { maxFiles, tooMany } = event.detail.input.dataset;
      let refusal = "";
      const added = [];
      for (const file of event.detail.files) {
        if (this.number() >= Number(maxFiles)) refusal = tooMany;
        else if (!this.lostCard(file) && !this.inline.room()) refusal = this.root.dataset.tooMany;
        if (refusal) break;
        const card = this.cardFor(file);
        if (this.widget) follow(file, { widget: this.widget, field: this.field(card), place: card });
        else this.keep(card, file, event.detail.input.dataset);
        added.push(card);
      }
      if (added.length) this.inline.sayAdded(added);
      if (refusal) this.inline.status.textContent = refusal;
    }

    follow({ target, detail: { file, state, problem } }) {
      if (state !== "refused" && state !== "cancelled") return;
      this.inline.drop(target.closest(".polyimages-card"));
      if (state === "refused") this.inline.status.textContent = `${file.name}: ${problem}`;
    }

    /* The form sends the file. */
    keep(card, file, texts) {
      const carrier = new DataTransfer();
      carrier.items.add(file);
      this.field(card).files = carrier.files;
      this.preview(card, file, texts);
    }

    preview(card, file, { wrongType, problem }) {
      const image = this.inline.show(card, URL.createObjectURL(file));
      image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
      image.addEventListener("error", async () => {
        URL.revokeObjectURL(image.src);
        if (await this.isPicture(file)) return; // a Content-Security-Policy does not allow blob: URLs
        const message = document.createElement("span");
        message.className = "polyimages-card-problem";
        message.textContent = wrongType;
        image.replaceWith(message);
        this.inline.status.textContent = fill(problem, { name: file.name, problem: wrongType });
      });
    }

    async isPicture(file) {
      try {
        (await createImageBitmap(file)).close();
        return true;
      } catch {
        return false;
      }
    }
  }

  globalThis.polyimages.InlineFiles = InlineFiles;
}
