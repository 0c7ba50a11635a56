"""How a consortium begins and grows: the first member, invitations, joining, moving from one operator.

    founding      the keys of a node, each in a file of its own; a ledger's beginning
    ceremony      which key was made, its mark, where it lies, who keeps it: without a secret
    log_file      a log in a file: exports and invitations
    invitation    what a newcomer needs beside the log: pin, CometBFT's genesis, peers, a signed checkpoint
    inviting      an invitation from a node's home
    importing     a ledger by replay, under a checkpoint that a quorum signed
    exporting     a log into a file
    consensus     CometBFT's genesis, made from a log and compared with it
    newcomer      ``join``: home and keys from an invitation
    registration  what the members vote on: public halves of keys, each with its own proof
    moving        ``migrate``: from the embedded engine to CometBFT
    resuming      ``resume``: the consensus begins anew where the log ends
    repinning     ``pin``: a pin of today's signers, to be handed over
    replaying     ``replay``: the first block at which a log and the rules part
    auditing      ``audit``: the log held against CometBFT's commits
    light         those commits, checked without CometBFT
    commands      all of it as ``vocred ledger …``; ``log_commands`` the part about logs

Nothing that comes from a file is believed: a log is replayed, its root compared with what members signed,
CometBFT's genesis compared with what the replayed state demands. What is refused leaves everything as it was.

Spec: LEDGER.md, sections 4.5, 4.8 and 4.9.
"""
