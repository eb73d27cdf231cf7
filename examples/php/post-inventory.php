<?php

// Sets the stock of one product, signed: php post-inventory.php [SKU [QTY]]

declare(strict_types=1);

$gatewayUrl = getenv('GATEWAY_URL') ?: 'http://127.0.0.1:8080';
$token = getenv('INTEGRATION_TOKEN');
$secret = getenv('HMAC_SECRET');
if (!$token || !$secret) {
    fwrite(STDERR, "INTEGRATION_TOKEN and HMAC_SECRET must be set\n");
    exit(2);
}

$payload = json_encode(
    ['sku' => $argv[1] ?? '24-MB01', 'qty' => 0 + ($argv[2] ?? 42)],
    JSON_THROW_ON_ERROR,
);
// Over the very bytes that are sent: do not encode the payload a second time.
$signature = hash_hmac('sha256', $payload, $secret);

$request = curl_init($gatewayUrl . '/rest/V1/magefine/inventaire');
curl_setopt_array($request, [
    CURLOPT_POSTFIELDS => $payload,
    CURLOPT_HTTPHEADER => [
        'Content-Type: application/json',
        'Authorization: Bearer ' . $token,
        'X-Signature: ' . $signature,
    ],
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_TIMEOUT => 60,
]);
$body = curl_exec($request);
if ($body === false) {
    fwrite(STDERR, curl_error($request) . "\n");
    exit(1);
}

$status = curl_getinfo($request, CURLINFO_RESPONSE_CODE);
echo "HTTP $status\n$body\n";
exit($status >= 200 && $status < 300 ? 0 : 1);
