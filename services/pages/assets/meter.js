// The progress of an upload: a bar, what has been sent, how fast, and how long it will take. Numbers change once a
// second. Each tenth of the whole is returned once, for people who use a screen reader.
const SPAN_MS = 10000; // over which speed is measured

const bytes = (n) => (n >= 1e9 ? `${(n / 1e9).toFixed(1)} GB` : n >= 1e6 ? `${(n / 1e6).toFixed(1)} MB` : `${Math.round(n / 1e3)} kB`);
const time = (s) => (s >= 3600 ? `${Math.floor(s / 3600)}:${String(Math.floor(s / 60) % 60).padStart(2, "0")}:` : `${Math.floor(s / 60)}:`) + String(s % 60).padStart(2, "0");

export const meter = (box, words) => {
  const bar = box.querySelector("progress"), line = box.querySelector("p");
  let samples = [], tenth = 0, changed = 0;
  const last = () => samples[samples.length - 1] ?? [];
  const write = (sent, all) => {
    const [[began, first]] = samples, [now] = last(), rate = now > began ? ((sent - first) * 1000) / (now - began) : 0;
    const left = rate > 0 ? words.left.replace("{t}", time(Math.ceil((all - sent) / rate))) : "";
    bar.value = all > 0 ? Math.floor((100 * sent) / all) : 0;
    line.textContent = `${bar.value} % · ${bytes(sent)} / ${bytes(all)}${rate > 0 ? ` · ${bytes(rate)}/s` : ""}${left}`;
  };
  return {
    bytes,
    start: () => { samples = []; changed = Date.now(); },
    // Milliseconds since the last byte.
    still: () => Date.now() - changed,
    // The percentage to announce, when another tenth is complete.
    at: (sent, all) => {
      const now = Date.now();
      if (sent !== last()[1]) changed = now;
      const full = all > 0 ? Math.floor((10 * sent) / all) : 0;
      if (samples.length === 0 || now - last()[0] >= 1000 || full !== tenth) {
        samples.push([now, sent]);
        samples = samples.filter(([at]) => now - at <= SPAN_MS);
        write(sent, all);
      }
      if (full === tenth) return 0;
      tenth = full;
      return full * 10;
    },
  };
};
