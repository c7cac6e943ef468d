-- Load for GET /verify/{token}: tokens in turn, every answer checked. Prints one line of JSON.
local tokens, key, position = {}, os.getenv("BENCH_KEY"), 0
for token in string.gmatch(os.getenv("BENCH_TOKENS"), "[^,]+") do table.insert(tokens, token) end

local threads = {}
function setup(thread) table.insert(threads, thread) end

function init() wrong = 0 end

function request()
  position = position % #tokens + 1
  return wrk.format("GET", "/api/v1/verify/" .. tokens[position], { ["Authorization"] = "Bearer " .. key })
end

function response(status, headers, body)
  if status ~= 200 or not string.find(body, '"valid":true', 1, true) then wrong = wrong + 1 end
end

function done(summary, latency)
  local wrong_answers = 0
  for _, thread in ipairs(threads) do wrong_answers = wrong_answers + thread:get("wrong") end
  local errors = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format('{"rps":%.1f,"p50_ms":%.3f,"p99_ms":%.3f,"requests":%d,"wrong":%d,"errors":%d}\n',
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    summary.requests, wrong_answers, errors))
end
