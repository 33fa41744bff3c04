// Uploads the film of an entry by tus, and continues an upload that was started before: after a reload, in another
// browser, on another device, after a lost network. The fingerprint in the upload's metadata identifies the film. All
// texts are in the page. Needs tus-js-client, which the page loads as a separate script.
import { fingerprint } from "./fingerprint.js";
import { meter } from "./meter.js";
import { failure, giveUp, ours, settled, unfinished } from "./unfinished.js";

const STALLED_MS = 60000;  // without a byte: the connection is dead, though the browser has not noticed
const LOOK_MS = 5000;      // between two looks at what became of a film
const LONGEST_WAIT_S = 30; // between two attempts; a longer Retry-After is kept
const PASSES = [0, 408, 409, 423, 425, 429]; // a later attempt may not meet these, nor 5xx

const panel = document.getElementById("send"), input = document.querySelector("#film-check input");
const words = Object.fromEntries([...panel.querySelectorAll("[data-word]")].map((it) => [it.dataset.word, it.textContent]));
const part = (name) => panel.querySelector(`[data-part=${name}]`);
const { endpoint, entry, key, status } = panel.dataset;
const headers = { Authorization: `Bearer ${key}`, "Accept-Language": document.documentElement.lang };
const figures = meter(part("bar"), words), said = panel.querySelector("[role=status]");
let file, upload, over = false, run = 0, tries = 0, timer, moving = false, lock;

// Shows these parts, hides the others, and writes the state.
const show = (parts, text, alarm = "") => {
  const held = document.activeElement;
  for (const it of panel.querySelectorAll("[data-part]")) it.hidden = !parts.includes(it.dataset.part);
  // Keyboard focus moves to the button that replaces the pressed one.
  if (held?.hidden) panel.querySelector("button:not([hidden])")?.focus();
  said.textContent = text;
  panel.querySelector("[role=alert]").textContent = alarm;
};

const stay = (event) => event.preventDefault();
const awake = async () => {
  // Exists only over https. Without it a phone may sleep; the upload continues when it wakes.
  try { if (moving && !document.hidden) lock = await navigator.wakeLock?.request("screen"); } catch { /* refused, as by a battery saver */ }
};

// Whether bytes move from now on.
const move = (on) => {
  moving = on;
  if (on) addEventListener("beforeunload", stay); else removeEventListener("beforeunload", stay);
  if (on) awake(); else { lock?.release(); lock = undefined; }
};

// Stops the current run. Whatever an old run still waits for is ignored.
const halt = () => {
  run += 1;
  clearTimeout(timer);
  timer = undefined;
  upload?.abort();
  move(false);
  input.disabled = false;
};

// Waits and tries again if that may help; otherwise says what is wrong.
const failed = ({ code, after, text, name }) => {
  halt();
  const gone = code === 404 || code === 410;
  if (name === "submission_closed" || (!gone && !PASSES.includes(code) && code < 500)) return show(["start"], "", text || words.failed);
  // Starts again if the upload is gone, or if it is not known whether the server created it.
  if (gone || !upload?.url) upload = undefined;
  const wait = after || Math.min(LONGEST_WAIT_S, 2 ** tries);
  tries += 1;
  input.disabled = true;
  const why = navigator.onLine === false ? words.offline : code === 0 || gone ? words.cut : text || words.busy;
  show(upload ? ["bar", "pause"] : ["pause"], words.again.replace("{why}", why).replace("{n}", wait));
  timer = setTimeout(go, wait * 1000);
};

// Every byte has arrived. `live` shows what the server finds in the film; if no update comes, for example because the
// film cannot be stored, a reload shows it.
const done = async () => {
  halt();
  input.value = "";
  document.getElementById("film-check").hidden = true;
  show([], words.done);
  for (let seen = false; panel.isConnected;) {
    await new Promise((resolve) => { setTimeout(resolve, LOOK_MS); });
    if (seen && panel.isConnected) location.reload();
    seen = await settled(status, headers);
  }
};

const differs = ({ filename, offset, length }) =>
  words.different.replace("{name}", filename ?? "?").replace("{a}", figures.bytes(offset)).replace("{b}", figures.bytes(length));

const begin = async () => {
  const mine = ++run;
  input.disabled = true;
  show(["pause"], words.preparing);
  let print, found;
  try { print = await fingerprint(entry, file); } catch { halt(); return show([], "", words.unreadable); }
  try { found = await unfinished(status, headers); } catch (wrong) { if (mine === run) failed(wrong); return; }
  if (mine !== run) return;
  if (found?.over) return location.reload();
  const same = found?.fingerprint === print;
  if (found && !same && !over) { halt(); return show(["over"], "", differs(found)); }
  upload = new tus.Upload(file, {
    ...(same ? { uploadUrl: found.url } : { endpoint: ours(endpoint) }),
    headers, metadata: { filename: file.name, fingerprint: print },
    retryDelays: null, storeFingerprintForResuming: false, fingerprint: async () => print,
    onUploadUrlAvailable: () => {
      upload.url = ours(upload.url);
      // With an address for new uploads, tus-js-client would start at 0 after any refusal of HEAD.
      upload.options.endpoint = null;
      // The new upload exists before the other one is deleted: the deadline may have passed.
      if (found && !same) giveUp(found.url, headers);
      found = undefined;
    },
    onProgress: (sent, all) => {
      tries = 0;
      const tenth = figures.at(sent, all);
      if (tenth) said.textContent = words.percent.replace("{n}", tenth);
    },
    onSuccess: done,
    onError: ({ originalResponse: it }) => failed(it ? failure(it.getStatus(), it.getHeader("Retry-After"), it.getBody()) : failure(0)),
  });
  go();
};

const go = () => {
  clearTimeout(timer);
  timer = undefined;
  if (!upload) return begin();
  input.disabled = true;
  move(true);
  figures.start();
  show(["bar", "pause"], words.sending);
  return upload.start();
};

input.addEventListener("change", () => {
  halt();
  [file] = input.files;
  upload = undefined;
  over = false;
  tries = 0;
  show(file ? ["start"] : [], "");
});
part("start").addEventListener("click", begin);
part("over").addEventListener("click", () => { over = true; begin(); });
part("resume").addEventListener("click", go);
part("pause").addEventListener("click", () => {
  halt();
  if (upload?.url) show(["bar", "resume"], words.paused); else show(["start"], "");
});
addEventListener("online", () => { if (timer) go(); });
document.addEventListener("visibilitychange", awake);
setInterval(() => { if (moving && figures.still() > STALLED_MS) failed(failure(0)); }, 5000);
if (globalThis.tus?.isSupported) panel.hidden = false; else document.getElementById("no-send").hidden = false;
