// Keeps on the server what is typed into a form, a second after the last key. Without this module the form works the same; what was typed is
// kept when it is sent.
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
// The form itself is on its way.
form?.addEventListener("submit", () => { clearTimeout(timer); sending = true; });
// What was typed in the last second goes along with the page.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden || timer === undefined) return;
  clearTimeout(timer);
  save();
});
// After a form that was wrong, people begin at what is to be corrected.
document.getElementById("wrong")?.focus();
