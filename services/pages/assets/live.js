// Live updates. When something that a page shows has changed, the page is fetched again and its marked elements are
// replaced. The server writes all markup; this module builds none. Marks, several separated by a space:
// data-live="works", "work:ID", "deliveries", "jobs", "job:ID". Without this module, a reload has the same effect.
const EVERY_MS = 3000;    // at most one fetch in this time
const AGAIN_MS = 60000;   // after the server refused a stream
const url = location.href;
const LATER_MS = 20000;   // what was in use is looked at again
const due = new Set();    // keys of elements to replace
const later = new Set();  // those in use
let stream, timer, busy = false, last = 0;

const marked = (page) => {
  const seen = new Map();
  return [...page.querySelectorAll("[data-live]")].map((element) => {
    const marks = element.dataset.live, name = `${marks} ${element.id || element.getAttribute("aria-labelledby")}`;
    seen.set(name, (seen.get(name) ?? 0) + 1);
    return { key: `${name} ${seen.get(name)}`, marks: marks.split(" "), element };
  });
};

const concerns = (marks, { kind, id, state }) => marks.some((mark) => {
  if (mark === `${kind}:${id}` || (kind === "delivery" && mark === `work:${id}`)) return true;
  if (!state) return false; // progress alone changes no list
  if (mark === "works") return kind !== "job";
  return mark === (kind === "delivery" ? "deliveries" : `${kind}s`);
});

// Whether a person is typing into an element, choosing from it or playing it. It is then replaced later.
const inUse = (element) => {
  const chosen = (options) => options.some((it) => it.defaultSelected) ? options.some((it) => it.selected !== it.defaultSelected) : !options[0]?.selected;
  const changed = (it) => it.type === "checkbox" || it.type === "radio" ? it.checked !== it.defaultChecked
    : it.tagName === "SELECT" ? chosen([...it.options]) : it.value !== it.defaultValue;
  const typing = element.contains(document.activeElement) && document.activeElement.matches("input:not([type=hidden]), select, textarea");
  return typing || element.querySelector("dialog[open]") !== null
    || [...element.querySelectorAll("input:not([type=hidden]), textarea, select")].some(changed)
    || [...element.querySelectorAll("video, audio")].some((media) => !media.paused);
};

// What a person opened or has focused stays so.
const replace = (old, fresh) => {
  const opened = [...old.querySelectorAll("details")].map((it) => it.open);
  [...fresh.querySelectorAll("details")].forEach((it, n) => { if (opened[n]) it.open = true; });
  const places = "a[href], button, summary, [tabindex]";
  const at = [...old.querySelectorAll(places)].indexOf(document.activeElement);
  old.replaceWith(document.adoptNode(fresh));
  if (at >= 0) [...fresh.querySelectorAll(places)][at]?.focus({ preventScroll: true });
};

const refresh = () => {
  busy = true;
  last = Date.now();
  const wanted = new Set(due), request = new XMLHttpRequest();
  due.clear();
  request.open("GET", url);
  request.responseType = "document";
  request.setRequestHeader("X-Reelmill-Live", "1"); // no act of the person: it does not prolong the session
  request.timeout = 20000;
  request.onloadend = () => {
    busy = false;
    const page = request.response;
    if (request.status === 200 && page && request.responseURL.split("#")[0] === url.split("#")[0]) {
      const fresh = new Map(marked(page).map((it) => [it.key, it.element])), shown = marked(document);
      const main = document.querySelector("main");
      // If a part of the page is new or was removed, the whole page is replaced.
      if ((shown.length !== fresh.size || !shown.every((it) => fresh.has(it.key))) && !inUse(main)) {
        replace(main, page.querySelector("main"));
      } else for (const { key, element } of shown) {
        if (!wanted.has(key) || !fresh.has(key)) continue;
        if (inUse(element)) later.add(key); else replace(element, fresh.get(key));
      }
      if (later.size > 0) setTimeout(() => { later.forEach((key) => due.add(key)); later.clear(); plan(); }, LATER_MS);
      dispatchEvent(new Event("live"));
    } else if (request.status === 200) {
      stop(); // the sign-in: the session has ended
      return;
    }
    plan();
  };
  request.send();
};

const plan = () => {
  if (busy || timer || due.size === 0 || document.hidden) return;
  timer = setTimeout(() => { timer = undefined; if (!document.hidden) refresh(); }, Math.max(200, last + EVERY_MS - Date.now()));
};

const all = () => {
  for (const { key } of marked(document)) due.add(key);
  plan();
};

const start = () => {
  if (stream || document.hidden || !document.querySelector("[data-live]")) return;
  stream = new EventSource(document.querySelector("[data-events]")?.dataset.events ?? "/events");
  stream.onmessage = ({ data }) => {
    const change = JSON.parse(data);
    for (const { key, marks } of marked(document)) if (concerns(marks, change)) due.add(key);
    plan();
  };
  stream.addEventListener("missed", all);
  stream.onerror = () => {
    if (stream?.readyState !== EventSource.CLOSED) return;
    stop();
    setTimeout(() => { start(); all(); }, AGAIN_MS);
  };
};

const stop = () => {
  stream?.close();
  stream = undefined;
};

// A page that is not visible holds no stream: a person has only a few of them, and a browser few connections.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return stop();
  start();
  all();
});
addEventListener("pagehide", stop);
start();
