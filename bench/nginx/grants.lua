-- Which addresses and routes an integration has, compiled once.
local M = {}

local function number_of(binary)
  local one, two, three, four = binary:byte(1, 4)
  return ((one * 256 + two) * 256 + three) * 256 + four
end

-- Ranges as 127.0.0.0/8, IPv4 alone, to a function that tells whether a binary address is in one.
function M.compile_addresses(ranges)
  local compiled = {}
  for index, range in ipairs(ranges) do
    local one, two, three, four, bits = range:match('^(%d+)%.(%d+)%.(%d+)%.(%d+)/(%d+)$')
    local size = 2 ^ (32 - tonumber(bits))
    local first = number_of(string.char(one, two, three, four))
    compiled[index] = { first = first, last = first + size - 1 }
  end
  return function(binary)
    if #binary ~= 4 then return false end
    local address = number_of(binary)
    for index = 1, #compiled do
      local range = compiled[index]
      if address >= range.first and address <= range.last then return true end
    end
    return false
  end
end

local strict = [[^/rest/(?:[A-Za-z0-9_]+/)?V1(?:/(?!\.{1,2}(?:/|$))(?:[A-Za-z0-9._~-]|%(?!25|2[Ff]|[01])[0-9A-Fa-f]{2})+)+$]]

-- The path of a request target without a query, undefined when it is not of the one grammar.
function M.strict_path(target)
  return ngx.re.find(target, strict, 'jo') and target
end

-- Patterns as `GET /V1/products/:sku` to a function that gives the pattern that grants a request.
function M.compile_routes(patterns)
  local compiled = {}
  for index, pattern in ipairs(patterns) do
    local method, path = pattern:match('^(%u+) (/.*)$')
    local escaped = path:gsub('[-.]', '\\%0'):gsub(':%w+', '[^/]+')
    compiled[index] = { method = method, pattern = pattern, form = '^/rest/(?:[A-Za-z0-9_]+/)?' .. escaped:sub(2) .. '$' }
  end
  return function(method, path)
    for index = 1, #compiled do
      local route = compiled[index]
      if route.method == method and ngx.re.find(path, route.form, 'jo') then return route.pattern end
    end
  end
end

return M
