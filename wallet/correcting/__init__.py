"""When something stated is wrong: asking the issuer to correct it, and taking the corrected certificate.

    asking      what the holder asks of the issuer, signed with the certificate's own key
    store       its rows
    views       the pages
    commands    the same from the command line

The issuer believes a request because it is signed with the key to which it signed the certificate; a wallet
can ask about nothing else.
"""
