/* Images whose versions are still being generated: asks for all of a page at once until they are ready or failed, and
   shows them. Nothing else of the page changes, so nothing that was typed is lost. */
"use strict";

{
  const FIRST = 2000; // milliseconds until the next request, if something has just changed
  const LONGEST = 30_000;
  const MOST = 200; // images in one request

  function sleep(time) {
    return new Promise((resolve) => setTimeout(resolve, time));
  }

  function visible() {
    return new Promise((resolve) => {
      function look() {
        if (document.hidden) return;
        document.removeEventListener("visibilitychange", look);
        resolve();
      }
      document.addEventListener("visibilitychange", look);
      look();
    });
  }

  /* Once the element is in the window or one window away from it. */
  function near(element) {
    return new Promise((resolve) => {
      const observer = new IntersectionObserver(
        (seen) => {
          if (!seen.some(({ isIntersecting }) => isIntersecting)) return;
          observer.disconnect();
          resolve();
        },
        { rootMargin: "100%" },
      );
      observer.observe(element);
    });
  }

  /* Whether the browser can show the new pictures, which it has loaded then: the old one stays until they replace it
     without a blank in between, and for good if they are broken. */
  async function loaded(images) {
    for (const image of images) image.loading = "eager"; // a lazy one is not loaded before it is on the page
    const decoded = await Promise.allSettled(images.map((image) => image.decode()));
    return decoded.every(({ status }) => status === "fulfilled");
  }

  /* A link or button that has the focus hands it to the one of the same text, or else of the same place. */
  function replace(element, fragment) {
    const focused = element.contains(document.activeElement) ? document.activeElement : null;
    const before = focused ? [...element.querySelectorAll(focused.localName)] : [];
    element.replaceChildren(fragment);
    if (!focused) return;
    const after = [...element.querySelectorAll(focused.localName)];
    const successor = after.find(({ textContent }) => textContent === focused.textContent) ?? after[before.indexOf(focused)];
    successor?.focus({ preventScroll: true });
  }

  async function show(element, part) {
    if (part === undefined) return;
    if (element.dataset.part === "address") {
      element.setAttribute("href", part);
      return;
    }
    const template = document.createElement("template");
    template.innerHTML = part; // what the server has rendered, as on the page itself
    const fragment = document.importNode(template.content, true); // those of a template are not loaded
    const images = [...fragment.querySelectorAll("img")];
    if (images.length) await near(element);
    if (await loaded(images)) replace(element, fragment);
  }

  class Pending {
    constructor() {
      this.failed = 0;
      this.status = document.createElement("p");
      this.status.className = "visually-hidden polyimages-unseen";
      this.status.setAttribute("role", "status");
      (document.getElementById("content") || document.body).append(this.status);
    }

    elements() {
      return [...document.querySelectorAll("[data-polyimages-pending]")];
    }

    async run() {
      for (let wait = FIRST; this.elements().length; ) {
        await sleep(wait);
        await visible();
        const response = await this.ask().catch(() => ({ status: 503 })); // no connection: it may come back
        if (!response.ok && response.status < 500 && response.status !== 429) return; // logged out, or not allowed
        const answer = response.ok ? await response.json().catch(() => null) : { images: [] };
        if (!answer?.images) return; // not from the admin
        wait = answer.images.length ? FIRST : Math.min(wait * 1.5, LONGEST);
        if (answer.pending) this.take(answer);
      }
    }

    ask() {
      const elements = this.elements();
      const { url } = elements[0].dataset;
      const body = new FormData();
      body.set("csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "");
      body.set("failed", this.failed);
      this.asked = [...new Set(elements.map((element) => element.dataset.polyimagesPending))].slice(0, MOST);
      for (const id of this.asked) body.append("image", id);
      for (const part of new Set(elements.map((element) => element.dataset.part))) body.append("part", part);
      return fetch(url, { method: "POST", headers: { Accept: "application/json" }, body, redirect: "manual" });
    }

    take({ images, pending, message }) {
      this.failed += images.filter(({ status }) => status === "failed").length;
      const settled = new Map(images.map((image) => [image.id, image]));
      for (const element of this.elements()) {
        const id = element.dataset.polyimagesPending;
        if (!this.asked.includes(id) || pending.includes(id)) continue;
        delete element.dataset.polyimagesPending;
        show(element, settled.get(id)?.parts[element.dataset.part]); // nothing if it was deleted meanwhile
      }
      if (!this.elements().length) this.status.textContent = message;
    }
  }

  if (document.querySelector("[data-polyimages-pending]")) new Pending().run();
}
