// Keys, seeking and the time line of a card under review. Everything here can also be done with links and buttons.
const video = document.querySelector("#film");
const timeline = document.querySelector(".timeline");
const phrase = document.querySelector("#phrase");
const words = document.querySelector("#words");
const refuse = document.querySelector("#refuse");
const keys = document.querySelector("#keys");

// One frame at 25 a second. In films of 24 to 30 a second it moves one frame, in those of 50 and 60 two.
const FRAME = 0.04;
const STEP = 5;
// If a mark starts this close, in seconds, it is the one that is being looked at.
const HERE = 0.25;

// After `r`, digits choose a phrase.
let refusing = false;

function seek(at) {
  if (!video) return;
  video.currentTime = Math.min(Math.max(at, 0), video.duration || at);
}

function toggle() {
  if (!video) return;
  if (video.paused) video.play().catch(() => {});
  else video.pause();
}

function nextMark() {
  const starts = [...document.querySelectorAll("[data-mark]")].map((link) => Number(link.dataset.seek));
  if (starts.length === 0 || !video) return;
  const later = starts.filter((start) => start > video.currentTime + HERE);
  seek(later.length > 0 ? Math.min(...later) : Math.min(...starts));
}

// The phrase's text does not replace text that a person wrote.
let filled = "";
function fill() {
  const text = phrase.selectedOptions[0]?.dataset.text ?? "";
  if (words.value.trim() !== "" && words.value !== filled) return;
  words.value = text;
  filled = text;
}

function choose(number) {
  if (!phrase || number >= phrase.options.length) return;
  phrase.selectedIndex = number;
  fill();
  refuse.focus();
}

function press(key) {
  const target = [...document.querySelectorAll(`[data-key="${key}"]`)].find((it) => !it.disabled && !it.closest("[hidden]"));
  target?.click();
  return Boolean(target);
}

// Whether the key did something.
function act(key, target) {
  if (refusing && /^[1-9]$/.test(key)) {
    choose(Number(key));
    return true;
  }
  switch (key) {
    case "a": case "h": case "j": case "t": case "u": case "v":
      return press(key);
    case "k":
      history.back();
      return true;
    case "n":
      nextMark();
      return true;
    case "r":
      if (!refuse) return false;
      refusing = true;
      refuse.scrollIntoView({ block: "nearest" });
      refuse.focus();
      return true;
    case "?":
      keys?.showModal();
      return true;
    case " ":
      // The key belongs to the button or link that has the focus.
      if (target.closest("button, a, summary")) return false;
      toggle();
      return true;
    case "ArrowLeft": seek((video?.currentTime ?? 0) - STEP); return true;
    case "ArrowRight": seek((video?.currentTime ?? 0) + STEP); return true;
    case ",": video?.pause(); seek((video?.currentTime ?? 0) - FRAME); return true;
    case ".": video?.pause(); seek((video?.currentTime ?? 0) + FRAME); return true;
    default: return false;
  }
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.repeat && /^[a-z]$/i.test(event.key)) return;
  if (event.target.closest("input, textarea, select, dialog, [contenteditable]")) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (act(key, event.target)) event.preventDefault();
});

phrase?.addEventListener("change", fill);

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-seek]");
  if (!link || !video || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  seek(Number(link.dataset.seek));
  video.scrollIntoView({ block: "nearest" });
});

if (timeline && video) {
  const length = Number(timeline.dataset.length) || 1;
  const line = timeline.querySelector(".head-line");
  timeline.addEventListener("click", (event) => {
    const box = timeline.getBoundingClientRect();
    seek(length * (event.clientX - box.left) / box.width);
  });
  video.addEventListener("timeupdate", () => {
    const x = String(1000 * Math.min(video.currentTime / length, 1));
    line.setAttribute("x1", x);
    line.setAttribute("x2", x);
  });
}

// A decision that has taken effect cannot be undone.
for (const bar of document.querySelectorAll("[data-left]")) {
  setTimeout(() => { bar.hidden = true; }, 1000 * (Number(bar.dataset.left) + 1));
}
