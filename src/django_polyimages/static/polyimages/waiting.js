/* A form with files that are on their way is sent when they have arrived. */
"use strict";

{
  const PROGRESS = ".polyimages-upload-progress";
  const UNDER_WAY = ["waiting", "sending", "interrupted"].map((state) => `${PROGRESS}[data-state=${state}]`).join();
  const FAILED = `${PROGRESS}[data-state=failed]`;
  const waiting = new Map(); // each form, with the button that was pressed

  function tell(form, what) {
    const { dataset } = form.querySelector("[data-uploads-url]");
    const place = form.querySelector(".polyimages-inline-status") || form.querySelector(".polyimages-upload-note");
    place.textContent = dataset[what];
  }

  function ask(form) {
    waiting.delete(form);
    tell(form, "unsent");
    form.querySelector(`${FAILED} [data-do=retry]`)?.focus();
  }

  /* Before all other listeners, for which the form is not sent yet. */
  function submit(event) {
    const form = event.target;
    const isUnderWay = form.querySelector(UNDER_WAY);
    if (!isUnderWay && !form.querySelector(FAILED)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (isUnderWay) {
      waiting.set(form, event.submitter);
      tell(form, "unfinished");
    } else ask(form);
  }

  function follow(event) {
    const { state } = event.detail;
    const form = event.composedPath().find((one) => waiting.has(one)); // the line of a cancelled file has left it
    if (!form) return;
    if (state === "refused" || state === "failed") {
      ask(form);
    } else if (!form.querySelector(UNDER_WAY)) {
      const submitter = waiting.get(form);
      waiting.delete(form);
      tell(form, "");
      setTimeout(() => form.requestSubmit(submitter)); // the id of the last file is in the form by then
    }
  }

  addEventListener("submit", submit, { capture: true });
  document.addEventListener("polyimages:progress", follow);
  addEventListener("beforeunload", (event) => {
    if (document.querySelector(UNDER_WAY)) event.preventDefault();
  });
}
