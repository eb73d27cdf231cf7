#!/usr/bin/env bash
# Reads the stock of one product: get-inventory.sh [SKU]
set -euo pipefail

gateway_url=${GATEWAY_URL:-http://127.0.0.1:8080}
token=${INTEGRATION_TOKEN:?the bearer token of the integration}
sku=${1:-24-MB01}

# Other characters would have to be percent-encoded.
if [[ ! $sku =~ ^[A-Za-z0-9._-]+$ ]]; then
  echo 'usage: get-inventory.sh [SKU]' >&2
  exit 2
fi

# The token comes in on standard input: arguments show in the list of processes.
answer=$(curl --silent --show-error --max-time 60 --write-out '\n%{http_code}' \
  --header @- \
  "$gateway_url/rest/V1/magefine/inventaire/$sku" <<<"Authorization: Bearer $token")

status=${answer##*$'\n'}
printf 'HTTP %s\n%s\n' "$status" "${answer%$'\n'*}"
[[ $status == 2* ]]
