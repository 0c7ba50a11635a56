"""How a consortium begins and grows: the first member, invitations, joining, moving from one operator.

    ceremony     the keys of a member and where each of them lies, without a secret
    log_file     a log in a file: exports and invitations
    invitation   what a newcomer needs beside the log: pin, CometBFT's genesis, peers, a signed checkpoint
    importing    a ledger by replay, under a checkpoint that a quorum signed
    newcomer     ``join``: home and keys from an invitation, and what is proposed to the members
    moving       ``migrate``: from the embedded engine to CometBFT
    replaying    ``replay``: the first block at which a log and the rules part
    light        ``audit``: CometBFT's own commits, checked without CometBFT
    commands     all of it as ``vocred ledger …``

Nothing that comes from a file is believed: a log is replayed, its root compared with what members signed,
CometBFT's genesis compared with what the replayed state demands. What is refused leaves everything as it was.

Spec: LEDGER.md, sections 4.5, 4.8 and 4.9.
"""
