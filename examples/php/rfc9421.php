<?php
// Sets a stock with a request signed by scheme rfc9421, hmac-sha256 (docs/signing.md).
// Environment: SIGNING_KEY_ID, HMAC_SECRET; GATEWAY_URL if it is not http://127.0.0.1:8080,
// GATEWAY_AUTHORITY if the gateway has another public name than the one in GATEWAY_URL
declare(strict_types=1);

$url = getenv('GATEWAY_URL') ?: 'http://127.0.0.1:8080';
$authority = getenv('GATEWAY_AUTHORITY') ?: preg_replace('#^https?://#', '', $url);
$method = 'POST';
$path = '/rest/V1/magefine/inventaire';
$query = '';
$body = json_encode(['sku' => '24-MB01', 'qty' => 42], JSON_THROW_ON_ERROR);

$digest = 'sha-256=:' . base64_encode(hash('sha256', $body, true)) . ':';
$covered = [
    '@method' => $method,
    '@authority' => $authority,
    '@path' => $path,
    '@query' => "?$query",
    'content-digest' => $digest,
    'content-type' => 'application/json',
];
$created = time();
$parameters = sprintf(
    '("%s");created=%d;expires=%d;nonce="%s";keyid="%s";alg="hmac-sha256";tag="magegate"',
    implode('" "', array_keys($covered)),
    $created,
    $created + 60,
    bin2hex(random_bytes(16)),
    getenv('SIGNING_KEY_ID'),
);
$base = '';
foreach ($covered as $name => $value) {
    $base .= "\"$name\": $value\n";
}
$base .= "\"@signature-params\": $parameters";
$signature = base64_encode(hash_hmac('sha256', $base, (string) getenv('HMAC_SECRET'), true));

$request = curl_init($url . $path . ($query === '' ? '' : "?$query"));
curl_setopt_array($request, [
    CURLOPT_CUSTOMREQUEST => $method,
    CURLOPT_POSTFIELDS => $body,
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_PATH_AS_IS => true,
    CURLOPT_HTTPHEADER => [
        'Content-Type: application/json',
        "Content-Digest: $digest",
        "Signature-Input: sig1=$parameters",
        "Signature: sig1=:$signature:",
    ],
]);
$answer = curl_exec($request);
$status = curl_getinfo($request, CURLINFO_RESPONSE_CODE);
echo "HTTP $status\n$answer\n";
exit($status >= 200 && $status < 300 ? 0 : 1);
