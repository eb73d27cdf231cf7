#!/usr/bin/env bash
# Sets a stock with a request signed by scheme rfc9421, hmac-sha256 (docs/signing.md), with curl and
# openssl.
# Environment: SIGNING_KEY_ID, HMAC_SECRET; GATEWAY_URL if it is not http://127.0.0.1:8080,
# GATEWAY_AUTHORITY if the gateway has another public name than the one in GATEWAY_URL
set -euo pipefail

url=${GATEWAY_URL:-http://127.0.0.1:8080}
authority=${GATEWAY_AUTHORITY:-${url#*://}}
method=POST
path=/rest/V1/magefine/inventaire
query=
body='{"sku":"24-MB01","qty":42}'

digest="sha-256=:$(printf %s "$body" | openssl dgst -sha256 -binary | openssl base64 -A):"
created=$(date +%s)
components='("@method" "@authority" "@path" "@query" "content-digest" "content-type")'
parameters="$components;created=$created;expires=$((created + 60));nonce=\"$(openssl rand -hex 16)\""
parameters="$parameters;keyid=\"$SIGNING_KEY_ID\";alg=\"hmac-sha256\";tag=\"magegate\""

base=$(printf '%s\n' \
  "\"@method\": $method" "\"@authority\": $authority" "\"@path\": $path" "\"@query\": ?$query" \
  "\"content-digest\": $digest" '"content-type": application/json' \
  "\"@signature-params\": $parameters")
signature=$(printf %s "$base" | openssl dgst -sha256 -hmac "$HMAC_SECRET" -binary | openssl base64 -A)

curl --silent --show-error --fail-with-body --write-out '\nHTTP %{http_code}\n' \
  --path-as-is -X "$method" "$url$path" \
  -H 'Content-Type: application/json' -H "Content-Digest: $digest" \
  -H "Signature-Input: sig1=$parameters" -H "Signature: sig1=:$signature:" --data-binary "$body"
