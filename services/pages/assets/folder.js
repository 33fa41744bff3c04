// Sends the films of a whole folder, two at a time, each to its work with the key of its entry. The server decides
// which file belongs to which work; the rest is chosen by hand and remembered in this browser. An upload that was
// started before is continued, as on the page of one entry.
import { dropped } from "./dropped.js";
import { fingerprint } from "./fingerprint.js";
import { failure, ours, unfinished } from "./unfinished.js";
import { watched } from "./watched.js";

const AT_ONCE = 2;
const TRIES = 6;            // of one film without a byte that arrived in between; then the row says so and the next film's turn comes
const LONGEST_WAIT_S = 30;

const panel = document.getElementById("folder"), input = panel.querySelector("input");
const words = Object.fromEntries([...panel.querySelectorAll("[data-word]")].map((it) => [it.dataset.word, it.textContent]));
const part = (name) => panel.querySelector(`[data-part=${name}]`);
const said = panel.querySelector("[role=status]"), alarm = panel.querySelector("[role=alert]");
const rows = [...document.querySelectorAll("#waiting tbody tr")].map((tr) => ({
  id: tr.dataset.entry, headers: { Authorization: `Bearer ${tr.dataset.key}`, "Accept-Language": document.documentElement.lang }, select: tr.querySelector("select"), cell: tr.querySelector(".figures"), done: false,
}));
let files = [], films = 0, run = 0, running = [];
const stay = (event) => event.preventDefault();
const tell = (text, wrong = "") => { said.textContent = text; alarm.textContent = wrong; alarm.hidden = wrong === ""; };
const fill = (text, numbers) => Object.entries(numbers).reduce((text, [name, n]) => text.replace(`{${name}}`, n), text);
const wait = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
// What was chosen by hand, by the id of the entry, until the window is closed: names of files may name people.
const remembered = (id) => { try { return sessionStorage.getItem(`film ${id}`); } catch { return null; } };
const remember = (id, name) => { try { sessionStorage.setItem(`film ${id}`, name); } catch { /* private mode */ } };

const open = () => rows.filter((row) => !row.done);
const film = ({ select }) => (select.value === "" ? undefined : files[Number(select.value)]);

// Marks rows that have the same file, and counts.
const judge = () => {
  const taken = new Map();
  for (const row of open()) if (row.select.value !== "") taken.set(row.select.value, (taken.get(row.select.value) ?? 0) + 1);
  for (const row of open()) {
    row.twice = taken.get(row.select.value) > 1;
    row.cell.textContent = row.twice ? words.twice : film(row) ? words.waits : row.several ? words.several : words.missing;
  }
  const ready = open().filter((row) => film(row) && !row.twice).length;
  part("start").disabled = ready === 0;
  tell(fill(words.matched, { n: ready, m: open().length - ready, k: films - taken.size }));
};

const match = async (list) => {
  files = list;
  let answer;
  try {
    const body = JSON.stringify({ names: files.map(({ path }) => path) });
    const response = await fetch(panel.dataset.match, { method: "POST", headers: { "Content-Type": "application/json" }, body });
    if (!response.ok) throw new Error(String(response.status));
    answer = await response.json();
  } catch { return tell("", words.nomatch); }
  films = answer.films.length;
  for (const row of open()) {
    const found = answer.works.find(({ id }) => id === row.id);
    const option = (value, text) => Object.assign(document.createElement("option"), { value, textContent: text });
    row.select.replaceChildren(option("", words.none), ...answer.films.map((at) => option(String(at), files[at].path)));
    const before = answer.films.find((at) => files[at].path === remembered(row.id));
    row.several = found?.several.length > 0;
    row.select.value = String(before ?? found?.film ?? "");
    row.select.disabled = false;
  }
  judge();
  // Rows in which a person must choose come first.
  rows[0].select.closest("tbody").prepend(...open().filter((row) => !film(row) || row.twice).map(({ select }) => select.closest("tr")));
};

