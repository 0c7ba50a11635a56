// Checks a receipt of the consortium's ledger in a browser: WebCrypto, and nothing from anybody.
//
// VocredCheck.check({receipt, digest, issuer, types, pin, now, checkpoint, proof}) follows LEDGER.md, section
// 4.5, in its order, and returns every step with its outcome. Step 10, what is known *today* about the issuer's
// key, needs the ledger's present state and is left to a verifier. Python's ledger.proof.verify does the
// same and gives the same codes; the tests run both over the same good and forged receipts.
//
//   1 strict form    2 way to the root    3 size    4 signers    5 time    6 continues what is known
//   7 own block      8 who anchored       9 was entitled         11 this form is in the batch   12 who ran it
"use strict";

const VocredCheck = (() => {
  const LIMIT = 512 * 1024, DEPTH = 12, SKEW = 120, SMALLEST_BATCH = 64;
  const HASH = 32, MAX_PATH = 63, MAX_SIGNATURES = 256, MAX_LINKS = 256, MAX_SIGNERS = 256, MAX_STATES = 1024;
  const MALFORMED = "LEDGER_PROOF_INVALID", CHECKPOINT = "LEDGER_CHECKPOINT_INVALID";
  const QUORUM = "LEDGER_QUORUM", INCONSISTENT = "LEDGER_INCONSISTENT";
  const ISSUER = "ANCHOR_ISSUER_MISMATCH", GRANT = "ISSUER_NOT_ACCREDITED", BATCH = "ANCHOR_MISMATCH";
  const UNAVAILABLE = "COULD_NOT_BE_CHECKED_HERE";

  class Refused extends Error {
    constructor(code, detail) { super(detail); this.code = code; }
  }
  const refuse = (code, detail) => { throw new Refused(code, detail); };
  const need = (holds, code, detail) => { if (!holds) refuse(code, detail); };

  // ---- Bytes -----------------------------------------------------------------------------------------
  const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const unhex = (text) => Uint8Array.from(text.match(/../g) || [], (pair) => parseInt(pair, 16));
  const utf8 = (text) => new TextEncoder().encode(text);
  const isBytes = (value) => value instanceof Uint8Array;
  const concat = (...parts) => {
    const joined = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
    parts.reduce((at, part) => { joined.set(part, at); return at + part.length; }, 0);
    return joined;
  };
  const compare = (one, other) => {
    for (let i = 0; i < Math.min(one.length, other.length); i++) {
      if (one[i] !== other[i]) return one[i] - other[i];
    }
    return one.length - other.length;
  };
  const same = (one, other) => compare(one, other) === 0;
  const subtle = () => {
    // Browsers give WebCrypto to https, to this machine, and to files on a disk; not to plain http.
    const found = typeof crypto !== "undefined" && crypto.subtle;
    return found || refuse(UNAVAILABLE, "this page has no WebCrypto");
  };
  const sha256 = async (...parts) => new Uint8Array(await subtle().digest("SHA-256", concat(...parts)));

  // ---- CBOR: one value has one encoding (RFC 8949, 4.2.1; LEDGER.md 4.12) ----------------------------
  function decode(data, code = MALFORMED) {
    need(isBytes(data) && data.length <= LIMIT, code, "too long");
    let at = 0;
    const take = (size) => {
      need(at + size <= data.length, code, "the CBOR breaks off");
      at += size;
      return data.subarray(at - size, at);
    };
    const argument = (info) => {
      if (info < 24) return info;
      need(info <= 27, code, "a length of another kind");
      const size = 1 << (info - 24);
      const value = take(size).reduce((sum, byte) => sum * 256 + byte, 0);
      need(value <= Number.MAX_SAFE_INTEGER, code, "a number that no ledger reaches");
      need(value >= [24, 0x100, 0x10000, 0x100000000][info - 24], code, "a number not in its shortest form");
      return value;
    };
    const item = (depth) => {
      const start = at, head = take(1)[0], major = head >> 5, info = head & 31;
      if (major === 7) {
        need(info >= 20 && info <= 22, code, "a value of another type");
        return { value: [false, true, null][info - 20], bytes: data.subarray(start, at) };
      }
      need(major !== 6, code, "a tag");
      const count = argument(info);
      let value;
      if (major === 0) value = count;
      else if (major === 1) value = -1 - count;
      else if (major === 2) value = take(count).slice();
      else if (major === 3) value = text(take(count));
      else {
        need(depth > 0, code, "nested too deeply");
        value = major === 4 ? array(count, depth - 1) : map(count, depth - 1);
      }
      return { value, bytes: data.subarray(start, at) };
    };
    const text = (bytes) => {
      let read = "";
      try {
        read = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
      } catch (error) {
        refuse(code, "a text is not UTF-8");
      }
      need(read.normalize("NFC") === read, code, "a text is not in normal form C");
      return read;
    };
    const array = (count, depth) => {
      const items = [];
      for (let i = 0; i < count; i++) items.push(item(depth).value);
      return items;
    };
    const map = (count, depth) => {
      const members = new Map();
      let before = null;
      for (let i = 0; i < count; i++) {
        const key = item(0);
        need(["number", "string"].includes(typeof key.value), code, "a key is neither number nor text");
        need(before === null || compare(before, key.bytes) < 0, code, "the keys are not in order");
        before = key.bytes;
        members.set(key.value, item(depth).value);
      }
      return members;
    };
    const { value } = item(DEPTH);
    need(at === data.length, code, "bytes behind the end");
    return value;
  }

  function encode(value) {
    const head = (major, count) => {
      if (count < 24) return Uint8Array.of((major << 5) | count);
      const size = count < 0x100 ? 1 : count < 0x10000 ? 2 : count < 0x100000000 ? 4 : 8;
      const bytes = new Uint8Array(1 + size);
      bytes[0] = (major << 5) | (24 + Math.log2(size));
      for (let i = size, rest = count; i > 0; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256;
      return bytes;
    };
    if (value === null) return Uint8Array.of(0xf6);
    if (typeof value === "boolean") return Uint8Array.of(value ? 0xf5 : 0xf4);
    if (typeof value === "number") return value < 0 ? head(1, -1 - value) : head(0, value);
    if (typeof value === "string") return concat(head(3, utf8(value).length), utf8(value));
    if (isBytes(value)) return concat(head(2, value.length), value);
    if (Array.isArray(value)) return concat(head(4, value.length), ...value.map(encode));
    const members = Array.from(value, ([key, item]) => [encode(key), encode(item)]);
    members.sort((one, other) => compare(one[0], other[0]));
    return concat(head(5, members.length), ...members.map((pair) => concat(...pair)));
  }

  // ---- Shapes ----------------------------------------------------------------------------------------
  const bytesOf = (value, size, most = size) => {
    need(isBytes(value) && (size === null ? value.length <= most : value.length === size), MALFORMED, "another length");
    return value;
  };
  const number = (value) => {
    need(typeof value === "number" && value >= 0, MALFORMED, "not a whole number");
    return value;
  };
  const tuple = (value, size) => {
    need(Array.isArray(value) && value.length === size, MALFORMED, `an array of ${size} is missing`);
    return value;
  };
  const list = (value, read, most) => {
    need(Array.isArray(value) && value.length > 0 && value.length <= most, MALFORMED, `a list has 1 to ${most} items`);
    return value.map(read);
  };
  const path = (value, most = MAX_PATH) => {
    need(Array.isArray(value) && value.length <= most, MALFORMED, "a path is too long");
    return value.map((hash) => bytesOf(hash, HASH));
  };
  const inclusion = (value) => {
    const [size, index, hashes] = tuple(value, 3);
    need(number(index) < number(size), MALFORMED, "an index lies outside its tree");
    return { size, index, path: path(hashes) };
  };
  const consistency = (value) => {
    const [first, second, hashes] = tuple(value, 3);
    return { first: number(first), second: number(second), path: path(hashes, MAX_PATH + 1) };
  };
  const signature = (value) => {
    const [header, bytes] = tuple(value, 2);
    return { header: bytesOf(header, null, 1024), bytes: bytesOf(bytes, 64) };
  };
  const signer = (value) => {
    const [member, key] = tuple(value, 2);
    need(typeof member === "string" && key instanceof Map, MALFORMED, "a signer is a DID and a key");
    return { member, key };
  };
  const link = (value) => {
    const [block, place, signatures, next] = tuple(value, 4);
    return {
      block: bytesOf(block, null, 1024),
      inclusion: inclusion(place),
      signatures: list(signatures, signature, MAX_SIGNATURES),
      next: list(next, signer, MAX_SIGNERS),
    };
  };
  const state = (value) => {
    const [block, key, content, proof] = tuple(value, 4);
    need(block === 0 || block === 1, MALFORMED, "a state proof names the head or the own block");
    const [siblings, other] = tuple(proof, 2);
    return {
      block,
      key: bytesOf(key, null, 4096),
      value: content === null ? null : bytesOf(content, null, LIMIT),
      siblings: path(siblings, 256),
      other: other === null ? null : tuple(other, 2).map((hash) => bytesOf(hash, HASH)),
    };
  };

  function readBundle(data) {
    const fields = decode(data);
    need(fields instanceof Map && [3, 4, 5].every((key) => fields.has(key)), MALFORMED, "not a bundle");
    need(Array.from(fields.keys()).every((key) => key >= 1 && key <= 12), MALFORMED, "an unknown field");
    for (const [one, other] of [[1, 2], [7, 8], [10, 11]]) {
      need(fields.has(one) === fields.has(other), MALFORMED, `${one} and ${other} belong together`);
    }
    need(fields.has(1) || !(fields.has(7) || fields.has(10)), MALFORMED, "a checkpoint has no batch");
    const given = (key, read) => (fields.has(key) ? read(fields.get(key)) : null);
    const bundle = {
      entry: given(1, (value) => bytesOf(value, null, LIMIT)),
      entryInclusion: given(2, inclusion),
      head: bytesOf(fields.get(3), null, 1024),
      headInclusion: inclusion(fields.get(4)),
      signatures: list(fields.get(5), signature, MAX_SIGNATURES),
      states: given(6, (value) => list(value, state, MAX_STATES)) || [],
      batch: given(7, inclusion),
      salt: given(8, (value) => bytesOf(value, HASH)),
      links: given(9, (value) => list(value, link, MAX_LINKS)) || [],
      own: given(10, (value) => bytesOf(value, null, 1024)),
      ownInclusion: given(11, inclusion),
      consistency: given(12, consistency),
    };
    bundle.states.reduce((before, one) => {
      const order = before && (before.block - one.block || compare(before.key, one.key));
      need(!before || order < 0, MALFORMED, "the state proofs are not sorted");
      return one;
    }, null);
    return bundle;
  }

  const BLOCK = ["domain", "height", "time", "epoch", "mode", "first", "size", "state", "previous", "signers", "next_signers"];

  function readBlock(entry) {
    const value = decode(entry);
    need(value instanceof Map && value.size === BLOCK.length && BLOCK.every((name) => value.has(name)), MALFORMED, "not a block");
    const block = Object.fromEntries(value);
    need(block.domain === "vocred/block/1", MALFORMED, "not a block");
    for (const name of ["height", "time", "epoch", "mode", "first", "size"]) number(block[name]);
    for (const name of ["state", "previous", "signers", "next_signers"]) bytesOf(block[name], HASH);
    need(block.height >= 1 && block.epoch >= 1 && [1, 2].includes(block.mode), MALFORMED, "not a block");
    need(block.size >= 2 && block.first >= 1 && block.first < block.size, MALFORMED, "not a block");
    return block;
  }

  function readPin(data) {
    try {
      const fields = decode(data);
      const [size, root] = fields.get("highest");
      const pin = {
        chain: fields.get("chain"),
        epoch: fields.get("epoch"),
        signers: fields.get("signers").map(signer),
        single: fields.get("single"),
        earlier: new Map(Array.from(fields.get("earlier"), ([epoch, set]) => [epoch, set.map(signer)])),
        size,
        root: bytesOf(root, HASH),
      };
      need(/^urn:vocred:ledger:[0-9a-f]{64}$/.test(pin.chain), MALFORMED, "not a pin");
      return pin;
    } catch (error) {
      return refuse("LEDGER_PIN_INVALID", "the pin file is damaged");
    }
  }

  // The first pin of a ledger, from its first entry, whose hash is the ledger's name.
  async function pinFromGenesis(entry, fingerprint) {
    need(hex(await sha256(entry)) === fingerprint, "LEDGER_PIN_INVALID", "the first entry has another fingerprint");
    const genesis = decode(entry, "LEDGER_PIN_INVALID");
    const keys = new Map(genesis.get("members").map((member) => [member.get("did"), member.get("receipt")]));
    const signers = genesis.get("signers").map((member) => ({ member, key: keys.get(member) }));
    const root = await sha256(Uint8Array.of(0), entry);
    return {
      chain: "urn:vocred:ledger:" + fingerprint, epoch: 1, signers, single: signers.length === 1,
      earlier: new Map(), size: 1, root,
    };
  }

  // ---- Trees (RFC 9162, 2.1; LEDGER.md 4.12) ---------------------------------------------------------
  const leafHash = (entry) => sha256(Uint8Array.of(0), entry);
  const nodeHash = (left, right) => sha256(Uint8Array.of(1), left, right);

  async function rootFrom(leaf, { index, size, path: hashes }, code) {
    let node = leaf, position = index, last = size - 1;
    const half = () => { position = Math.floor(position / 2); last = Math.floor(last / 2); };
    for (const sibling of hashes) {
      need(last > 0, code, "the path is longer than the tree is high");
      if (position % 2 || position === last) {
        node = await nodeHash(sibling, node);
        while (position && position % 2 === 0) half();
      } else node = await nodeHash(node, sibling);
      half();
    }
    need(last === 0, code, "the path is shorter than the tree is high");
    return node;
  }

  async function continues({ first, second, path: hashes }, firstRoot, secondRoot) {
    const way = Number.isInteger(Math.log2(first)) ? [firstRoot, ...hashes] : [...hashes];
    if (first < 1 || first >= second || !way.length) return false;
    let position = first - 1, last = second - 1;
    const half = () => { position = Math.floor(position / 2); last = Math.floor(last / 2); };
    while (position % 2) half();
    let older = way[0], newer = way[0];
    for (const hash of way.slice(1)) {
      if (last === 0) return false;
      if (position % 2 || position === last) {
        older = await nodeHash(hash, older);
        newer = await nodeHash(hash, newer);
        while (position && position % 2 === 0) half();
      } else newer = await nodeHash(newer, hash);
      half();
    }
    return last === 0 && same(older, firstRoot) && same(newer, secondRoot);
  }

  async function checkState(proof, root) {
    const key = await sha256(proof.key);
    const bit = (hash, depth) => (hash[depth >> 3] >> (7 - (depth & 7))) & 1;
    let place = new Uint8Array(HASH);
    if (proof.value !== null) {
      need(proof.other === null, MALFORMED, "a proof of presence names no other leaf");
      place = await sha256(Uint8Array.of(0), key, await sha256(proof.value));
    } else if (proof.other !== null) {
      const [other, content] = proof.other;
      need(!same(other, key), MALFORMED, "the other leaf is the key's own");
      for (let i = 0; i < proof.siblings.length; i++) need(bit(other, i) === bit(key, i), MALFORMED, "another place");
      place = await sha256(Uint8Array.of(0), other, content);
    }
    for (let level = proof.siblings.length - 1; level >= 0; level--) {
      const sibling = proof.siblings[level];
      place = bit(key, level) ? await nodeHash(sibling, place) : await nodeHash(place, sibling);
    }
    need(same(place, root), MALFORMED, "a state proof does not lead to the block's state root");
  }

  // ---- Keys and signatures (RFC 8032, FIPS 186-5, RFC 9052) ------------------------------------------
  // Under a key of small order any message would verify: these are all there are, without their sign bit.
  const SMALL_ORDER = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  ];
  const FIELD = "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f";
  const HALF_ORDER = unhex("7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8");
  const reversed = (bytes) => bytes.slice().reverse();

  function readKey(key, code) {
    const has = (...labels) => key instanceof Map && key.size === labels.length && labels.every((label) => key.has(label));
    if (has(1, -1, -2) && key.get(1) === 1 && key.get(-1) === 6) {
      need(isBytes(key.get(-2)) && key.get(-2).length === 32, code, "not a key");
      const y = key.get(-2).slice();
      y[31] &= 0x7f;
      need(compare(reversed(y), reversed(unhex(FIELD))) < 0 && !SMALL_ORDER.includes(hex(y)), code, "a weak key");
      return { alg: -8, algorithm: { name: "Ed25519" }, raw: key.get(-2) };
    }
    need(has(1, -1, -2, -3) && key.get(1) === 2 && key.get(-1) === 1, code, "not a key that we accept");
    for (const label of [-2, -3]) need(isBytes(key.get(label)) && key.get(label).length === 32, code, "not a key");
    const raw = concat(Uint8Array.of(4), key.get(-2), key.get(-3));
    return { alg: -7, algorithm: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" }, raw };
  }

  const thumbprint = (key) => sha256(encode(key));

  async function verifies(coseKey, header, headerBytes, payload, bytes, code) {
    const key = readKey(coseKey, code);
    need(header.get(1) === key.alg, code, "the header names another algorithm than the key's");
    need(key.alg !== -7 || compare(bytes.subarray(32), HALF_ORDER) <= 0, code, "s is not the lower one");
    let imported;
    try {
      imported = await subtle().importKey("raw", key.raw, key.algorithm, false, ["verify"]);
    } catch (error) {
      const unknown = error instanceof Refused || error.name === "NotSupportedError" || error.name === "SyntaxError";
      refuse(unknown ? UNAVAILABLE : code, unknown ? `this browser has no ${key.algorithm.name}` : "not a key");
    }
    const signed = encode(["Signature1", headerBytes, new Uint8Array(0), payload]);
    need(await subtle().verify(key.algorithm, imported, bytes, signed), code, "a signature does not verify");
  }

  const members = (map, ...labels) =>
    map instanceof Map && map.size === labels.length && labels.every((label) => map.has(label));

  const signersDigest = (set) => sha256(encode(
    set.slice().sort((one, other) => (one.member < other.member ? -1 : 1)).map((one) => [one.member, one.key])));

  // Steps 4 and 5: more than two thirds of a set signed a root; returns the smallest time, and who signed.
  async function checkQuorum(signatures, { root, signers, chain, notBefore, now }) {
    const keys = new Map(signers.map((one) => [one.member, one.key]));
    for (const key of keys.values()) readKey(key, CHECKPOINT);
    const names = [];
    let time = Infinity;
    for (const { header: bytes, bytes: made } of signatures) {
      const header = decode(bytes, CHECKPOINT), claims = header instanceof Map && header.get(15);
      need(members(header, 1, 4, 395, 15) && members(claims, 1, 2, 6), CHECKPOINT, "another header than a receipt's");
      need(header.get(395) === 1 && claims.get(2) === chain, CHECKPOINT, "a signature belongs to another ledger");
      const key = keys.get(claims.get(1));
      need(key && isBytes(header.get(4)) && same(header.get(4), await thumbprint(key)), CHECKPOINT, "signed by nobody in the set");
      await verifies(key, header, bytes, root, made, CHECKPOINT);
      const iat = claims.get(6);
      need(typeof iat === "number" && notBefore <= iat && iat <= now + SKEW, CHECKPOINT, "older than its block, or from the future");
      need(!names.length || names[names.length - 1] < claims.get(1), CHECKPOINT, "not sorted, or signed twice");
      names.push(claims.get(1));
      time = Math.min(time, iat);
    }
    need(3 * names.length > 2 * keys.size, QUORUM, `${names.length} of ${keys.size} are not more than two thirds`);
    return { time, names };
  }

  // ---- The steps -------------------------------------------------------------------------------------
  async function lastRoot(entry, place) {
    need(place.index === place.size - 1, MALFORMED, "the block is not the last entry of its tree");
    return rootFrom(await leafHash(entry), place, MALFORMED);
  }

  async function inTree(entry, place, size, root) {
    need(place.size === size, MALFORMED, "a proof is for a tree of another size than the head's");
    need(same(await rootFrom(await leafHash(entry), place, MALFORMED), root), MALFORMED, "the path does not lead to the root");
  }

  // Changes of the signers' set: each link is the last block of an epoch, signed by that epoch's set.
  async function follow(step, era, chain, now) {
    const block = readBlock(step.block), root = await lastRoot(step.block, step.inclusion);
    const digest = await signersDigest(era.signers);
    need(block.size === step.inclusion.size && block.epoch === era.epoch && same(block.signers, digest), CHECKPOINT, "a link does not continue the epoch before it");
    need(!same(block.next_signers, digest) && same(block.next_signers, await signersDigest(step.next)), CHECKPOINT, "a link's block names another next set");
    await checkQuorum(step.signatures, { root, signers: era.signers, chain, notBefore: block.time, now });
    return {
      epoch: era.epoch + 1, signers: step.next, single: era.single || step.next.length === 1,
      earlier: new Map([...era.earlier, [era.epoch, era.signers]]),
    };
  }

  async function eraOf(links, head, pin, now) {
    let era = { epoch: pin.epoch, signers: pin.signers, single: pin.single || pin.signers.length === 1, earlier: pin.earlier };
    for (const step of links) era = await follow(step, era, pin.chain, now);
    if (head.epoch === era.epoch) return era;
    need(!links.length && pin.earlier.has(head.epoch), CHECKPOINT, "the head's epoch is not one that the pin or the links lead to");
    return Object.assign({}, era, { signers: pin.earlier.get(head.epoch) });
  }

  async function consistentWith(pin, bundle, root, given) {
    const size = bundle.headInclusion.size, own = bundle.consistency;
    need(!own || [own.first, own.second].includes(size), MALFORMED, "the consistency proof is about other trees");
    if (size === pin.size) {
      need(same(root, pin.root), INCONSISTENT, "two roots of one size");
      return true;
    }
    const [older, newer] = size < pin.size ? [{ size, root }, pin] : [pin, { size, root }];
    const proof = [own, given].find((one) => one && one.first === older.size && one.second === newer.size);
    if (!proof) return false;
    need(await continues(proof, older.root, newer.root), INCONSISTENT, "the tree does not continue the one that is known");
    return true;
  }

  function anchorOf(entry, issuer, record, chain) {
    const message = decode(entry, ISSUER);
    need(Array.isArray(message) && message.length === 4 && isBytes(message[0]) && isBytes(message[2]), ISSUER, "not a statement");
    need(message[1] instanceof Map && !message[1].size && isBytes(message[3]) && message[3].length === 64, ISSUER, "not a statement");
    const header = decode(message[0], ISSUER), claims = header instanceof Map && header.get(15), payload = decode(message[2], ISSUER);
    need(members(header, 1, 3, 4, 15) && members(claims, 1, 2) && members(payload, "type", "seq", "body"), ISSUER, "not a statement");
    need(header.get(3) === "application/vnd.vocred.statement+cbor" && payload.get("seq") >= 1, ISSUER, "not a statement");
    need(payload.get("type") === "anchor" && claims.get(2) === chain, ISSUER, "no anchor of this ledger");
    const root = payload.get("body") instanceof Map && payload.get("body").get("root");
    need(isBytes(root), ISSUER, "the anchor carries no root");
    need(claims.get(1) === issuer, ISSUER, "not anchored as the certificate's issuer");
    return { header, headerBytes: message[0], payload: message[2], signature: message[3], root };
  }

  const RECORD = ["number", "document", "submission", "governance", "names", "urls", "since", "suspensions", "compromised", "closed"];

  async function valuesOf(bundle, block, place) {
    const values = new Map();
    for (const proof of bundle.states) {
      need(proof.block === place, MALFORMED, "a state proof names a block that it does not belong to");
      await checkState(proof, block.state);
      const key = decode(proof.key);
      need(Array.isArray(key) && key.length > 0, MALFORMED, "a state key is an array");
      values.set(hex(proof.key), { key, value: proof.value === null ? null : decode(proof.value) });
    }
    return values;
  }

  // Each step gets and extends what was found before it; it refuses, or says what held.
  const STEPS = [
    [1, async (w) => {
      w.bundle = readBundle(w.receipt);
      need(w.bundle.entry, MALFORMED, "a checkpoint is no receipt");
      w.head = readBlock(w.bundle.head);
      return { bytes: w.receipt.length };
    }],
    [2, async (w) => {
      const { bundle } = w;
      w.size = bundle.headInclusion.size;
      w.root = await lastRoot(bundle.head, bundle.headInclusion);
      return { size: w.size, root: hex(w.root) };
    }],
    [3, async (w) => {
      need(w.head.size === w.size, CHECKPOINT, "the head block belongs to a log of another size");
      return { size: w.size };
    }],
    [4, async (w) => {
      // A receipt of an epoch after the pin's brings the links itself, or another checkpoint lends them.
      const lent = w.checkpoint && !w.bundle.links.length ? readBundle(w.checkpoint).links : [];
      const links = [...w.bundle.links, ...lent.slice(0, Math.max(0, w.head.epoch - w.pin.epoch))];
      w.era = await eraOf(links, w.head, w.pin, w.now);
      need(same(await signersDigest(w.era.signers), w.head.signers), CHECKPOINT, "the head block names other signers");
      need(w.head.mode === (w.era.signers.length === 1 ? 1 : 2), CHECKPOINT, "the head block's mode does not fit its signers");
      const { root, head, pin, now, era } = w;
      w.quorum = await checkQuorum(w.bundle.signatures, { root, signers: era.signers, chain: pin.chain, notBefore: head.time, now });
      return { signed: w.quorum.names, of: era.signers.length };
    }],
    [5, async (w) => {
      w.earlier = w.head.epoch < w.pin.epoch;
      w.time = w.earlier ? w.head.time : w.quorum.time;
      return { time: w.time };
    }],
    [6, async (w) => {
      w.consistent = await consistentWith(w.pin, w.bundle, w.root, w.proof && consistency(decode(w.proof)));
      need(w.consistent || !w.earlier, CHECKPOINT, "a checkpoint of an earlier epoch counts only in the tree that is known");
      return { consistent: w.consistent };
    }],
    [7, async (w) => {
      const { bundle } = w;
      // Equal sizes matter: without them a late entry could take an early index (the entry's part of step 2).
      await inTree(bundle.entry, bundle.entryInclusion, w.size, w.root);
      w.own = w.head;
      let index = w.size - 1;
      if (bundle.own) {
        w.own = readBlock(bundle.own);
        index = bundle.ownInclusion.index;
        await inTree(bundle.own, bundle.ownInclusion, w.size, w.root);
        need(index !== w.size - 1, MALFORMED, "a head that is the own block is not given twice");
      }
      const entry = bundle.entryInclusion.index;
      need(w.own.size - 1 === index, MALFORMED, "the own block does not stand where it says");
      need(w.own.first <= entry && entry < w.own.size - 1, MALFORMED, "the entry does not belong to the own block");
      return { time: w.own.time, height: w.own.height, entry };
    }],
    [8, async (w) => {
      const values = await valuesOf(w.bundle, w.own, w.bundle.own ? 1 : 0);
      const name = hex(encode(["issuer", w.issuer])), record = values.get(name);
      need(record && record.value !== null, ISSUER, "the receipt does not prove a record of the certificate's issuer");
      values.delete(name);
      need(values.size === 1, MALFORMED, "a receipt proves the issuer's record and one grant");
      [w.grant] = values.values();
      const { key } = w.grant;
      need(key.length === 4 && key[0] === "grant" && key[2] === w.issuer && w.types.includes(key[3]) && w.grant.value !== null, GRANT, "no grant to this issuer for this type");
      const shaped = record.value instanceof Map && RECORD.every((member) => record.value.has(member));
      need(shaped && w.grant.value instanceof Map && w.grant.value.has("from") && w.grant.value.has("until"), MALFORMED, "a record of an unknown shape");
      const submission = record.value.get("submission");
      readKey(submission, MALFORMED);
      w.anchor = anchorOf(w.bundle.entry, w.issuer, record.value, w.pin.chain);
      need(same(w.anchor.header.get(4), await thumbprint(submission)), ISSUER, "not signed with the issuer's key");
      await verifies(submission, w.anchor.header, w.anchor.headerBytes, w.anchor.payload, w.anchor.signature, ISSUER);
      return { issuer: w.issuer };
    }],
    [9, async (w) => {
      const from = w.grant.value.get("from"), until = w.grant.value.get("until");
      need(from <= w.own.time && (until === null || w.own.time < until), GRANT, "the grant was not in force at the own block");
      return { type: w.grant.key[3] };
    }],
    [11, async (w) => {
      const { batch, salt } = w.bundle;
      need(batch && salt, BATCH, "the receipt lacks the form's place in its batch");
      need(batch.size >= SMALLEST_BATCH && Number.isInteger(Math.log2(batch.size)), MALFORMED, "a batch's size is a power of two, at least 64");
      const leaf = await leafHash(encode([salt, w.digest]));
      need(same(await rootFrom(leaf, batch, BATCH), w.anchor.root), BATCH, "the anchored batch does not hold this form");
      return { digest: hex(w.digest) };
    }],
    [12, async (w) => {
      w.single = w.era.single || w.head.mode === 1 || w.own.mode === 1;
      return { single: w.single };
    }],
  ];

  // Returns {verdict: "holds" | "fails" | "unavailable", code, issued, single, consistent, steps}; a step is
  // {step, outcome: "held" | "failed" | "unavailable" | "not run", found, detail}.
  async function check({ receipt, digest, issuer, types, pin, now, checkpoint = null, proof = null }) {
    const world = { receipt, digest, issuer, types, pin, now, checkpoint, proof };
    const steps = [];
    let verdict = "holds", code = null;
    for (const [step, run] of STEPS) {
      if (verdict !== "holds") {
        steps.push({ step, outcome: "not run" });
        continue;
      }
      try {
        steps.push({ step, outcome: "held", found: await run(world) });
      } catch (error) {
        // Anything else than a refusal is a shape that nobody thought of: it does not hold either.
        code = error instanceof Refused ? error.code : MALFORMED;
        verdict = code === UNAVAILABLE ? "unavailable" : "fails";
        steps.push({ step, outcome: verdict === "fails" ? "failed" : "unavailable", detail: error.message });
      }
    }
    const held = verdict === "holds";
    return { verdict, code, issued: held ? world.own.time : null, single: held ? world.single : null, consistent: held ? world.consistent : null, steps };
  }

  // ---- The certificate's form -----------------------------------------------------------------------
  // JCS (RFC 8785): browsers write numbers and strings as it asks; members are sorted by UTF-16 units.
  function canonical(value) {
    if (Array.isArray(value)) return "[" + value.map(canonical).join(",") + "]";
    if (value === null || typeof value !== "object") return JSON.stringify(value);
    return "{" + Object.keys(value).sort().map((key) => JSON.stringify(key) + ":" + canonical(value[key])).join(",") + "}";
  }

  async function readForm(bytes) {
    const document = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    const credential = document.document || document;
    const issuer = credential.issuer && credential.issuer.id ? credential.issuer.id : credential.issuer;
    const types = [].concat(credential.type || []);
    if (typeof issuer !== "string" || !types.length) refuse("DOCUMENT", "the file is no certificate in JSON");
    return { digest: await sha256(utf8(canonical(credential))), issuer, types };
  }

  return { check, decode, encode, readBundle, readPin, readForm, pinFromGenesis, verifies, sha256, hex, unhex, canonical, Refused };
})();
