// Answers lines of JSON on standard input, one at a time, so that rounds of both implementations alternate.
//
//   {"do": "set-up", "credential", "documents": {url: document}, "key": {Multikey with secretKeyMultibase}}
//   {"do": "issue", "count"}       -> {"seconds"}: CPU seconds of this process for all of them
//   {"do": "verify", "count"}      -> {"seconds"}, of the credential that "set-up" issued
//   {"do": "check", "credential"}  -> {"verified", "error"}
import { createInterface } from "node:readline";
import * as vc from "@digitalbazaar/vc";
import { DataIntegrityProof } from "@digitalbazaar/data-integrity";
import { cryptosuite } from "@digitalbazaar/eddsa-rdfc-2022-cryptosuite";
import * as Ed25519Multikey from "@digitalbazaar/ed25519-multikey";

const state = {};

async function documentLoader(url) {
  if (!(url in state.documents)) throw new Error(`${url} is not at hand`);
  return { contextUrl: null, documentUrl: url, document: state.documents[url] };
}

async function cpu(count, act) {
  const before = process.cpuUsage();
  for (let i = 0; i < count; i += 1) await act();
  const { user, system } = process.cpuUsage(before);
  return { seconds: (user + system) / 1e6 };
}

const issue = () =>
  vc.issue({
    credential: structuredClone(state.credential),
    suite: new DataIntegrityProof({ signer: state.signer, cryptosuite }),
    documentLoader,
  });

const verify = (credential) =>
  vc.verifyCredential({
    credential,
    suite: new DataIntegrityProof({ cryptosuite }),
    documentLoader,
    // The status list is another benchmark: here it is taken for read.
    checkStatus: async () => ({ verified: true }),
  });

const acts = {
  async "set-up"({ credential, documents, key }) {
    const pair = await Ed25519Multikey.from(key);
    Object.assign(state, { credential, documents, signer: pair.signer() });
    state.issued = await issue();
    return { issued: state.issued };
  },
  issue: ({ count }) => cpu(count, issue),
  verify: ({ count }) =>
    cpu(count, async () => {
      const { verified, error } = await verify(state.issued);
      if (!verified) throw error;
    }),
  async check({ credential }) {
    const { verified, error } = await verify(credential);
    return { verified, error: error ? String(error.errors?.[0] ?? error) : null };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  try {
    console.log(JSON.stringify(await acts[request.do](request)));
  } catch (error) {
    console.log(JSON.stringify({ failed: String(error.errors?.[0] ?? error) }));
  }
}
