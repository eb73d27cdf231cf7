<?php
// Sets a stock with a request signed by scheme canonical (docs/signing.md).
// Environment: INTEGRATION_TOKEN, HMAC_SECRET; GATEWAY_URL if it is not http://127.0.0.1:8080
declare(strict_types=1);

$url = getenv('GATEWAY_URL') ?: 'http://127.0.0.1:8080';
$method = 'POST';
$path = '/rest/V1/magefine/inventaire';
$query = '';
$body = json_encode(['sku' => '24-MB01', 'qty' => 42], JSON_THROW_ON_ERROR);

$timestamp = (string) time();
$nonce = bin2hex(random_bytes(16));
$canonical = implode("\n", [
    'magegate-v1', $timestamp, $nonce, $method, $path, $query, hash('sha256', $body),
]);
$signature = hash_hmac('sha256', $canonical, (string) getenv('HMAC_SECRET'));

$request = curl_init($url . $path . ($query === '' ? '' : "?$query"));
curl_setopt_array($request, [
    CURLOPT_CUSTOMREQUEST => $method,
    CURLOPT_POSTFIELDS => $body,
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_PATH_AS_IS => true,
    CURLOPT_HTTPHEADER => [
        'Authorization: Bearer ' . getenv('INTEGRATION_TOKEN'),
        'Content-Type: application/json',
        "X-Timestamp: $timestamp",
        "X-Nonce: $nonce",
        "X-Signature: $signature",
    ],
]);
$answer = curl_exec($request);
$status = curl_getinfo($request, CURLINFO_RESPONSE_CODE);
echo "HTTP $status\n$answer\n";
exit($status >= 200 && $status < 300 ? 0 : 1);
