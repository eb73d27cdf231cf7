"""Sets a stock with a request signed by scheme rfc9421, hmac-sha256 (docs/signing.md).

Environment: SIGNING_KEY_ID, HMAC_SECRET; GATEWAY_URL if it is not http://127.0.0.1:8080,
GATEWAY_AUTHORITY if the gateway has another public name than the one in GATEWAY_URL
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

url = os.environ.get("GATEWAY_URL", "http://127.0.0.1:8080")
authority = os.environ.get("GATEWAY_AUTHORITY") or urllib.parse.urlsplit(url).netloc
method = "POST"
path = "/rest/V1/magefine/inventaire"
query = ""
body = json.dumps({"sku": "24-MB01", "qty": 42}).encode()

digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
covered = {
    "@method": method,
    "@authority": authority,
    "@path": path,
    "@query": f"?{query}",
    "content-digest": digest,
    "content-type": "application/json",
}
created = int(time.time())
names = " ".join(f'"{name}"' for name in covered)
parameters = (
    f"({names});created={created};expires={created + 60}"
    f';nonce="{secrets.token_hex(16)}";keyid="{os.environ["SIGNING_KEY_ID"]}"'
    ';alg="hmac-sha256";tag="magegate"'
)
base = "".join(f'"{name}": {value}\n' for name, value in covered.items())
base += f'"@signature-params": {parameters}'
mac = hmac.new(os.environ["HMAC_SECRET"].encode(), base.encode(), hashlib.sha256).digest()

request = urllib.request.Request(
    url + path + (f"?{query}" if query else ""),
    data=body,
    method=method,
    headers={
        "Content-Type": "application/json",
        "Content-Digest": digest,
        "Signature-Input": f"sig1={parameters}",
        "Signature": f"sig1=:{base64.b64encode(mac).decode()}:",
    },
)
try:
    with urllib.request.urlopen(request) as answer:
        print(f"HTTP {answer.status}\n{answer.read().decode()}")
except urllib.error.HTTPError as error:
    print(f"HTTP {error.code}\n{error.read().decode()}")
    sys.exit(1)
