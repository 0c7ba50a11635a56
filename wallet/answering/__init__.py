"""Presenting on request: the holder's side of OpenID4VP.

    links      what was scanned, opened or pasted, read into a client id and an address
    requests   who asks, by the registry; the request object, and every reason to refuse it
    answers    what fits, what the holder chose, the one answer, and what became of it
    store      their rows
    views      the pages: paste, consent, what was sent
    commands   the same from the command line

A request that is refused is answered to nobody, with not so much as an error: whoever sent it would learn
that somebody was there. Before the holder agrees, nothing is sent but the fetch of the request object, to
an address that the registry vouches for.

Spec: OpenID4VP 1.0; OPENID4VC.md, section 2.2.
"""
