// For every page: a form is sent once. Its button is disabled while the answer is awaited. Forms work without
// this; the server recognises a repeated one by its key.
addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  const button = event.submitter ?? form.querySelector("button");
  // Later, so that the button's own name and value are still sent.
  setTimeout(() => { if (button) button.disabled = true; });
});
// A page out of the browser's history is old: its form was sent, and what it shows may have changed.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
