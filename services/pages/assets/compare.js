// Stills of the same frame of source and rendition: one at a time, switched by `v` or a click, with one screen pixel
// for each pixel of the still. Without this module they are shown one above the other.
const compare = document.querySelector("#compare");
const frames = compare ? [...compare.querySelectorAll(".frame")] : [];

if (frames.length > 0) {
  let side = "source";
  let place = 0;

  function show() {
    for (const frame of frames) {
      for (const figure of frame.querySelectorAll("figure")) figure.hidden = figure.dataset.of !== side;
    }
  }

  function flip() {
    side = side === "source" ? "rendition" : "source";
    show();
  }

  function go(step) {
    place = Math.min(Math.max(place + step, 0), frames.length - 1);
    frames[place].scrollIntoView({ block: "start" });
  }

  // A hidden still would be fetched only at the first switch, and then flicker.
  for (const image of compare.querySelectorAll("img")) {
    image.loading = "eager";
    const width = Number(image.getAttribute("width"));
    const size = () => { image.style.width = `${width / devicePixelRatio}px`; };
    size();
    addEventListener("resize", size);
  }
  compare.addEventListener("click", (event) => { if (event.target.closest("img")) flip(); });
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    if (event.key === "v") flip();
    else if (event.key === "j") go(1);
    else if (event.key === "k") go(-1);
    else return;
    event.preventDefault();
  });
  document.querySelector("#flip-help").hidden = false;
  show();
}
