#!/usr/bin/env bash
# Sets a stock with a request signed by scheme canonical (docs/signing.md), with curl and openssl.
# Environment: INTEGRATION_TOKEN, HMAC_SECRET; GATEWAY_URL if it is not http://127.0.0.1:8080
set -euo pipefail

url=${GATEWAY_URL:-http://127.0.0.1:8080}
method=POST
path=/rest/V1/magefine/inventaire
query=
body='{"sku":"24-MB01","qty":42}'

timestamp=$(date +%s)
nonce=$(openssl rand -hex 16)
digest=$(printf %s "$body" | openssl dgst -sha256 -hex | sed 's/.* //')
canonical=$(printf '%s\n' magegate-v1 "$timestamp" "$nonce" "$method" "$path" "$query" "$digest")
signature=$(printf %s "$canonical" | openssl dgst -sha256 -hmac "$HMAC_SECRET" -hex | sed 's/.* //')

curl --silent --show-error --fail-with-body --write-out '\nHTTP %{http_code}\n' \
  --path-as-is -X "$method" "$url$path" \
  -H "Authorization: Bearer $INTEGRATION_TOKEN" -H 'Content-Type: application/json' \
  -H "X-Timestamp: $timestamp" -H "X-Nonce: $nonce" -H "X-Signature: $signature" \
  --data-binary "$body"
