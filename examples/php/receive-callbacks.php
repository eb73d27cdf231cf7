<?php
// Takes call-backs of the gateway (docs/callbacks.md): verifies each, keeps it once, and answers 204.
// Environment: CALLBACK_SECRET (whsec_…), CALLBACK_INBOX (a directory)
declare(strict_types=1);

/** Five minutes, as Standard Webhooks has it: an older one may be a copy of somebody else. */
const TOLERANCE_SECONDS = 300;
const LIMIT_BYTES = 65536;

/** Whether the bytes of the body are what the gateway signed, under this id and a moment ago. */
function isFromGateway(string $key, string $id, string $timestamp, string $signatures, string $body): bool
{
    if (preg_match('/^[A-Za-z0-9_-]{1,100}$/D', $id) !== 1 || preg_match('/^\d{1,12}$/D', $timestamp) !== 1) {
        return false;
    }
    if (abs(time() - (int) $timestamp) > TOLERANCE_SECONDS) {
        return false;
    }
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
    // While the secret is exchanged there are several; one of them is of ours.
    foreach (explode(' ', $signatures) as $given) {
        if (hash_equals($expected, $given)) {
            return true;
        }
    }
    return false;
}

function receive(): int
{
    $secret = (string) preg_replace('/^whsec_/', '', (string) getenv('CALLBACK_SECRET'));
    $key = (string) base64_decode($secret, true);
    $inbox = (string) getenv('CALLBACK_INBOX');
    if (strlen($key) < 24 || $inbox === '') {
        error_log('CALLBACK_SECRET or CALLBACK_INBOX is missing');
        return 500;
    }
    if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
        return 405;
    }
    // The raw bytes: parsed and written again they would be others.
    $body = (string) file_get_contents('php://input', false, null, 0, LIMIT_BYTES + 1);
    if (strlen($body) > LIMIT_BYTES) {
        return 413;
    }
    $id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
    $timestamp = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    if (!isFromGateway($key, $id, $timestamp, $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '', $body)) {
        return 401;
    }
    // First keep it, then answer: who answers first and fails then never hears of it again.
    $part = "$inbox/$id." . bin2hex(random_bytes(8)) . '.part';
    $file = fopen($part, 'x');
    $isWritten = $file !== false && fwrite($file, $body) === strlen($body) && fsync($file) && fclose($file);
    // The same one once more: taken already, and to be answered all the same.
    $isKept = $isWritten && (@link($part, "$inbox/$id.json") || file_exists("$inbox/$id.json"));
    @unlink($part);
    return $isKept ? 204 : 500;
}

http_response_code(receive());
