// Decompresses gzip where the browser has no DecompressionStream (Firefox before 113). Bit by bit, as in RFC 1951:
// slow, small, and seldom needed.
function connectorCheckInflate(data) {
  const BASES = (from, extra) => extra.reduce((list, bits) => [...list, list.at(-1) + (1 << bits)], [from]);
  const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
  const LENGTHS = [...BASES(3, LENGTH_BITS).slice(0, 28), 258];
  const DISTANCE_BITS = Array.from({ length: 30 }, (_, at) => Math.max(0, (at >> 1) - 1));
  const DISTANCES = BASES(1, DISTANCE_BITS);
  const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

  const out = new Uint8Array(new DataView(data.buffer, data.byteOffset + data.length - 4).getUint32(0, true));
  // The header is written without a name, and so has ten bytes.
  let at = 10, bits = 0, count = 0, to = 0;
  const take = (wanted) => {
    while (count < wanted) {
      if (at >= data.length) throw new Error("the program is damaged: its compressed form ends early");
      bits |= data[at++] << count;
      count += 8;
    }
    const value = bits & ((1 << wanted) - 1);
    bits >>>= wanted;
    count -= wanted;
    return value;
  };
  const table = (lengths) => {
    const counts = new Array(16).fill(0);
    for (const length of lengths) counts[length]++;
    counts[0] = 0;
    const symbols = [...lengths.keys()].filter((symbol) => lengths[symbol]).sort((a, b) => lengths[a] - lengths[b] || a - b);
    return { counts, symbols };
  };
  const symbol = ({ counts, symbols }) => {
    let code = 0, first = 0, index = 0;
    for (let length = 1; length < 16; length++) {
      code |= take(1);
      if (code - counts[length] < first) return symbols[index + code - first];
      index += counts[length];
      first = (first + counts[length]) << 1;
      code <<= 1;
    }
    throw new Error("the program is damaged: a code that there is not");
  };
  const dynamic = () => {
    const [literals, distances, lengths] = [take(5) + 257, take(5) + 1, take(4) + 4];
    const codes = new Array(19).fill(0);
    for (let n = 0; n < lengths; n++) codes[ORDER[n]] = take(3);
    const code = table(codes), all = [];
    while (all.length < literals + distances) {
      const next = symbol(code);
      if (next < 16) all.push(next);
      else if (next === 16) all.push(...new Array(take(2) + 3).fill(all.at(-1)));
      else all.push(...new Array(next === 17 ? take(3) + 3 : take(7) + 11).fill(0));
    }
    return [table(all.slice(0, literals)), table(all.slice(literals))];
  };
  const fixed = () => [table(Array.from({ length: 288 }, (_, n) => (n < 144 ? 8 : n < 256 ? 9 : n < 280 ? 7 : 8))), table(new Array(30).fill(5))];

  for (let last = 0; !last; ) {
    last = take(1);
    const kind = take(2);
    if (kind === 0) {
      bits = count = 0;
      const size = data[at] | (data[at + 1] << 8);
      out.set(data.subarray(at + 4, at + 4 + size), to);
      at += 4 + size;
      to += size;
      continue;
    }
    const [literal, distance] = kind === 1 ? fixed() : dynamic();
    for (let next = symbol(literal); next !== 256; next = symbol(literal)) {
      if (next < 256) {
        out[to++] = next;
        continue;
      }
      const length = LENGTHS[next - 257] + take(LENGTH_BITS[next - 257]);
      const which = symbol(distance);
      const back = DISTANCES[which] + take(DISTANCE_BITS[which]);
      for (let n = 0; n < length; n++, to++) out[to] = out[to - back];
    }
  }
  return out;
}
