// Opens what only this page may see: the part of a link behind "#", which browsers send to nobody.
//
//   /C#<code>       derive locator and key, let our server fetch the sealed form, open it here, have it verified
//   /S/<id>#<key>   derive token and key, let our server fetch the sealed package, open it here, have it verified
//   /               read a chosen file here, so that changing the language keeps the result
//
// Results are whole pages from our server; they take the place of this one. Nothing is stored.
(function () {
  "use strict";

  const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const LENGTH = 24;
  const NONCE_BYTES = 12;
  const text = new TextEncoder();

  // What is shown now: how to ask for it once more, in another language or with a name.
  let again = null;

  class Refusal extends Error {}

  // The printed code

  function normalise(typed) {
    return typed.normalize("NFKC").replace(/[\s\-\u2010\u00ad]/g, "").toUpperCase()
      .replace(/O/g, "0").replace(/[IL]/g, "1");
  }

  // Over GF(32) with x^5+x^2+1: 1 for a certificate's code, 2 for a claim code, anything else is mistyped.
  function checksum(code) {
    let h = 0;
    for (const character of code) {
      h <<= 1;
      if (h & 32) h ^= 37;
      h ^= ALPHABET.indexOf(character);
    }
    return h;
  }

  function checkCode(code) {
    const known = code.length === LENGTH && Array.from(code).every((c) => ALPHABET.includes(c));
    const sum = known ? checksum(code) : 0;
    if (sum === 2) throw new Refusal("WRONG_CODE_KIND");
    if (sum !== 1) throw new Refusal("CODE_MISTYPED");
  }

  // Bytes

  function hex(bytes) {
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  function toBase64url(bytes) {
    return btoa(String.fromCharCode.apply(null, bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function fromBase64url(value) {
    if (!/^[A-Za-z0-9_-]{43}$/.test(value)) throw new Refusal("LINK_BROKEN");
    return Uint8Array.from(atob(value.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  }

  async function derive(secret, info, bytes) {
    const key = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
    const parameters = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: text.encode(info) };
    return new Uint8Array(await crypto.subtle.deriveBits(parameters, key, bytes * 8));
  }

  async function unseal(blob, secret, label) {
    const key = await crypto.subtle.importKey("raw", secret, "AES-GCM", false, ["decrypt"]);
    const parameters = { name: "AES-GCM", iv: blob.slice(0, NONCE_BYTES), additionalData: label };
    try {
      return new Uint8Array(await crypto.subtle.decrypt(parameters, key, blob.slice(NONCE_BYTES)));
    } catch (error) {
      throw new Refusal("SEAL_BROKEN");
    }
  }

  function unpad(padded) {
    const length = new DataView(padded.buffer, padded.byteOffset).getUint32(0);
    if (length > padded.length - 4) throw new Refusal("SEAL_BROKEN");
    return padded.subarray(4, 4 + length);
  }

  // Our server

  function post(path, body, language, view) {
    const query = new URLSearchParams(Object.entries({ lang: language, view: view }).filter(([, value]) => value));
    return fetch(path + (query.toString() ? "?" + query : ""), {
      method: "POST",
      headers: { "Content-Type": "application/json", "Accept": "text/html, application/octet-stream" },
      body: body,
      redirect: "error",
    });
  }

  // Gives the sealed bytes, or shows the page with which the server answered instead.
  async function fetchSealed(path, body, language) {
    const response = await post(path, JSON.stringify(body), language);
    if ((response.headers.get("Content-Type") || "").startsWith("application/octet-stream")) {
      return new Uint8Array(await response.arrayBuffer());
    }
    replacePage(await response.text());
    return null;
  }

  // A document goes as the very text that was signed: parsing it here could change a number.
  async function showResult(path, members, language, view) {
    const body = "{" + members.map(([name, json]) => JSON.stringify(name) + ":" + json).join(",") + "}";
    const others = members.filter(([name]) => name !== "name");
    again = (wish, name, seen = view) => showResult(path, name ? others.concat([["name", name]]) : members, wish, seen);
    replacePage(await (await post(path, body, language, view)).text());
  }

  async function showDocument(document_, language, view) {
    again = (wish, _name, seen = view) => showDocument(document_, wish, seen);
    replacePage(await (await post("/result", document_, language, view)).text());
  }

  // The page

  function replacePage(html) {
    const next = new DOMParser().parseFromString(html, "text/html");
    document.documentElement.lang = next.documentElement.lang;
    document.title = next.title;
    document.body.replaceWith(document.adoptNode(next.body));
    window.scrollTo(0, 0);
    const main = document.getElementById("main");
    if (main) main.focus({ preventScroll: true });
    tick();
  }

  function say(code) {
    for (const block of document.querySelectorAll("[data-say]")) {
      block.hidden = !block.dataset.say.split(" ").includes(code);
    }
    const box = document.querySelector("[data-box]");
    if (box) box.hidden = code === "BUSY";
  }

  async function openCode(language) {
    const code = normalise(decodeURIComponent(location.hash.slice(1)));
    checkCode(code);
    const secret = text.encode(code);
    const locator = await derive(secret, "vocred/code/1/locator", 16);
    const blob = await fetchSealed("/C/form", { issuer: code.slice(0, 4), locator: hex(locator) }, language);
    if (!blob) return;
    const form = unpad(await unseal(blob, await derive(secret, "vocred/code/1/key", 32), locator));
    const members = [["issuer", JSON.stringify(code.slice(0, 4))], ["verifiableCredential", new TextDecoder().decode(form)]];
    await showResult("/C/result", members, language);
  }

  async function openShare(language) {
    const id = location.pathname.split("/").pop().toUpperCase();
    const secret = fromBase64url(location.hash.slice(1));
    const token = toBase64url(await derive(secret, "vocred/share/1/token", 32));
    const blob = await fetchSealed("/S/open", { id: id, token: token }, language);
    if (!blob) return;
    const opened = await unseal(blob, await derive(secret, "vocred/share/1/key", 32), text.encode(id));
    const members = [["id", JSON.stringify(id)], ["package", new TextDecoder().decode(opened)]];
    await showResult("/S/result", members, language);
  }

  async function guarded(work) {
    try {
      await work();
    } catch (error) {
      say(error instanceof Refusal ? error.message : "OFFLINE");
      if (error.message === "CODE_MISTYPED") offerCode();
    }
  }

  // What was scanned or typed stands in the box, to be corrected or sent.
  function offerCode() {
    const entry = document.querySelector("[data-entry]");
    if (entry && !entry.value) entry.value = decodeURIComponent(location.hash.slice(1));
  }

  function start(language) {
    const kind = document.getElementById("main").dataset.open;
    if (!location.hash || kind === "box" || !kind) return;
    if (!window.crypto || !crypto.subtle) {
      // Very old browsers cannot open it themselves: the code goes to the server when its owner sends the form.
      if (kind === "code") offerCode();
      say("NO_CRYPTO");
      return;
    }
    say("BUSY");
    const open = kind === "code" ? openCode : openShare;
    again = (wish) => open(wish);
    guarded(() => open(language));
  }

  // A code or a share's link in the box opens like a scanned one, so that it stays on this device.
  function submitBox(event, form) {
    const file = form.querySelector("input[type=file]");
    const entry = form.querySelector("[data-entry]").value.trim();
    if (file && file.files.length) {
      event.preventDefault();
      guarded(async () => showDocument(await new Response(file.files[0]).text()));
      return;
    }
    const link = /^https?:\/\/([^/]+)\/(C|S\/[0-9A-Z]+)\/?#([\w-]+)$/i.exec(entry);
    if (link && link[1].toLowerCase() === location.host) {
      event.preventDefault();
      go("/" + link[2].toUpperCase() + "#" + link[3]);
    } else if (entry && !/[^\s0-9A-Za-z\-\uff01-\uff5e\u3000\u2010\u00ad]/.test(entry)) {
      event.preventDefault();
      go("/C#" + encodeURIComponent(normalise(entry)));
    } else if (/^[[{]/.test(entry)) {
      event.preventDefault();
      guarded(() => showDocument(entry));
    }
  }

  function go(address) {
    const same = address.split("#")[0] === location.pathname;
    location.assign(address);
    if (same) start();
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("[data-box]")) submitBox(event, form);
    if (form.matches("[data-view]") && again) {
      event.preventDefault();
      guarded(() => again(document.documentElement.lang, undefined, form.dataset.view));
    }
    if (form.matches("[data-match]") && again) {
      event.preventDefault();
      const name = form.querySelector("input[name=name]").value;
      guarded(() => again(undefined, JSON.stringify(name)));
    }
  });

  document.addEventListener("click", (event) => {
    const retry = event.target.closest("[data-retry]");
    const other = event.target.closest("a.switch");
    if (event.target.closest("[data-print]")) window.print();
    if ((!retry && !other) || !again) return;
    event.preventDefault();
    guarded(() => again(other ? other.hreflang : undefined));
  });

  function tick() {
    const clock = document.querySelector("[data-clock]");
    if (!clock) return;
    const now = new Date();
    const local = new Date(now.getTime() - now.getTimezoneOffset() * 60000).toISOString();
    clock.textContent = local.slice(0, 10) + " " + local.slice(11, 19);
  }

  setInterval(tick, 1000);
  window.addEventListener("hashchange", () => start());
  tick();
  start();
})();
