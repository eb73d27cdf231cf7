-- The part of JSON Schema that the bodies of the benchmark need, compiled to functions that tell whether a
-- value fits. An empty list and an empty object are one to cjson, so each passes for the other.
local M = {}

local function is_list(value)
  return type(value) == 'table' and (value[1] ~= nil or next(value) == nil)
end

local function is_object(value)
  return type(value) == 'table' and value[1] == nil
end

local function length_of(text)
  if not text:find('[\128-\255]') then return #text end
  local _, continuations = text:gsub('[\128-\191]', '')
  return #text - continuations
end

local compilers = {}

function compilers.number()
  return function(value) return type(value) == 'number' end
end

function compilers.string(schema)
  local max_length = schema.maxLength or math.huge
  return function(value) return type(value) == 'string' and length_of(value) <= max_length end
end

function compilers.array(schema)
  local fits = M.compile(schema.items)
  return function(value)
    if not is_list(value) then return false end
    for index = 1, #value do
      if not fits(value[index]) then return false end
    end
    return true
  end
end

function compilers.object(schema)
  local members = {}
  for name, member in pairs(schema.properties) do members[name] = M.compile(member) end
  local required = schema.required
  return function(value)
    if not is_object(value) then return false end
    for index = 1, #required do
      if value[required[index]] == nil then return false end
    end
    for name, member in pairs(value) do
      local fits = members[name]
      if fits == nil or not fits(member) then return false end
    end
    return true
  end
end

local understood = { type = 1, required = 1, properties = 1, items = 1, maxLength = 1, additionalProperties = 1 }

-- Throws for a schema that says more than is understood here.
function M.compile(schema)
  for keyword in pairs(schema) do assert(understood[keyword], keyword) end
  assert(schema.type ~= 'object' or schema.additionalProperties == false)
  return compilers[schema.type](schema)
end

return M
