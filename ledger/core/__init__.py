"""The state machine: accepted statements in, one log root out; no clock, no randomness, no network.

Where things are: ``machine.Core`` applies blocks, ``reading.Reader`` answers queries with proofs,
``genesis`` and ``blocks`` hold the two log entries that are no statements, ``fields`` the shapes of values,
``state`` what a block may read and write; the rules are in ``anchoring``, ``registry``, ``rotation``,
``governance`` and ``actions``, which has the agreements in ``agreements`` and the signers in ``signing``.

**The state.** Keys are CBOR arrays, values CBOR; both stand as deterministic bytes. A map has exactly the
members named here; ``?`` marks one that may be null (it is never left out). Times are integer seconds,
digests 32 bytes, keys COSE_Keys, DIDs text, ``names`` is {"zh", "en"}.

    ["member", did]            {names, code, roles, types, governance, submission?, receipt?, since}; absent
                               once removed
    ["members"]                sorted array of the DIDs that are members now; its length is N
    ["credit-code", code]      did; kept for ever, so that an organisation is admitted once
    ["signers"]                sorted array of the DIDs that sign roots, each with its member record's
                               receipt key; 1 to 100
    ["validator", did]         the COSE_Key (Ed25519) by which that member's node takes part in the consensus;
                               there from its first signer.set on, while it is a member. The genesis' signers
                               have none: the consensus' own genesis names theirs
    ["keys", did]              {governance, submission?}: what signs for that DID now; survives removal
    ["key", kid]               [did, role], role one of governance, submission, receipt, validator, wallet;
                               never deleted
    ["seq", did, role]         the last number used, from 1; survives removal
    ["issuer", did]            {number, document, submission, governance, names, urls: {claims, store,
                               lists}, since, suspensions: [[from, until?]...], compromised: [[since,
                               rotated]...], closed?}
    ["number", n]              did of the issuer with that number, 0 <= n < 2^20; kept for ever
    ["quota", accreditor]      how many numbers that member gave to new issuers
    ["grant", accreditor, issuer, type]
                               {from, until?}, in force while from <= t < until; accreditor is the chain id
                               where the members voted the grant
    ["grants", issuer]         sorted array of [accreditor, type]: every grant that issuer ever had
    ["status", issuer, list]   {version, digest, from, until?}; list = SHA-256 of the URL
    ["lists", issuer]          how many lists that issuer publishes
    ["wallet", tag]            {url, key}
    ["endpoint", did]          {node?, mirror?, receipts?}: URLs
    ["schema", id]             {digest, by, since}: id is a URL, by the member; kept for ever
    ["schemas", did]           how many schemas that member named
    ["params"]                 {numbers}: the quota of an accreditor; the genesis' while absent
    ["upgrade"]                {version, height}: from that height on the rules are those of that version; one
                               below it until then. Absent: version 1
    ["agreement", id]          {version, digest, parties, started, ended?} of the version that started last;
                               parties is a sorted array of DIDs
    ["agreement", id, version] the same record of that version; versions follow one another without a gap;
                               ids and versions are never used again. An amendment leaves the older
                               version's record as it is, the end ends all of them
    ["proposal", id]           {proposer, action: [name, body], index, opened, expires, status, yes, no,
                               decided?, due?}: index is the proposing log entry's, yes and no are sorted
                               arrays of DIDs
    ["open"]                   ids of the proposals that may be voted on, in the order of the log; an
                               expired one leaves the array with the next proposal
    ["due"]                    [[due, index, id]...] of the enacted proposals whose effect is still to come,
                               by index

A proposal's ``status`` is "open" (until t >= expires: expiry writes nothing), "enacted" (the votes
sufficed, the effect waits until ``due``), "done", "void" (the effect had become impossible) or "withdrawn";
``decided`` is the time at which it last changed.

**Statements.** Payload {type, seq, body}. Role submission: anchor and status; role governance: all others.
A value that a rotation brings is a COSE_Key, or the DID document's digest where the role is document.

    anchor          {root}
    status          array of 1 to 1000 {list, version, digest, from, until?}, each list once
    issuer.put      {did, number, document, submission, governance, names, urls: {claims, store, lists},
                    possession: {submission?, governance?}}
    accredit        {issuer, type, from, until?}
    endpoint.put    {node?, mirror?, receipts?}
    schema.put      {id, digest}
    key.rotate      {role, value, possession?, compromised_since?}, role being submission, governance or
                    document: one's own
    propose         {action: [name, body], expires}
    vote            {proposal, yes}, yes being a boolean
    withdraw        {proposal}

**Actions** of proposals.

    admit           {member: {did, names, code, roles, types, governance, submission?, receipt?},
                    possession: {governance?, submission?, receipt?}}
    remove          {member}
    signer.set      {member, receipt?, validator?, possession: {receipt?, validator?}}: both null, and the
                    member stops signing; else it signs with these keys, and a null validator key is the one
                    that it has
    rotate-lost-key {did, role, value, possession?, compromised_since?}: key.rotate in another's place
    suspend-issuer  {issuer, from, until?}: anchors are refused from then on, not before the effect; naming a
                    suspension's begin anew, or any past time while one runs, sets its end (lifts it)
    close-issuer    {issuer}
    params          {numbers}
    upgrade         {app_version, height}: the version after the present one
    issuer.put      as the statement's body
    accredit        as the statement's body
    wallet.put      {tag, url, key, possession?}; the key's owner is "urn:vocred:wallet:" + tag, its role
                    wallet
    agreement.start {id, version, digest, parties, signatures}: parties sorted, signatures in the same order
    agreement.amend the same, version being one more than that of the agreement, which runs
    agreement.end   {id}

``possession`` holds each key's own signature (``ledger.statements.key_possession``); it may be null where the
key is already that DID's in that role, and has to be right wherever it is given. Roles of members are words
such as certificateBody, sorted; "accreditor" is the one with an effect, and goes with at least one grantable
type. URLs are https, or http on a loopback host.

**Entry 0**: {domain: "vocred/genesis/1", time, members, signers, delay, params: {numbers}}; members as in
``admit``, sorted by DID; signers a sorted array of DIDs; delay in seconds; numbers the quota of an
accreditor.
**Block entry**: {domain: "vocred/block/1", height, time, epoch, mode, first, size, state, previous,
signers, next_signers}; the first epoch is 1; mode is 1 for a single operator, 2 for a consortium.

Spec: LEDGER.md, sections 4.1 to 4.5, 4.10 and 4.12.
"""
