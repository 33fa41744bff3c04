// What the server knows of an entry's upload: whether one waits for the rest of its bytes, wherever it was begun, and what its client said of
// the file. And what went wrong, as one shape for answers of ours, of a proxy, and none at all.
const TUS = { "Tus-Resumable": "1.0.0" };

// The page may have been reached by another name than the server calls itself.
export const ours = (url) => new URL(new URL(url, location.href).pathname, location.href).href;

// `code` 0: no answer. `after`: seconds to wait, where the server says so. `text`: the server's sentence, `name` its stable name.
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

// What has arrived of the film that the entry takes now: its first one, or one that was announced to take its place.
const coming = ({ state, upload, changes }) => (state === "uploading" ? upload : changes?.replacement);

// `{ url, offset, length, fingerprint, filename }`, `{ over: true }` where the entry takes no bytes any more, or nothing. Throws a failure.
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

// Whether the film of an upload that was sent whole is the entry's, or will not be. A server that does not answer has not said.
export const settled = async (status, headers) => {
  try {
    const film = coming(await (await ask(status, { headers })).json());
    return !film || Boolean(film.failure);
  } catch { return false; }
};

// Gives an upload up. Where that fails the upload ends by itself, a day after its last byte.
export const giveUp = (url, headers) => ask(url, { method: "DELETE", headers: { ...headers, ...TUS } }).catch(() => {});
