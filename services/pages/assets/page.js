// For every page: a form is sent once. Its button is disabled while the answer is awaited, and enabled again when the page comes back from
// the browser's history. Forms work without this; the server recognises a repeated one by its key.
addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  const button = event.submitter ?? form.querySelector("button");
  // Later, so that the button's own name and value are still sent.
  setTimeout(() => { if (button) button.disabled = true; });
});
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("form[method=post] button:disabled:not([data-off])")) button.disabled = false;
});
