"""Who sealed: keys, identities, the keyring, envelopes and the signatures in them."""
