/** SHA-256 (FIPS 180-4) a piece at a time: browsers have it whole-file only, and only over https or on localhost. */

const K = constants();
const START = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
const BLOCK_BYTES = 64;
const READ_BYTES = 2 << 20;
const WHOLE_AT_MOST_BYTES = 64 << 20;

/** The hash of a file in lower-case hexadecimal; `told` is called with the bytes read so far. */
export async function sha256Of(file, { told = () => {}, subtle = globalThis.crypto?.subtle } = {}) {
  if (subtle && file.size <= WHOLE_AT_MOST_BYTES) {
    return hex(new Uint8Array(await subtle.digest("SHA-256", await file.arrayBuffer())));
  }
  const hash = new Sha256();
  for (let at = 0; at < file.size; at += READ_BYTES) {
    hash.add(new Uint8Array(await file.slice(at, at + READ_BYTES).arrayBuffer()));
    told(Math.min(at + READ_BYTES, file.size));
  }
  return hash.end();
}

export class Sha256 {
  state = Int32Array.from(START);
  words = new Int32Array(64);
  rest = new Uint8Array(0);
  bytes = 0;

  add(data) {
    this.bytes += data.length;
    let from = 0;
    if (this.rest.length) {
      from = Math.min(BLOCK_BYTES - this.rest.length, data.length);
      this.rest = joined(this.rest, data.subarray(0, from));
      if (this.rest.length < BLOCK_BYTES) return this;
      this.block(this.rest, 0);
    }
    for (; from + BLOCK_BYTES <= data.length; from += BLOCK_BYTES) this.block(data, from);
    this.rest = data.slice(from);
    return this;
  }

  end() {
    const bits = this.bytes * 8;
    const padding = new Uint8Array(((this.rest.length < 56 ? 56 : 120) - this.rest.length) + 8);
    padding[0] = 0x80;
    const view = new DataView(padding.buffer);
    view.setUint32(padding.length - 8, Math.floor(bits / 2 ** 32));
    view.setUint32(padding.length - 4, bits >>> 0);
    this.add(padding);
    const out = new Uint8Array(32);
    this.state.forEach((word, index) => new DataView(out.buffer).setInt32(4 * index, word));
    return hex(out);
  }

  // Written out, letter by letter: swaps by destructuring make this several times slower.
  block(data, from) {
    const w = this.words;
    const k = K;
    for (let t = 0, at = from; t < 16; t++, at += 4) w[t] = (data[at] << 24) | (data[at + 1] << 16) | (data[at + 2] << 8) | data[at + 3];
    for (let t = 16; t < 64; t++) {
      const x = w[t - 15];
      const y = w[t - 2];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[t] = (w[t - 16] + s0 + w[t - 7] + s1) | 0;
    }
    const state = this.state;
    let a = state[0];
    let b = state[1];
    let c = state[2];
    let d = state[3];
    let e = state[4];
    let f = state[5];
    let g = state[6];
    let h = state[7];
    for (let t = 0; t < 64; t++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const one = (h + s1 + ((e & f) ^ (~e & g)) + k[t] + w[t]) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + one) | 0;
      d = c;
      c = b;
      b = a;
      a = (one + two) | 0;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
  }
}

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes, exactly. */
function constants() {
  const found = [];
  for (let n = 2n; found.length < 64; n++) {
    let prime = true;
    for (let d = 2n; d * d <= n; d++) if (n % d === 0n) prime = false;
    if (prime) found.push(Number(BigInt.asIntN(32, cubeRoot(n << 96n))));
  }
  return Int32Array.from(found);
}

function cubeRoot(n) {
  let low = 0n;
  let high = 1n << 36n;
  while (low < high) {
    const middle = (low + high + 1n) >> 1n;
    if (middle * middle * middle <= n) low = middle;
    else high = middle - 1n;
  }
  return low;
}

const joined = (one, two) => {
  const both = new Uint8Array(one.length + two.length);
  both.set(one);
  both.set(two, one.length);
  return both;
};

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
