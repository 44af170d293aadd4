/* Shows the pictures that were chosen and says at once which cannot be taken. The server checks again. */
(() => {
  "use strict";

  const complaint = (input, file) => {
    const { maxBytes, tooLarge, wrongType } = input.dataset;
    if (file.type && !input.accept.split(",").includes(file.type)) return wrongType;
    return file.size > Number(maxBytes) ? tooLarge : "";
  };

  const told = (input, file, problem) =>
    input.dataset.problem.replace(/\{(\w+)\}/g, (_match, name) => ({ name: file.name, problem })[name]);

  const describe = (input, file, problem) => {
    const item = document.createElement("li");
    if (!problem) {
      const image = document.createElement("img");
      image.alt = "";
      image.src = URL.createObjectURL(file);
      image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
      image.addEventListener("error", () => item.replaceWith(describe(input, file, input.dataset.wrongType))); // its name says otherwise
      item.append(image);
    }
    const name = document.createElement("span");
    name.textContent = problem ? told(input, file, problem) : file.name;
    item.append(name);
    item.classList.toggle("polyimages-upload-problem", Boolean(problem));
    return item;
  };

  /* Who cancels "polyimages:chosen" takes the good files; the field is left with none. */
  const show = (input) => {
    const chosen = [...input.files].map((file) => ({ file, problem: complaint(input, file) }));
    const refused = chosen.filter(({ problem }) => problem);
    const files = chosen.filter(({ problem }) => !problem).map(({ file }) => file);
    const event = new CustomEvent("polyimages:chosen", { bubbles: true, cancelable: true, detail: { input, files } });
    const taken = !input.dispatchEvent(event);
    if (taken) input.value = "";
    const tooMany = files.length > Number(input.dataset.maxFiles) ? input.dataset.tooMany : "";
    const first = refused.map(({ file, problem }) => told(input, file, problem))[0] || "";
    input.setCustomValidity(taken ? "" : tooMany || first);
    const list = input.closest(".polyimages-upload")?.querySelector(".polyimages-upload-chosen");
    list?.replaceChildren(...(taken ? refused : chosen).map(({ file, problem }) => describe(input, file, problem)));
  };

  const fields = "input[type=file][data-polyimages-upload]";

  document.addEventListener("change", (event) => {
    if (event.target.matches(fields)) show(event.target);
  });

  for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      const zone = event.target instanceof Element && event.target.closest(".polyimages-upload-drop");
      if (!zone || !event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      const leaving = kind === "drop" || (kind === "dragleave" && !zone.contains(event.relatedTarget));
      zone.classList.toggle("polyimages-upload-over", !leaving);
      if (kind !== "drop") return;
      const input = zone.querySelector(fields);
      const dropped = new DataTransfer();
      const files = input.multiple
        ? [...input.files, ...event.dataTransfer.files]
        : [event.dataTransfer.files[0]];
      files.forEach((file) => dropped.items.add(file));
      input.files = dropped.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }

  document.documentElement.classList.add("polyimages-scripted"); // which shows the hint to drop files
})();
