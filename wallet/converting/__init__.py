"""From a certificate to credit: which agreement turns it into what, the application, and what came of it.

    agreements     what the agreements in force make of a certificate, for this learner
    bank           the requests to a credit bank
    conversions    apply, present, look how it stands, take the credit record into the wallet
    kept           the applications as rows that open for their holder alone
    known          what the wallet knows of the account, for a preview
    statement      the account as the bank keeps it
    store          the rows
    views          the pages of the wizard and of the account
    commands       the same from the command line

The wallet decides nothing: its preview uses the bank's own function on what the wallet knows, and the bank
verifies and evaluates anew. Until the holder agrees, the bank learns which agreement and course somebody
looks at, and nothing about who.

Spec: CREDENTIALS.md, sections 7 and 10.
"""
