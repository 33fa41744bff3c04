// What the server knows about an entry's upload: whether one waits for the rest of its bytes, wherever it was started,
// and what its client stated about the file. Also what went wrong, in one form for our answers, a proxy's answers, and
// none at all.
const TUS = { "Tus-Resumable": "1.0.0" };

// The page may have been reached under another name than the server uses for itself.
export const ours = (url) => new URL(new URL(url, location.href).pathname, location.href).href;

// `code` 0: no answer. `after`: seconds to wait, if the server gives them. `text`: the server's sentence, `name` its
// stable name.
export const failure = (code, after, body) => {
  let said = {};
  try { said = JSON.parse(body); } catch { /* a proxy's own page, or no answer */ }
  return { code, after: Number.parseInt(after, 10) || 0, text: said.title ?? "", name: said.code ?? "" };
};

const ask = async (url, options) => {
  let answer;
  try { answer = await fetch(url, { cache: "no-store", ...options }); } catch { throw failure(0); }
  if (!answer.ok) throw failure(answer.status, answer.headers.get("Retry-After"), await answer.text());
  return answer;
};

// `Upload-Metadata`: keys and values in base64.
const metadata = (header) => Object.fromEntries((header ?? "").split(",").map((pair) => {
  const [name, value] = pair.trim().split(" ");
  return [name, new TextDecoder().decode(Uint8Array.from(atob(value ?? ""), (it) => it.codePointAt(0)))];
}));

// What has arrived of the film that the entry accepts now: its first one, or one that was announced to replace it.
const coming = ({ state, upload, changes }) => (state === "uploading" ? upload : changes?.replacement);

// `{ url, offset, length, fingerprint, filename }`, `{ over: true }` if the entry accepts no more bytes, or nothing.
// Throws a failure.
export const unfinished = async (status, headers) => {
  const entry = await (await ask(status, { headers })).json();
  const [film, url] = [coming(entry), entry.upload_url];
  if (!film || (!url && film.length > 0 && film.offset === film.length)) return { over: true };
  if (!url) return undefined;
  try {
    const answer = await ask(ours(url), { method: "HEAD", headers: { ...headers, ...TUS } });
    const [offset, length] = ["Upload-Offset", "Upload-Length"].map((name) => Number(answer.headers.get(name)));
    return { url: ours(url), offset, length, ...metadata(answer.headers.get("Upload-Metadata")) };
  } catch (wrong) {
    if (wrong.code === 404 || wrong.code === 410) return undefined; // given up meanwhile
    throw wrong;
  }
};

// Whether it is decided if the film of a completely sent upload becomes the entry's. Without an answer of the server,
// it is not.
export const settled = async (status, headers) => {
  try {
    const film = coming(await (await ask(status, { headers })).json());
    return !film || Boolean(film.failure);
  } catch { return false; }
};

// Aborts an upload. If that fails, the upload ends by itself, a day after its last byte.
export const giveUp = (url, headers) => ask(url, { method: "DELETE", headers: { ...headers, ...TUS } }).catch(() => {});
