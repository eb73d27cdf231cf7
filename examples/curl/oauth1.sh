#!/usr/bin/env bash
# Reads a product with a request signed by OAuth 1.0a (docs/signing.md), with curl and openssl.
# Usage: oauth1.sh [SKU], of letters, digits, `-`, `.`, `_` and `~`
# Environment: CONSUMER_KEY, CONSUMER_SECRET, ACCESS_TOKEN, ACCESS_TOKEN_SECRET, of such characters
# too; GATEWAY_URL if it is not http://127.0.0.1:8080, GATEWAY_PUBLIC_URL if its public name is another
set -euo pipefail

url=${GATEWAY_URL:-http://127.0.0.1:8080}
public=${GATEWAY_PUBLIC_URL:-$url}
path=/rest/V1/products/${1:-24-MB01}

escape() { printf %s "$1" | sed 's/%/%25/g; s/:/%3A/g; s,/,%2F,g; s/&/%26/g; s/=/%3D/g; s/+/%2B/g'; }
parameters="oauth_consumer_key=$CONSUMER_KEY&oauth_nonce=$(openssl rand -hex 16)"
parameters="$parameters&oauth_signature_method=HMAC-SHA256&oauth_timestamp=$(date +%s)"
parameters="$parameters&oauth_token=$ACCESS_TOKEN&oauth_version=1.0"

base="GET&$(escape "$public$path")&$(escape "$parameters")"
key="$CONSUMER_SECRET&$ACCESS_TOKEN_SECRET"
signature=$(printf %s "$base" | openssl dgst -sha256 -hmac "$key" -binary | openssl base64 -A)

header=$(printf %s "$parameters" | sed 's/=/="/g; s/&/", /g')
curl --silent --show-error --fail-with-body --write-out '\nHTTP %{http_code}\n' \
  --path-as-is "$url$path" \
  -H "Authorization: OAuth $header\", oauth_signature=\"$(escape "$signature")\""
