"""An institution's service: it imports, approves, signs, anchors, hands out and revokes credentials."""
