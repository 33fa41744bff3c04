// Shows what the server finds in a film without a reload: asks how the entry stands, and when that has changed fetches the page again and
// replaces its main part, which the server writes. Begins when a film has been sent, or where the page says that a machine is at work.
const FIRST_MS = 2000, LATER_MS = 15000, PATIENCE = 30; // often for a minute, then seldom
const mark = document.getElementById("follow");
let asked = 0, running = false;

const renew = () => {
  const request = new XMLHttpRequest();
  request.open("GET", location.pathname);
  request.responseType = "document";
  request.onload = () => {
    const page = request.response, fresh = page?.querySelector("main");
    // A page that needs its modules anew is loaded as a whole.
    if (request.status !== 200 || !fresh || fresh.querySelector("#send")) return location.reload();
    document.querySelector("main").replaceWith(document.adoptNode(fresh));
    const next = document.getElementById("follow");
    mark.dataset.seen = next.dataset.seen;
    return next.dataset.works ? later() : undefined;
  };
  request.onerror = later;
  request.send();
};

const look = async () => {
  if (document.hidden) return later();
  try {
    const answer = await fetch(mark.dataset.status, { headers: { Authorization: `Bearer ${mark.dataset.key}` }, cache: "no-store" });
    const { state, verdict, first_look: firstLook, upload } = await answer.json();
    const seen = [state, Boolean(verdict), Boolean(firstLook), upload.failure?.code ?? ""].join(" ");
    if (answer.ok && seen !== mark.dataset.seen) return renew();
  } catch { /* offline: later */ }
  return later();
};

const later = () => setTimeout(look, ++asked > PATIENCE ? LATER_MS : FIRST_MS);
const start = () => {
  if (running) return;
  running = true;
  later();
};
if (mark?.dataset.works) start();
addEventListener("sent", start);
