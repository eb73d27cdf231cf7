<?php
// Reads a product with a request signed by OAuth 1.0a (docs/signing.md).
// Usage: php oauth1.php [SKU]
// Environment: CONSUMER_KEY, CONSUMER_SECRET, ACCESS_TOKEN, ACCESS_TOKEN_SECRET; GATEWAY_URL if it is
// not http://127.0.0.1:8080, GATEWAY_PUBLIC_URL if its public name is another
declare(strict_types=1);

$url = getenv('GATEWAY_URL') ?: 'http://127.0.0.1:8080';
$public = getenv('GATEWAY_PUBLIC_URL') ?: $url;
$path = '/rest/V1/products/' . rawurlencode($argv[1] ?? '24-MB01');
$query = ['fields' => 'sku,name'];

$oauth = [
    'oauth_consumer_key' => getenv('CONSUMER_KEY'),
    'oauth_nonce' => bin2hex(random_bytes(16)),
    'oauth_signature_method' => 'HMAC-SHA256',
    'oauth_timestamp' => (string) time(),
    'oauth_token' => getenv('ACCESS_TOKEN'),
    'oauth_version' => '1.0',
];
$parameters = $oauth + $query;
ksort($parameters, SORT_STRING);
$base = implode('&', array_map('rawurlencode', [
    'GET', $public . $path, http_build_query($parameters, '', '&', PHP_QUERY_RFC3986),
]));
$key = rawurlencode((string) getenv('CONSUMER_SECRET')) . '&'
    . rawurlencode((string) getenv('ACCESS_TOKEN_SECRET'));
$oauth['oauth_signature'] = base64_encode(hash_hmac('sha256', $base, $key, true));

$fields = [];
foreach ($oauth as $name => $value) {
    $fields[] = $name . '="' . rawurlencode($value) . '"';
}
$request = curl_init($url . $path . '?' . http_build_query($query, '', '&', PHP_QUERY_RFC3986));
curl_setopt_array($request, [
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_PATH_AS_IS => true,
    CURLOPT_HTTPHEADER => ['Authorization: OAuth ' . implode(', ', $fields)],
]);
$answer = curl_exec($request);
$status = curl_getinfo($request, CURLINFO_RESPONSE_CODE);
echo "HTTP $status\n$answer\n";
exit($status >= 200 && $status < 300 ? 0 : 1);
