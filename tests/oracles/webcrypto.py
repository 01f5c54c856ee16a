"""The Web Cryptography API, as browsers have it, in Node: what wacz-auth signatures are defined by."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping

from tests.programs import need

_VERIFY = """
const { hash, publicKey, signature } = JSON.parse(require("fs").readFileSync(0));
const { subtle } = require("crypto").webcrypto;
const ecdsa = { name: "ECDSA", namedCurve: "P-384", hash: "SHA-256" };
const bytes = (text) => Buffer.from(text, "base64");
subtle.importKey("spki", bytes(publicKey), ecdsa, true, ["verify"])
  .then((key) => subtle.verify(ecdsa, key, bytes(signature), new TextEncoder().encode(hash)))
  .then((answer) => console.log(answer));
"""


def verifies(signed_data: Mapping[str, str]) -> bool:
    """Whether the ``signedData`` of a bundle, as it stands there, is signed by the key that it names."""
    done = subprocess.run(
        [need("node"), "-e", _VERIFY],
        input=json.dumps(dict(signed_data)).encode(),
        capture_output=True,
        timeout=50,
        check=True,
    )
    return {b"true": True, b"false": False}[done.stdout.strip()]
