-- Signed pushes for wrk: bodies and their signatures from $LOAD, one delivery id for each request.
local bodies, signatures = {}, {}
local file = io.open(os.getenv("LOAD"), "rb")
while true do
    local line = file:read("*l")
    if not line then break end
    local signature, size = line:match("^(%S+) (%d+)$")
    signatures[#signatures + 1] = signature
    bodies[#bodies + 1] = file:read(tonumber(size))
    file:read(1)
end
file:close()

local threads = 0
function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

local sent = 0
function request()
    sent = sent + 1
    local at = (sent % #bodies) + 1
    return wrk.format("POST", os.getenv("TARGET"), {
        ["Content-Type"] = "application/json",
        ["X-GitHub-Event"] = "push",
        ["X-GitHub-Delivery"] = string.format("%s-%d-%d", os.getenv("RUN"), number, sent),
        ["X-Hub-Signature-256"] = signatures[at],
    }, bodies[at])
end
