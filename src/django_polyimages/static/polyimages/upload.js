/* Shows the pictures that were chosen and says at once which cannot be uploaded. The server checks again. */
"use strict";

{
  const FIELDS = "input[type=file][data-polyimages-upload]";
  const ZONES = ".polyimages-upload-drop, .polyimages-inline";

  function fill(text, values) {
    return text.replace(/\{(\w+)\}/g, (_match, name) => values[name]);
  }

  function findProblem(input, file) {
    const { maxBytes, tooLarge, wrongType } = input.dataset;
    if (file.type && !input.accept.split(",").includes(file.type)) return wrongType;
    return file.size > Number(maxBytes) ? tooLarge : "";
  }

  function message(input, { file, problem }) {
    return fill(input.dataset.problem, { name: file.name, problem });
  }

  function preview(file) {
    const image = document.createElement("img");
    image.alt = "";
    image.src = URL.createObjectURL(file);
    image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
    return image;
  }

  async function isPicture(file) {
    try {
      (await createImageBitmap(file)).close();
      return true;
    } catch {
      return false;
    }
  }

  function describe(input, { file, problem }) {
    const item = document.createElement("li");
    if (!problem) {
      const image = preview(file);
      // The browser takes the type from the file's name; whether it is a picture shows only here.
      const refused = { file, problem: input.dataset.wrongType };
      image.addEventListener("error", async () => {
        if (!(await isPicture(file))) item.replaceWith(describe(input, refused));
        else image.remove(); // a Content-Security-Policy does not allow blob: URLs
      });
      item.append(image);
    }
    const name = document.createElement("span");
    name.textContent = problem ? message(input, { file, problem }) : file.name;
    item.append(name);
    item.classList.toggle("polyimages-upload-problem", Boolean(problem));
    return item;
  }

  /* A listener that cancels "polyimages:chosen" has taken the files without a problem: the input is emptied. */
  function show(input) {
    const chosen = [...input.files].map((file) => ({ file, problem: findProblem(input, file) }));
    const refused = chosen.filter(({ problem }) => problem);
    const files = chosen.filter(({ problem }) => !problem).map(({ file }) => file);
    const event = new CustomEvent("polyimages:chosen", { bubbles: true, cancelable: true, detail: { input, files } });
    const taken = !input.dispatchEvent(event);
    if (taken) input.value = "";
    const tooMany = files.length > Number(input.dataset.maxFiles) ? input.dataset.tooMany : "";
    const first = refused.length ? message(input, refused[0]) : "";
    input.setCustomValidity(taken ? "" : tooMany || first);
    const list = input.closest(".polyimages-upload")?.querySelector(".polyimages-upload-chosen");
    list?.replaceChildren(...(taken ? refused : chosen).map((one) => describe(input, one)));
  }

  /* What was found out later. */
  document.addEventListener("polyimages:refused", ({ target, detail }) => {
    const input = target.querySelector(FIELDS);
    target.querySelector(".polyimages-upload-chosen").append(describe(input, detail));
  });

  function drop(input, files) {
    const carrier = new DataTransfer();
    const all = input.multiple ? [...input.files, ...files] : [files[0]];
    for (const file of all) carrier.items.add(file);
    input.files = carrier.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches(FIELDS)) show(event.target);
  });

  /* A file that misses the zone would be opened by the browser instead of the page, and the form would be lost. */
  function refuse(event) {
    if (event.defaultPrevented || event.target.closest?.("input[type=file]") || !document.querySelector(FIELDS)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "none";
  }

  for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      const zone = event.target instanceof Element && event.target.closest(ZONES);
      const field = zone && zone.querySelector(FIELDS);
      if (!field) {
        refuse(event);
        return;
      }
      event.preventDefault();
      const leaving = kind === "drop" || (kind === "dragleave" && !zone.contains(event.relatedTarget));
      zone.classList.toggle("polyimages-upload-over", !leaving);
      if (kind === "drop") drop(field, event.dataTransfer.files);
    });
  }

  /* What is pasted beside a text goes to the field that is next to it, or else to the first one of the page. */
  document.addEventListener("paste", (event) => {
    const { files, types } = event.clipboardData;
    const isText = event.target.closest?.("input:not([type=file]), textarea, [contenteditable]");
    const field = (event.target.closest?.(ZONES) ?? document).querySelector(FIELDS);
    if (!files.length || !field || (isText && types.includes("text/plain"))) return;
    event.preventDefault();
    drop(field, files);
  });

  document.documentElement.classList.add("polyimages-scripted"); // the stylesheet shows the hint to drop files
}
