-- SHA-256, HMAC-SHA256 and random bytes of the libcrypto that nginx itself is linked with.
local ffi = require 'ffi'

ffi.cdef [[
const void *EVP_sha256(void);
void *EVP_MD_CTX_new(void);
int EVP_DigestInit_ex(void *context, const void *type, void *engine);
int EVP_DigestUpdate(void *context, const char *bytes, size_t length);
int EVP_DigestFinal_ex(void *context, unsigned char *digest, unsigned int *length);
void *HMAC_CTX_new(void);
int HMAC_Init_ex(void *context, const char *key, int length, const void *type, void *engine);
int HMAC_Update(void *context, const char *bytes, size_t length);
int HMAC_Final(void *context, unsigned char *digest, unsigned int *length);
int RAND_bytes(unsigned char *bytes, int count);
]]

local C = ffi.C
local digest = ffi.new('unsigned char[32]')
local digits = ffi.new('unsigned char[64]')
local hex_digits = { string.byte('0123456789abcdef', 1, 16) }
local high, low = ffi.new('unsigned char[256]'), ffi.new('unsigned char[256]')
for byte = 0, 255 do
  high[byte] = hex_digits[math.floor(byte / 16) + 1]
  low[byte] = hex_digits[byte % 16 + 1]
end

local function hex(bytes, count)
  for index = 0, count - 1 do
    digits[2 * index] = high[bytes[index]]
    digits[2 * index + 1] = low[bytes[index]]
  end
  return ffi.string(digits, 2 * count)
end

local M = {}

local md = C.EVP_MD_CTX_new()
assert(C.EVP_DigestInit_ex(md, C.EVP_sha256(), nil) == 1)

-- Hex SHA-256.
function M.sha256(text)
  -- Without a type the one that is there is used again, and not looked up.
  assert(C.EVP_DigestInit_ex(md, nil, nil) == 1)
  C.EVP_DigestUpdate(md, text, #text)
  C.EVP_DigestFinal_ex(md, digest, nil)
  return hex(digest, 32)
end

-- A function that gives the hex HMAC-SHA256 of a text under a key, which is prepared once.
function M.hmac(key)
  local context = C.HMAC_CTX_new()
  assert(C.HMAC_Init_ex(context, key, #key, C.EVP_sha256(), nil) == 1)
  return function(text)
    assert(C.HMAC_Init_ex(context, nil, 0, nil, nil) == 1)
    C.HMAC_Update(context, text, #text)
    C.HMAC_Final(context, digest, nil)
    return hex(digest, 32)
  end
end

-- Whether two texts of one length are equal, in a time that does not tell where they differ.
function M.is_equal(one, other)
  if #one ~= #other then return false end
  local difference = 0
  for index = 1, #one do
    difference = bit.bor(difference, bit.bxor(one:byte(index), other:byte(index)))
  end
  return difference == 0
end

local pool_size = 4096
local pool = ffi.new('unsigned char[?]', pool_size)
local taken = pool_size

-- So many random bytes, at most 32, as hex.
function M.random_hex(count)
  if taken + count > pool_size then
    assert(C.RAND_bytes(pool, pool_size) == 1)
    taken = 0
  end
  taken = taken + count
  return hex(pool + (taken - count), count)
end

return M
