// For every page: a form is sent only once, because its button is disabled until the answer comes. Forms work without
// this module; the server recognises a repeated one by its key.
addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  const button = event.submitter ?? form.querySelector("button");
  // Not immediately, so that the button's own name and value are still sent.
  setTimeout(() => { if (button) button.disabled = true; });
});
// A page from the browser's history is outdated: its form was sent, and what it shows may have changed.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
