// How long entries are still accepted. The page states the deadline; this module adds the remaining time by the
// server's clock. The page contains the server's time, and only the difference to it comes from this browser's clock,
// which may be wrong.
const deadline = document.querySelector("[data-until]");
if (deadline) {
  const { until, now, days, hours, minutes, over } = deadline.dataset;
  const ahead = Date.now() - Date.parse(now);
  const text = (left) => {
    const m = Math.ceil(left / 60000), d = Math.floor(m / 1440), h = Math.floor(m / 60) % 24;
    if (d > 0) return days.replace("{d}", d).replace("{h}", h);
    return h > 0 ? hours.replace("{h}", h).replace("{m}", m % 60) : minutes.replace("{m}", m);
  };
  const show = () => {
    const left = Date.parse(until) - (Date.now() - ahead);
    deadline.textContent = left > 0 ? text(left) : over;
    // What the page offers has changed; the server has the current page.
    if (left <= 0) return;
    setTimeout(show, Math.min(left, 20000));
  };
  show();
}
