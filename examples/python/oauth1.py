"""Reads a product with a request signed by OAuth 1.0a (docs/signing.md).

Usage: oauth1.py [SKU]
Environment: CONSUMER_KEY, CONSUMER_SECRET, ACCESS_TOKEN, ACCESS_TOKEN_SECRET; GATEWAY_URL if it is
not http://127.0.0.1:8080, GATEWAY_PUBLIC_URL if its public name is another
"""

import base64
import hashlib
import hmac
import os
import secrets
import sys
import time
import urllib.error
import urllib.request
from urllib.parse import quote, urlencode

url = os.environ.get("GATEWAY_URL", "http://127.0.0.1:8080")
public = os.environ.get("GATEWAY_PUBLIC_URL", url)
path = "/rest/V1/products/" + quote(sys.argv[1] if len(sys.argv) > 1 else "24-MB01", safe="")
query = {"fields": "sku,name"}


def escape(text: str) -> str:
    return quote(text, safe="")


oauth = {
    "oauth_consumer_key": os.environ["CONSUMER_KEY"],
    "oauth_nonce": secrets.token_hex(16),
    "oauth_signature_method": "HMAC-SHA256",
    "oauth_timestamp": str(int(time.time())),
    "oauth_token": os.environ["ACCESS_TOKEN"],
    "oauth_version": "1.0",
}
parameters = "&".join(
    f"{name}={value}"
    for name, value in sorted((escape(name), escape(value)) for name, value in (oauth | query).items())
)
base = "&".join(map(escape, ["GET", public + path, parameters]))
key = "&".join(escape(os.environ[name]) for name in ("CONSUMER_SECRET", "ACCESS_TOKEN_SECRET"))
mac = hmac.new(key.encode(), base.encode(), hashlib.sha256).digest()
oauth["oauth_signature"] = base64.b64encode(mac).decode()

request = urllib.request.Request(
    f"{url}{path}?{urlencode(query, quote_via=quote, safe='')}",
    headers={"Authorization": "OAuth " + ", ".join(f'{k}="{escape(v)}"' for k, v in oauth.items())},
)
try:
    with urllib.request.urlopen(request) as answer:
        print(f"HTTP {answer.status}\n{answer.read().decode()}")
except urllib.error.HTTPError as error:
    print(f"HTTP {error.code}\n{error.read().decode()}")
    sys.exit(1)
