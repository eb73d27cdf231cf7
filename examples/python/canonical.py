"""Sets a stock with a request signed by scheme canonical (docs/signing.md).

Environment: INTEGRATION_TOKEN, HMAC_SECRET; GATEWAY_URL if it is not http://127.0.0.1:8080
"""

import hashlib
import hmac
import json
import os
import secrets
import sys
import time
import urllib.error
import urllib.request

url = os.environ.get("GATEWAY_URL", "http://127.0.0.1:8080")
method = "POST"
path = "/rest/V1/magefine/inventaire"
query = ""
body = json.dumps({"sku": "24-MB01", "qty": 42}).encode()

timestamp = str(int(time.time()))
nonce = secrets.token_hex(16)
digest = hashlib.sha256(body).hexdigest()
canonical = "\n".join(["magegate-v1", timestamp, nonce, method, path, query, digest])
signature = hmac.new(os.environ["HMAC_SECRET"].encode(), canonical.encode(), hashlib.sha256).hexdigest()

request = urllib.request.Request(
    url + path + (f"?{query}" if query else ""),
    data=body,
    method=method,
    headers={
        "Authorization": f"Bearer {os.environ['INTEGRATION_TOKEN']}",
        "Content-Type": "application/json",
        "X-Timestamp": timestamp,
        "X-Nonce": nonce,
        "X-Signature": signature,
    },
)
try:
    with urllib.request.urlopen(request) as answer:
        print(f"HTTP {answer.status}\n{answer.read().decode()}")
except urllib.error.HTTPError as error:
    print(f"HTTP {error.code}\n{error.read().decode()}")
    sys.exit(1)
