/* The focal point of an image: a marker on the picture, in step with two number inputs. */
"use strict";
{
  const STEP = 0.01;
  const ARROWS = {
    ArrowLeft: [-STEP, 0],
    ArrowRight: [STEP, 0],
    ArrowUp: [0, -STEP],
    ArrowDown: [0, STEP],
  };

  function inside(value, least, most) {
    return Math.min(Math.max(value, least), most);
  }

  /* Where a part of `length` pixels begins on a side so that the point is in its middle; as
     VersionSpec.target() does it. */
  function around(point, length, side) {
    return inside(Math.floor(point * side) - Math.floor(length / 2), 0, side - length);
  }

  function start(root) {
    const form = root.closest("form");
    const inputs = ["focal_x", "focal_y"].map((name) => form?.elements.namedItem(name));
    if (!inputs.every((input) => input instanceof HTMLInputElement)) return; // may only be viewed
    const picture = root.querySelector(".polyimages-focal-picture");
    const circles = root.querySelectorAll(".polyimages-focal-marker circle");
    const crops = root.querySelectorAll(".polyimages-crop svg");
    const size = [Number(root.dataset.width), Number(root.dataset.height)];

    const handle = document.createElement("button");
    handle.type = "button";
    handle.className = "polyimages-focal-handle";
    picture.append(handle);

    const centre = document.createElement("button");
    centre.type = "button";
    centre.className = "button polyimages-focal-centre";
    centre.textContent = root.dataset.centre;
    const hint = root.querySelector(".polyimages-focal-hint");
    hint.hidden = false;
    hint.after(centre);

    const point = () =>
      inputs.map((input) => (Number.isFinite(input.valueAsNumber) ? inside(input.valueAsNumber, 0, 1) : 0.5));

    function show() {
      const [x, y] = point();
      for (const circle of circles) {
        circle.setAttribute("cx", `${x * 100}%`);
        circle.setAttribute("cy", `${y * 100}%`);
      }
      handle.style.left = `${x * 100}%`; // of the picture, which no language mirrors
      handle.style.top = `${y * 100}%`;
      handle.setAttribute(
        "aria-label",
        root.dataset.label.replace("{x}", Math.round(x * 100)).replace("{y}", Math.round(y * 100)),
      );
      for (const crop of crops) {
        const length = [Number(crop.dataset.cropWidth), Number(crop.dataset.cropHeight)];
        const left = around(x, length[0], size[0]);
        const upper = around(y, length[1], size[1]);
        crop.setAttribute("viewBox", `${left} ${upper} ${length[0]} ${length[1]}`);
      }
    }

    function move(x, y) {
      [x, y].forEach((value, index) => {
        inputs[index].value = String(Number(inside(value, 0, 1).toFixed(4)));
        inputs[index].dispatchEvent(new Event("change", { bubbles: true }));
      });
      show();
    }

    function moveTo(event) {
      const box = picture.getBoundingClientRect();
      move((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    }

    picture.addEventListener("dragstart", (event) => event.preventDefault());
    picture.addEventListener("pointerdown", (event) => {
      // A finger on the picture may be about to scroll the page; on the marker it moves that.
      if (event.button !== 0 || (event.pointerType !== "mouse" && event.target !== handle)) return;
      picture.setPointerCapture(event.pointerId);
      if (event.target !== handle) moveTo(event);
    });
    picture.addEventListener("click", (event) => {
      if (event.detail && event.target !== handle) moveTo(event); // not by a key
      handle.focus({ preventScroll: true });
    });
    picture.addEventListener("pointermove", (event) => {
      if (picture.hasPointerCapture(event.pointerId)) moveTo(event);
    });
    handle.addEventListener("keydown", (event) => {
      const step = ARROWS[event.key];
      if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      const factor = event.shiftKey ? 10 : 1;
      const [x, y] = point();
      move(x + step[0] * factor, y + step[1] * factor);
    });
    centre.addEventListener("click", () => move(0.5, 0.5));
    for (const input of inputs) {
      input.addEventListener("input", show);
      input.addEventListener("keydown", (event) => {
        if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
        event.preventDefault(); // the browser's own step is a whole side
        const change = event.key === "ArrowUp" ? STEP : -STEP;
        const values = point();
        values[inputs.indexOf(input)] += change;
        move(...values);
      });
    }
    root.classList.add("polyimages-focal-active");
    show();
  }

  document.querySelectorAll(".polyimages-focal").forEach(start);
}
