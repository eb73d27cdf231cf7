#!/usr/bin/env bash
# Sets the stock of one product: post-inventory.sh [SKU [QTY]]
set -euo pipefail

gateway_url=${GATEWAY_URL:-http://127.0.0.1:8080}
token=${INTEGRATION_TOKEN:?the bearer token of the integration}
sku=${1:-24-MB01}
qty=${2:-42}

# Both go into the JSON as they are.
if [[ ! $sku =~ ^[A-Za-z0-9._-]+$ || ! $qty =~ ^(0|[1-9][0-9]*)(\.[0-9]+)?$ ]]; then
  echo 'usage: post-inventory.sh [SKU [QTY]]' >&2
  exit 2
fi

# The token comes in on standard input: arguments show in the list of processes.
answer=$(curl --silent --show-error --max-time 60 --write-out '\n%{http_code}' \
  --header @- \
  --header 'Content-Type: application/json' \
  --data-binary "{\"sku\":\"$sku\",\"qty\":$qty}" \
  "$gateway_url/rest/V1/magefine/inventaire" <<<"Authorization: Bearer $token")

status=${answer##*$'\n'}
printf 'HTTP %s\n%s\n' "$status" "${answer%$'\n'*}"
[[ $status == 2* ]]
