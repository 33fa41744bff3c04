// Saves on the server what is typed into a form, a second after the last key. Without this module the form works the
// same, and the text is saved when the form is sent.
const AFTER_MS = 1000;
const AGAIN_MS = 10000;
const form = document.querySelector("form[data-draft]"), said = document.getElementById("saved");
let timer, sending = false, changed = false;

const save = async () => {
  timer = undefined;
  if (sending) return;
  sending = true;
  changed = false;
  let kept = false;
  try {
    const body = new URLSearchParams(new FormData(form));
    kept = (await fetch(form.dataset.draft, { method: "POST", body, keepalive: true })).ok;
  } catch { /* offline: it is tried again */ }
  sending = false;
  said.textContent = kept ? form.dataset.saved : form.dataset.unsaved;
  if (!kept || changed) timer ??= setTimeout(save, kept ? AFTER_MS : AGAIN_MS);
};

form?.addEventListener("input", () => {
  changed = true;
  clearTimeout(timer);
  timer = setTimeout(save, AFTER_MS);
});
// The form is being sent.
form?.addEventListener("submit", () => { clearTimeout(timer); sending = true; });
// Text that was typed in the last second is sent when the page closes.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden || timer === undefined) return;
  clearTimeout(timer);
  save();
});
// After a form with mistakes, people start at the first field to correct.
document.getElementById("wrong")?.focus();
