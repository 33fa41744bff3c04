// Watches a connection: `dead` is called after a minute without a byte, which the browser itself may not notice. `moved` says that a byte
// moved, `over` ends the watch.
const STALLED_MS = 60000;
const LOOK_MS = 5000;

export const watched = (dead) => {
  let last = Date.now();
  const timer = setInterval(() => {
    if (Date.now() - last <= STALLED_MS) return;
    clearInterval(timer);
    dead();
  }, LOOK_MS);
  return { moved: () => { last = Date.now(); }, over: () => clearInterval(timer) };
};
