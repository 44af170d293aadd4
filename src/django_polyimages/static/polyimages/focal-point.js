/* The focal point of an image: a marker on the picture, kept in step with two number inputs. */
"use strict";

{
  const STEP = 0.01;
  const ARROWS = {
    ArrowLeft: [-STEP, 0],
    ArrowRight: [STEP, 0],
    ArrowUp: [0, -STEP],
    ArrowDown: [0, STEP],
  };

  function clamp(value, least, most) {
    return Math.min(Math.max(value, least), most);
  }

  /* Where a part of `length` pixels begins on a side so that the point is in its middle; computed as
     VersionSpec.target() does. */
  function partStart(point, length, side) {
    return clamp(Math.floor(point * side) - Math.floor(length / 2), 0, side - length);
  }

  class FocalPoint {
    constructor(root, inputs) {
      this.root = root;
      this.inputs = inputs;
      this.picture = root.querySelector(".polyimages-focal-picture");
      this.circles = root.querySelectorAll(".polyimages-focal-marker circle");
      this.crops = root.querySelectorAll(".polyimages-crop svg");
      this.handle = this.addHandle();
      this.addCentreButton();
      this.listenToPointer();
      this.listenToKeys();
      root.classList.add("polyimages-focal-active");
      this.show();
    }

    addHandle() {
      const handle = document.createElement("button");
      handle.type = "button";
      handle.className = "polyimages-focal-handle";
      this.picture.append(handle);
      return handle;
    }

    addCentreButton() {
      const centre = document.createElement("button");
      centre.type = "button";
      centre.className = "button polyimages-focal-centre";
      centre.textContent = this.root.dataset.centre;
      centre.addEventListener("click", () => this.move(0.5, 0.5));
      const hint = this.root.querySelector(".polyimages-focal-hint");
      hint.hidden = false;
      hint.after(centre);
    }

    point() {
      return this.inputs.map(({ valueAsNumber }) => (Number.isFinite(valueAsNumber) ? clamp(valueAsNumber, 0, 1) : 0.5));
    }

    show() {
      const [x, y] = this.point();
      for (const circle of this.circles) {
        circle.setAttribute("cx", `${x * 100}%`);
        circle.setAttribute("cy", `${y * 100}%`);
      }
      this.handle.style.left = `${x * 100}%`; // a position in the picture, which right-to-left languages do not mirror
      this.handle.style.top = `${y * 100}%`;
      const label = this.root.dataset.label.replace("{x}", Math.round(x * 100)).replace("{y}", Math.round(y * 100));
      this.handle.setAttribute("aria-label", label);
      for (const crop of this.crops) this.showCrop(crop, x, y);
    }

    showCrop(crop, x, y) {
      const [width, height] = [Number(crop.dataset.cropWidth), Number(crop.dataset.cropHeight)];
      const left = partStart(x, width, Number(this.root.dataset.width));
      const upper = partStart(y, height, Number(this.root.dataset.height));
      crop.setAttribute("viewBox", `${left} ${upper} ${width} ${height}`);
    }

    move(x, y) {
      [x, y].forEach((value, index) => {
        this.inputs[index].value = String(Number(clamp(value, 0, 1).toFixed(4)));
        this.inputs[index].dispatchEvent(new Event("change", { bubbles: true }));
      });
      this.show();
    }

    moveTo({ clientX, clientY }) {
      const box = this.picture.getBoundingClientRect();
      this.move((clientX - box.left) / box.width, (clientY - box.top) / box.height);
    }

    listenToPointer() {
      const { picture, handle } = this;
      picture.addEventListener("dragstart", (event) => event.preventDefault());
      picture.addEventListener("pointerdown", (event) => {
        // A finger on the picture may be about to scroll the page; on the handle it moves the point.
        if (event.button !== 0 || (event.pointerType !== "mouse" && event.target !== handle)) return;
        picture.setPointerCapture(event.pointerId);
        if (event.target !== handle) this.moveTo(event);
      });
      picture.addEventListener("click", (event) => {
        if (event.detail && event.target !== handle) this.moveTo(event); // detail is 0 for a click by a key
        handle.focus({ preventScroll: true });
      });
      picture.addEventListener("pointermove", (event) => {
        if (picture.hasPointerCapture(event.pointerId)) this.moveTo(event);
      });
    }

    listenToKeys() {
      this.handle.addEventListener("keydown", (event) => {
        const step = ARROWS[event.key];
        if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        const factor = event.shiftKey ? 10 : 1;
        const [x, y] = this.point();
        this.move(x + step[0] * factor, y + step[1] * factor);
      });
      this.inputs.forEach((input, index) => {
        input.addEventListener("input", () => this.show());
        input.addEventListener("keydown", (event) => {
          if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
          event.preventDefault(); // the browser's own step is 1, the whole side
          const values = this.point();
          values[index] += event.key === "ArrowUp" ? STEP : -STEP;
          this.move(...values);
        });
      });
    }
  }

  for (const root of document.querySelectorAll(".polyimages-focal")) {
    const form = root.closest("form");
    const inputs = ["focal_x", "focal_y"].map((name) => form?.elements.namedItem(name));
    const canChange = inputs.every((input) => input instanceof HTMLInputElement); // else the page is for viewing only
    if (canChange) new FocalPoint(root, inputs);
  }
}
