// Two players side by side, synchronised with the shift at which their films match. The second one follows the first by
// the time of the frame that each really shows (requestVideoFrameCallback's mediaTime): no film's frame rate matters,
// and `currentTime` is used only to seek.
const players = document.querySelector("#players");
const together = document.querySelector("#together");
const videos = players ? [...players.querySelectorAll("video")] : [];

// Further apart than this, in seconds, the second player jumps. Less than a frame of 25 a second is ignored. In
// between, it runs a little faster or slower, which is neither seen nor heard as a jump.
const JUMP = 0.4;
const FRAME = 0.04;
const NUDGE = 0.08;
// A seek takes a while; the next one waits this many milliseconds.
const PATIENCE = 700;

if (videos.length === 2 && together) {
  const [lead, follower] = videos;
  const shift = Number(players.dataset.shift) || 0;
  const lock = together.querySelector("[data-do=lock]");
  const drift = together.querySelector("[data-do=drift]");
  const shown = [null, null];
  let jumped = 0;

  const inside = (video, at) => Math.min(Math.max(at, 0), video.duration || at);
  const locked = () => lock.checked;
  // The time in the second film that matches this time of the first; before its start and after its end there is none.
  const partner = (at) => at + shift;
  const exists = (at) => partner(at) >= 0 && partner(at) <= (follower.duration || Infinity);

  function seek(at) {
    lead.currentTime = inside(lead, at);
    if (locked()) follower.currentTime = inside(follower, partner(at));
    jumped = performance.now();
  }

  function hold() {
    const [ours, theirs] = shown;
    if (!locked() || ours === null || theirs === null || lead.paused) return;
    if (!exists(ours)) {
      follower.pause();
      return;
    }
    if (follower.paused && !follower.ended) follower.play().catch(() => {});
    const apart = theirs - partner(ours);
    drift.textContent = `${drift.dataset.text} ${apart.toFixed(2)} s`;
    if (Math.abs(apart) > JUMP) {
      if (performance.now() - jumped > PATIENCE) {
        jumped = performance.now();
        follower.currentTime = inside(follower, partner(ours));
      }
      follower.playbackRate = lead.playbackRate;
    } else {
      const nudge = Math.abs(apart) > FRAME ? -Math.sign(apart) * NUDGE : 0;
      follower.playbackRate = lead.playbackRate * (1 + nudge);
    }
  }

  function watch(video, place) {
    if (!video.requestVideoFrameCallback) {
      // For an old browser: not exact to the frame.
      video.addEventListener("timeupdate", () => { shown[place] = video.currentTime; hold(); });
      return;
    }
    const see = (_, frame) => {
      shown[place] = frame.mediaTime;
      hold();
      video.requestVideoFrameCallback(see);
    };
    video.requestVideoFrameCallback(see);
  }

  function toggle() {
    if (lead.paused) {
      lead.play().catch(() => {});
      if (!locked() || exists(lead.currentTime)) follower.play().catch(() => {});
    } else {
      lead.pause();
      follower.pause();
    }
  }

  // Two sound tracks at the same time are useless.
  follower.muted = true;
  watch(lead, 0);
  watch(follower, 1);
  lead.addEventListener("pause", () => { if (locked()) follower.pause(); });
  lead.addEventListener("seeked", () => {
    if (!locked() || !lead.paused) return;
    follower.currentTime = inside(follower, partner(lead.currentTime));
  });
  together.querySelector("[data-do=play]").addEventListener("click", toggle);
  lock.addEventListener("change", () => { if (locked()) seek(lead.currentTime); else follower.playbackRate = lead.playbackRate; });
  // A click on the time of a stretch plays it from its start on both sides.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-seek]");
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    seek(Number(link.dataset.seek));
    players.scrollIntoView({ block: "nearest" });
  });
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target.closest("input, textarea, select, button, a, video, [contenteditable]")) return;
    const step = { ArrowLeft: -5, ArrowRight: 5, ",": -FRAME, ".": FRAME }[event.key];
    if (event.key === " ") toggle();
    else if (step) seek(lead.currentTime + step);
    else return;
    event.preventDefault();
  });
  // At first both show the same moment: the start of the film that starts later.
  const begin = () => seek(Math.max(0, -shift));
  if (lead.readyState >= 1 && follower.readyState >= 1) begin();
  else Promise.all(videos.map((video) => new Promise((done) => {
    if (video.readyState >= 1) done(); else video.addEventListener("loadedmetadata", done, { once: true });
  }))).then(begin);
  together.hidden = false;
}
