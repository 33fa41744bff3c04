// Shows, before a byte of a film is sent, what its headers mean for the contest's rules, with a remedy for each
// problem; the texts are in the page. It reads the heads of the boxes (ISO/IEC 14496-12) and the one box that describes
// the film. It refuses nothing and trusts the headers: the server decodes the film.
const MOST_BOXES = 200;           // of one level; a film has a dozen, a fragmented one thousands after what is wanted here
const MOST_BYTES = 64 * 1024 * 1024; // of the description

const fourcc = (view, at) => String.fromCharCode(...[0, 1, 2, 3].map((n) => view.getUint8(at + n)));
const read = async (file, from, to) => new DataView(await file.slice(from, to).arrayBuffer());

// The boxes of a file: type and position of the content.
const boxesOf = async (file) => {
  const found = [];
  for (let at = 0; at + 8 <= file.size && found.length < MOST_BOXES;) {
    const head = await read(file, at, at + 16);
    let size = head.getUint32(0), start = 8;
    if (size === 1 && head.byteLength === 16) [size, start] = [Number(head.getBigUint64(8)), 16];
    if (size === 0) size = file.size - at;
    if (size < start) break;
    found.push({ type: fourcc(head, 4), from: at + start, to: at + size });
    if (found[found.length - 1].type === "moov") break;
    at += size;
  }
  return found;
};

// The boxes within a box that was read.
const within = (view, from, to) => {
  const found = [];
  for (let at = from; at + 8 <= to && found.length < MOST_BOXES;) {
    let size = view.getUint32(at), start = 8;
    if (size === 1 && at + 16 <= to) [size, start] = [Number(view.getBigUint64(at + 8)), 16];
    if (size === 0) size = to - at;
    if (size < start || at + size > to) break;
    found.push({ type: fourcc(view, at + 4), from: at + start, to: at + size });
    at += size;
  }
  return found;
};
const inside = (view, box, ...path) =>
  path.reduce((box, type) => box && within(view, box.from, box.to).find((it) => it.type === type), box);

// mvhd and mdhd alike: the time scale, and the duration in it.
const lengthMs = (view, { from }) => {
  const long = view.getUint8(from) === 1;
  const scale = view.getUint32(from + (long ? 20 : 12));
  const length = long ? Number(view.getBigUint64(from + 24)) : view.getUint32(from + 16);
  return scale > 0 ? Math.round((length * 1000) / scale) : 0;
};

// The size in which a track is shown, after its matrix: phones rotate the picture with it.
const shown = (view, { from }) => {
  const at = from + (view.getUint8(from) === 1 ? 52 : 40);
  const [a, b] = [view.getInt32(at), view.getInt32(at + 4)];
  const [width, height] = [view.getUint32(at + 36) >>> 16, view.getUint32(at + 40) >>> 16];
  return a === 0 && b !== 0 ? [height, width] : [width, height];
};

// `{ brands, ms, width, height, codec }`; ms, width and height are 0 if the headers do not contain them. Never throws
// because of a file's content.
const look = async (file) => {
  const film = { brands: [], ms: 0, width: 0, height: 0, codec: "" };
  try {
    const boxes = await boxesOf(file);
    const ftyp = boxes.find((it) => it.type === "ftyp"), moov = boxes.find((it) => it.type === "moov");
    if (ftyp) {
      const view = await read(file, ftyp.from, Math.min(ftyp.to, ftyp.from + 1024));
      for (let at = 0; at + 4 <= view.byteLength; at += 4) if (at !== 4) film.brands.push(fourcc(view, at).trimEnd());
    } else if (moov || boxes.some((it) => it.type === "wide" || it.type === "mdat")) film.brands.push("qt");
    if (!moov || moov.to - moov.from > MOST_BYTES) return film;
    const view = await read(file, moov.from, moov.to), whole = { from: 0, to: view.byteLength };
    const mvhd = inside(view, whole, "mvhd");
    if (mvhd) film.ms = lengthMs(view, mvhd);
    for (const trak of within(view, 0, view.byteLength).filter((it) => it.type === "trak")) {
      const hdlr = inside(view, trak, "mdia", "hdlr"), tkhd = inside(view, trak, "tkhd");
      if (!hdlr || !tkhd || fourcc(view, hdlr.from + 8) !== "vide") continue;
      [film.width, film.height] = shown(view, tkhd);
      const stsd = inside(view, trak, "mdia", "minf", "stbl", "stsd");
      if (stsd) film.codec = fourcc(view, stsd.from + 12);
      break;
    }
  } catch { /* truncated or not a film: what was read so far is shown */ }
  return film;
};

