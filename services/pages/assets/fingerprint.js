// Identifies a film when its upload is continued after a reload, in another browser or on another device: the entry,
// the size, and SHA-256 of the first and the last MiB together. Phones give the same film another name and date each
// time. The digest is our own code, because crypto.subtle exists only in secure contexts, and an intranet's page is
// reached over http.
const ENDS = 1024 * 1024; // bytes

const bits = (root) => ((root - Math.floor(root)) * 2 ** 32) | 0;
const primes = [];
for (let n = 2; primes.length < 64; n += 1) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
const K = primes.map((prime) => bits(Math.cbrt(prime)));
const FIRST = primes.slice(0, 8).map((prime) => bits(Math.sqrt(prime)));
const turn = (x, n) => (x >>> n) | (x << (32 - n));

// FIPS 180-4, for at most 2^28 bytes; hex.
const sha256 = (bytes) => {
  const padded = new Uint8Array(((bytes.length + 72) >> 6) << 6), view = new DataView(padded.buffer);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  view.setUint32(padded.length - 4, bytes.length * 8);
  const hash = [...FIRST], w = new Int32Array(64);
  for (let at = 0; at < padded.length; at += 64) {
    for (let i = 0; i < 64; i += 1) {
      if (i < 16) { w[i] = view.getInt32(at + i * 4); continue; }
      const x = w[i - 15], y = w[i - 2];
      w[i] = w[i - 16] + w[i - 7] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) + (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = hash;
    for (let i = 0; i < 64; i += 1) {
      const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((it, i) => { hash[i] = (hash[i] + it) | 0; });
  }
  return hash.map((it) => (it >>> 0).toString(16).padStart(8, "0")).join("");
};

// Rejects if the file can no longer be read.
export const fingerprint = async (entry, file) => {
  const ends = new Blob([file.slice(0, ENDS), file.slice(Math.max(0, file.size - ENDS))]);
  return `${entry} ${file.size} ${sha256(new Uint8Array(await ends.arrayBuffer()))}`;
};
