<?php
// Lets nothing reach Magento that did not come through the gateway: verifies the signature that
// `magento.upstreamSignature` puts on every request. Put it in front of Magento's pub/index.php with
// `auto_prepend_file`, for the paths below /rest/.
// Environment: GATEWAY_SIGNATURE_SECRET, and while it is replaced GATEWAY_SIGNATURE_NEXT_SECRET;
// GATEWAY_SIGNATURE_SCHEME, rfc9421 (the default) or body; PUBLIC_AUTHORITY, the host of `magento.publicUrl`
declare(strict_types=1);

/** The gateway covers these, and content-digest with a body; fewer are not enough. */
const COVERED = ['@method', '@authority', '@path', '@query'];

function isFromGateway(string $body): bool
{
    foreach (['GATEWAY_SIGNATURE_SECRET', 'GATEWAY_SIGNATURE_NEXT_SECRET'] as $name) {
        $secret = (string) getenv($name);
        if ($secret !== '' && isSigned($body, $secret)) {
            return true;
        }
    }
    return false;
}

function isSigned(string $body, string $secret): bool
{
    if (getenv('GATEWAY_SIGNATURE_SCHEME') === 'body') {
        $expected = hash_hmac('sha256', $body, $secret);
        return hash_equals($expected, $_SERVER['HTTP_X_SIGNATURE'] ?? '');
    }
    return isSignedMessage($body, $secret);
}

/** RFC 9421, section 3.2, for the one form that the gateway writes. */
function isSignedMessage(string $body, string $secret): bool
{
    $input = $_SERVER['HTTP_SIGNATURE_INPUT'] ?? '';
    $form = '/^sig1=(\(((?:"[a-z@-]+" ?)+)\);created=(\d+);expires=(\d+);[^,]*;alg="hmac-sha256"[^,]*)$/D';
    if (preg_match($form, $input, $match) !== 1) {
        return false;
    }
    [, $parameters, $names, $created, $expires] = $match;
    $components = explode(' ', str_replace('"', '', $names));
    $needed = $body === '' ? COVERED : [...COVERED, 'content-digest'];
    if (array_diff($needed, $components) !== [] || time() < $created - 30 || time() > $expires + 30) {
        return false;
    }
    if ($body !== '') {
        $digest = 'sha-256=:' . base64_encode(hash('sha256', $body, true)) . ':';
        if (!hash_equals($digest, $_SERVER['HTTP_CONTENT_DIGEST'] ?? '')) {
            return false;
        }
    }
    $base = '';
    foreach ($components as $name) {
        $base .= "\"$name\": " . componentValue($name) . "\n";
    }
    $base .= "\"@signature-params\": $parameters";
    $expected = 'sig1=:' . base64_encode(hash_hmac('sha256', $base, $secret, true)) . ':';
    return hash_equals($expected, $_SERVER['HTTP_SIGNATURE'] ?? '');
}

function componentValue(string $name): string
{
    [$path, $query] = explode('?', $_SERVER['REQUEST_URI'], 2) + [1 => ''];
    return match ($name) {
        '@method' => $_SERVER['REQUEST_METHOD'],
        '@authority' => (string) getenv('PUBLIC_AUTHORITY'),
        '@path' => $path,
        '@query' => "?$query",
        'content-type' => $_SERVER['CONTENT_TYPE'] ?? '',
        default => $_SERVER['HTTP_' . strtoupper(strtr($name, '-', '_'))] ?? '',
    };
}

if (!isFromGateway((string) file_get_contents('php://input'))) {
    http_response_code(403);
    header('Content-Type: application/json');
    echo json_encode(['message' => 'Use the gateway.']);
    exit;
}
