"""Sets a stock with a request signed by scheme body (docs/signing.md).

Usage: body.py [SKU [QTY]]
Environment: INTEGRATION_TOKEN, HMAC_SECRET; GATEWAY_URL if it is not http://127.0.0.1:8080
"""

import hashlib
import hmac
import json
import os
import sys
import urllib.error
import urllib.request

sku, qty = (sys.argv[1:] + ["24-MB01", "42"][len(sys.argv) - 1 :])[:2]
body = json.dumps({"sku": sku, "qty": float(qty)}).encode()

request = urllib.request.Request(
    os.environ.get("GATEWAY_URL", "http://127.0.0.1:8080") + "/rest/V1/magefine/inventaire",
    data=body,
    method="POST",
    headers={
        "Authorization": f"Bearer {os.environ['INTEGRATION_TOKEN']}",
        "Content-Type": "application/json",
        "X-Signature": hmac.new(os.environ["HMAC_SECRET"].encode(), body, hashlib.sha256).hexdigest(),
    },
)
try:
    with urllib.request.urlopen(request) as answer:
        print(f"HTTP {answer.status}\n{answer.read().decode()}")
except urllib.error.HTTPError as error:
    print(f"HTTP {error.code}\n{error.read().decode()}")
    sys.exit(1)