// One complete film. Throws a failure, or a text for its row.
const once = (row, print, found, mine) => new Promise((resolve, reject) => {
  const { file } = film(row), { headers } = row, line = watched(() => { upload.abort(); reject(failure(0)); });
  const upload = new tus.Upload(file, {
    ...(found ? { uploadUrl: found.url } : { endpoint: ours(panel.dataset.endpoint) }),
    headers, metadata: { filename: file.name, fingerprint: print }, retryDelays: null, storeFingerprintForResuming: false, fingerprint: async () => print,
    onUploadUrlAvailable: () => { upload.url = ours(upload.url); upload.options.endpoint = null; },
    onProgress: (sent, all) => { line.moved(); if (mine === run) row.cell.textContent = `${all > 0 ? Math.floor((100 * sent) / all) : 0} %`; },
    onSuccess: () => { line.over(); resolve(); },
    onError: ({ originalResponse: it }) => { line.over(); reject(it ? failure(it.getStatus(), it.getHeader("Retry-After"), it.getBody()) : failure(0)); },
  });
  running.push({ abort: () => { line.over(); upload.abort(); } });
  upload.start();
});

const send = async (row, mine) => {
  let print;
  row.cell.textContent = words.preparing;
  try { print = await fingerprint(row.id, film(row).file); } catch { throw new Error(words.unreadable); }
  for (row.tries = row.kept = 0; mine === run; row.tries += 1) {
    try {
      const found = await unfinished(`/api/v1/submissions/${row.id}`, row.headers);
      if (found?.over) return;
      // What is durable counts, not what was handed to the browser: a server that refuses every request ends the tries.
      if ((found?.offset ?? 0) > row.kept) [row.kept, row.tries] = [found.offset, 0];
      if (found && found.fingerprint !== print) throw new Error(words.other.replace("{name}", found.filename ?? "?"));
      await once(row, print, found, mine);
      return;
    } catch (wrong) {
      if (wrong instanceof Error) throw wrong;
      const passes = wrong.code === 0 || wrong.code >= 500 || [404, 408, 409, 410, 423, 425, 429].includes(wrong.code);
      if (!passes || row.tries >= TRIES) throw new Error(wrong.text || words.failed);
      row.cell.textContent = words.again;
      await wait(1000 * Math.min(LONGEST_WAIT_S, wrong.after || 2 ** row.tries));
    }
  }
};

const halt = () => {
  run += 1;
  for (const upload of running) upload.abort();
  running = [];
  removeEventListener("beforeunload", stay);
  [part("start").hidden, part("stop").hidden, input.disabled] = [false, true, false];
  for (const row of open()) row.select.disabled = files.length === 0;
};

const start = async () => {
  const mine = ++run, queue = open().filter((row) => film(row) && !row.twice), all = queue.length;
  let done = 0, failed = 0;
  addEventListener("beforeunload", stay);
  [part("start").hidden, part("stop").hidden, input.disabled] = [true, false, true];
  for (const row of open()) row.select.disabled = true;
  const progress = () => { if (mine === run) tell(fill(words.sending, { n: done, m: all })); };
  progress();
  const worker = async () => {
    for (let row = queue.shift(); row && mine === run; row = queue.shift()) {
      try {
        await send(row, mine);
        if (mine !== run) return;
        [row.done, row.cell.textContent, done] = [true, words.arrived, done + 1];
      } catch (wrong) { if (mine === run) { row.cell.textContent = wrong.message; failed += 1; } }
      progress();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  if (mine !== run) return;
  halt();
  tell(failed > 0 ? fill(words.some, { n: done, m: failed }) : fill(words.done, { n: done }));
};

input.addEventListener("change", () => match([...input.files].map((file) => ({ file, path: file.webkitRelativePath || file.name }))));
panel.addEventListener("dragover", stay);
panel.addEventListener("drop", async (event) => {
  event.preventDefault();
  if (input.disabled) return;
  try { await match(await dropped(event.dataTransfer)); } catch { tell("", words.unreadable); }
});
for (const row of rows) row.select.addEventListener("change", () => { if (film(row)) remember(row.id, film(row).path); judge(); });
part("start").addEventListener("click", start);
part("stop").addEventListener("click", () => { halt(); tell(words.paused); });
if (globalThis.tus?.isSupported) panel.hidden = false;
