/* Small previews of the files that were chosen, which also survive that a form is shown again with errors. */
"use strict";

{
  const SIZE = 400; // pixels
  const KEY = "polyimages-preview-";
  let last = Promise.resolve(); // one is decoded at a time: a photo takes 50 MB of memory

  async function draw(file) {
    const bitmap = await createImageBitmap(file);
    const scale = Math.min(1, SIZE / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    return canvas.toDataURL("image/webp", 0.8);
  }

  /* A data URL; null for a file that is no picture. The browser takes its type from the file's name. */
  function preview(file) {
    last = last.then(() => draw(file).catch(() => null));
    return last;
  }

  /* A Content-Security-Policy may allow blob: without data:, and in an "img" only. */
  function show(place, data) {
    const [type, text] = data.slice("data:".length).split(";base64,");
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const image = document.createElement("img");
    image.alt = "";
    image.draggable = false;
    image.src = URL.createObjectURL(new Blob([bytes], { type }));
    for (const kind of ["load", "error"]) image.addEventListener(kind, () => URL.revokeObjectURL(image.src));
    image.addEventListener("error", () => image.remove());
    place.replaceChildren(image);
  }

  function remember(id, data) {
    try {
      sessionStorage.setItem(KEY + id, data);
    } catch {
      // full or not allowed: the form then shows the name only
    }
  }

  function recall(id) {
    try {
      return sessionStorage.getItem(KEY + id);
    } catch {
      return null;
    }
  }

  Object.assign((globalThis.polyimages ??= {}), { preview, show, remember, recall });
}
