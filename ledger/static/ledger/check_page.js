// What stands between the page's fields and VocredCheck: files in, sentences out. The sentences are the page's.
"use strict";

(() => {
  const form = document.getElementById("check-form");
  if (!form) return;
  const output = document.getElementById("check-output"), list = document.getElementById("check-list");
  const verdict = document.getElementById("check-verdict"), technical = document.getElementById("check-technical");
  const words = (name, values = {}) => {
    const found = document.querySelector(`[data-word="${name}"]`);
    return (found ? found.textContent : name).replace(/\{(\w+)\}/g, (_, key) => String(values[key]));
  };
  const field = (name) => document.getElementById("field-" + name);
  const bytesOf = async (name) => {
    const [file] = field(name).files;
    return file ? new Uint8Array(await new Response(file).arrayBuffer()) : null;
  };
  const moment = (seconds) => new Date((seconds + 8 * 3600) * 1000).toISOString().slice(0, 16).replace("T", " ") + " (UTC+8)";
  const MARKS = { held: "✓", failed: "✕", unavailable: "?", "not run": "–" };

  // The pin from its file; or, by the fingerprint that a person typed, from the ledger's first entry.
  async function pin() {
    const file = await bytesOf("pin");
    if (file) return VocredCheck.readPin(file);
    const typed = field("fingerprint").value.toLowerCase().replace(/^urn:vocred:ledger:/, "").replace(/[^0-9a-f]/g, "");
    if (typed.length !== 64) throw new Error(words("need-pin"));
    const given = await bytesOf("genesis");
    const entry = given || (await fetched("/v1/entries/0"));
    return VocredCheck.pinFromGenesis(entry, typed);
  }

  async function fetched(path) {
    if (!location.protocol.startsWith("http")) throw new Error(words("need-genesis"));
    const answer = await fetch(path);
    if (!answer.ok) throw new Error(words("need-genesis"));
    return new Uint8Array(await answer.arrayBuffer());
  }

  function sentence({ step, outcome, found }) {
    if (outcome !== "held") return words("outcome-" + outcome.replace(" ", "-"));
    const values = Object.assign({}, found);
    if (found.time) values.time = moment(found.time);
    if (found.signed) values.signed = found.signed.length;
    if (step === 6) return words(found.consistent ? "step-6-held" : "step-6-offline");
    if (step === 12) return words(found.single ? "step-12-single" : "step-12-many");
    return words(`step-${step}-held`, values);
  }

  function line(result) {
    const item = document.createElement("li"), mark = document.createElement("b"), body = document.createElement("div");
    item.className = result.outcome.replace(" ", "-");
    item.dataset.step = result.step;
    mark.textContent = MARKS[result.outcome];
    mark.setAttribute("aria-hidden", "true");
    for (const text of [words("step-" + result.step), sentence(result)]) {
      const paragraph = document.createElement("p");
      paragraph.textContent = text;
      body.append(paragraph);
    }
    body.lastChild.className = "muted small";
    item.append(mark, body);
    return item;
  }

  function say(kind, title, text) {
    verdict.className = "verdict verdict-" + kind;
    verdict.querySelector(".verdict-word").textContent = title;
    verdict.querySelector("p").textContent = text;
    output.hidden = false;
    verdict.scrollIntoView({ block: "nearest" });
  }

  function show(result) {
    list.replaceChildren(...result.steps.map(line));
    technical.textContent = JSON.stringify(result, null, 1);
    document.getElementById("check-details").hidden = false;
    const kind = { holds: "valid", fails: "notAuthentic", unavailable: "couldNotCheck" }[result.verdict];
    say(kind, words("verdict-" + result.verdict), words("line-" + result.verdict, { time: moment(result.issued || 0) }));
    output.dataset.verdict = result.verdict;
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    delete output.dataset.verdict;
    list.replaceChildren();
    document.getElementById("check-details").hidden = true;
    try {
      const [receipt, paper] = [await bytesOf("receipt"), await bytesOf("form")];
      if (!receipt || !paper) throw new Error(words("need-files"));
      const read = await VocredCheck.readForm(paper).catch(() => { throw new Error(words("need-form")); });
      const now = Math.floor(Date.now() / 1000);
      show(await VocredCheck.check(Object.assign({ receipt, pin: await pin(), now, checkpoint: await bytesOf("checkpoint") }, read)));
    } catch (error) {
      const unavailable = error.code === "COULD_NOT_BE_CHECKED_HERE";
      say("couldNotCheck", words("verdict-unavailable"), unavailable ? words("line-unavailable") : error.code ? words("need-pin") : error.message);
      output.dataset.verdict = "unavailable";
    }
  });
  form.hidden = false;
})();
