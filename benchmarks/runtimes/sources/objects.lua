-- A hundred thousand strings of 1 KB; each line of input is answered with what LuaJIT counts.
local kept = require("table.new")(100000, 0)
for number = 1, 100000 do kept[number] = string.rep("x", 1000) .. number end
collectgarbage()
print("ready")
io.stdout:flush()
for _ in io.lines() do
  print(string.format('{"count": %d, "kept": %d}', collectgarbage("count") * 1024, #kept))
  io.stdout:flush()
end
