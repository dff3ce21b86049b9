-- Run by wrk. Asks what is in a file, one request after the other and again from the first, and counts what came
-- by its status and by what the page cache says: wrk's own report counts a 304 as it counts a 200.
-- Behind `--`: the file. Its requests are separated by lines of "--"; @NUMBER@ in one is another number each time.

local asked, at, number = {}, 0, 0
local threads = {}
counts = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  local file = assert(io.open(args[1], "rb"))
  for each in (file:read("*a") .. "--\n"):gmatch("(.-)%-%-\n") do
    table.insert(asked, each)
  end
  file:close()
  counts = {}
end

function request()
  at = at % #asked + 1
  local said = asked[at]
  if said:find("@NUMBER@", 1, true) then
    number = number + 1
    said = said:gsub("@NUMBER@", number, 1)
  end
  return said
end

function response(status, headers, body)
  local cache = (headers["Cache-Status"] or ""):match("erp%-widgets%-pages; (%a+)") or "-"
  local kind = status .. " " .. cache
  counts[kind] = (counts[kind] or 0) + 1
end

-- A line of JSON behind wrk's report. Times are in microseconds; errors are those of connections, since a status
-- is counted above.
function done(summary, latency, requests)
  local totals, parts = {}, {}
  for _, thread in ipairs(threads) do
    for kind, count in pairs(thread:get("counts")) do
      totals[kind] = (totals[kind] or 0) + count
    end
  end
  for kind, count in pairs(totals) do
    table.insert(parts, string.format('"%s": %d', kind, count))
  end
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "duration": %d, "p50": %d, "p99": %d, "errors": %d, "counts": {%s}}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.timeout, table.concat(parts, ", ")))
end