// Each rule by its name with `pass`, `fail` or `unknown` and the measured value, with the contest's limits from the
// page.
const judge = (film, size, { rules, brands, short_ms, long_ms, min_side, aspects, per_mille, most_bytes }) => {
  const { ms, width, height } = film;
  const said = (rule, known, kept, is) => ({ rule, outcome: !known ? "unknown" : kept ? "pass" : "fail", is });
  const fits = ([w, h]) => Math.abs(width * h - height * w) * 1000 <= height * w * per_mille;
  const seconds = Math.round(ms / 100) / 10, minutes = Math.floor(seconds / 60);
  const time = minutes > 0 ? `${minutes}:${String(Math.floor(seconds % 60)).padStart(2, "0")}` : `${seconds} s`;
  const format = [film.brands[0] === "qt" ? "mov" : film.brands[0], film.codec].filter(Boolean).join(", ");
  return [
    said("format", film.brands.length > 0, film.brands.some((it) => brands.includes(it)), format),
    said("duration", ms > 0, ms >= short_ms && ms <= long_ms, time),
    said("resolution", width > 0, Math.min(width, height) >= min_side, `${width}×${height}`),
    said("aspect", width > 0, aspects.some(fits), `${width}×${height}`),
    said("size", true, size <= most_bytes, size >= 1e9 ? `${(size / 1e9).toFixed(1)} GB` : `${(size / 1e6).toFixed(1)} MB`),
  ].filter(({ rule }) => rules.includes(rule));
};

const section = document.getElementById("film-check");

const element = (tag, text, name) => {
  const made = document.createElement(tag);
  made.textContent = text;
  if (name) made.className = name;
  return made;
};

const start = () => {
  const limits = JSON.parse(section.dataset.limits), input = section.querySelector("input");
  const rows = section.querySelector("tbody"), table = section.querySelector("table");
  const sum = section.querySelector("[role=status]"), cures = section.querySelector(".cures");
  const words = Object.fromEntries([...section.querySelectorAll("[data-word]")].map((it) => [it.dataset.word, it.textContent]));
  const tones = { pass: "ok", fail: "bad", unknown: "" };
  let latest = 0;

  const row = ({ rule, outcome, is }) => {
    const line = document.createElement("tr"), title = element("th", words[rule]);
    title.scope = "row";
    const cell = document.createElement("td");
    cell.append(element("span", words[outcome], `tag ${tones[outcome]}`));
    line.append(title, cell, element("td", outcome === "unknown" ? "" : is));
    return line;
  };

  input.addEventListener("change", async () => {
    const [file] = input.files, mine = ++latest;
    if (!file) return;
    const said = judge(await look(file), file.size, limits);
    // Another file was chosen while this one was being read.
    if (mine !== latest) return;
    const broken = said.filter((it) => it.outcome === "fail"), unread = said.some((it) => it.outcome === "unknown");
    rows.replaceChildren(...said.map(row));
    table.hidden = false;
    cures.replaceChildren(...broken.map(({ rule }) => element("li", words[`cure-${rule}`])));
    sum.textContent = broken.length > 0 ? words.bad : unread ? words.unsure : words.good;
  });
  section.hidden = false;
};
if (section) start();
