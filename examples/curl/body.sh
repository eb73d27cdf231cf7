#!/usr/bin/env bash
# Sets a stock with a request signed by scheme body (docs/signing.md), with curl and openssl.
# Usage: body.sh [SKU [QTY]]
# Environment: INTEGRATION_TOKEN, HMAC_SECRET; GATEWAY_URL if it is not http://127.0.0.1:8080
set -euo pipefail

url=${GATEWAY_URL:-http://127.0.0.1:8080}/rest/V1/magefine/inventaire
body=$(printf '{"sku":"%s","qty":%s}' "${1:-24-MB01}" "${2:-42}")
signature=$(printf %s "$body" | openssl dgst -sha256 -hmac "$HMAC_SECRET" -hex | sed 's/.* //')

curl --silent --show-error --fail-with-body --write-out '\nHTTP %{http_code}\n' \
  -X POST "$url" \
  -H "Authorization: Bearer $INTEGRATION_TOKEN" -H 'Content-Type: application/json' \
  -H "X-Signature: $signature" --data-binary "$body"
