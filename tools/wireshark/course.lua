-- Shows the frames of labs 8 and 9 and the datagrams of lab 10 in Wireshark and tshark.
--
--   wireshark -X lua_script:tools/wireshark/course.lua
--
-- Filters: lab8.verb == "ASK", lab8.message contains "hello", lab10.seq == 3, _ws.expert. The ports
-- are 9090; another one is a preference, or "Decode As..." (lab8, lab10).
--
-- Passwords and tokens are not shown here: neither in the tree nor in the info column. Whatever a
-- client says before the server's OK is taken for one, unless it answers ASK name just then. So
-- where a capture begins in mid-conversation, or a client answers before it is asked, more is
-- hidden than would have to be. The bytes themselves are in the capture: the bytes pane, "Follow
-- stream" and the fields of TCP and UDP (payload, reassembled data) still have them. So has the
-- file.

local HIDDEN = "(hidden)"

-- ---- Text ---------------------------------------------------------------------------------------

-- The well-formed characters of UTF-8, by their number of bytes: RFC 3629, section 4.
local CHARACTERS = {
  "^[\0-\127]", "^[\194-\223][\128-\191]",
  "^\224[\160-\191][\128-\191]", "^[\225-\236\238\239][\128-\191][\128-\191]",
  "^\237[\128-\159][\128-\191]", "^\240[\144-\191][\128-\191][\128-\191]",
  "^[\241-\243][\128-\191][\128-\191][\128-\191]", "^\244[\128-\143][\128-\191][\128-\191]",
}

-- How many characters there are, or nil if it is no UTF-8.
local function count_characters(text)
  local count, at = 0, 1
  while at <= #text do
    local last
    for _, pattern in ipairs(CHARACTERS) do
      last = last or select(2, text:find(pattern, at))
    end
    if not last then return nil end
    count, at = count + 1, last + 1
  end
  return count
end

-- C0, DEL, and C1 (two bytes in UTF-8).
local function has_controls(text)
  return text:find("[\0-\31\127]") or text:find("\194[\128-\159]")
end

local function escaped(text)
  local function escape(control) return ("\\x%02x"):format(control:byte(-1)) end
  return (text:gsub("[\0-\31\127]", escape):gsub("\194[\128-\159]", escape))
end

-- The first protocol in a packet sets the columns; each further message of it is added.
local function show_in_columns(pinfo, protocol, text)
  if tostring(pinfo.cols.protocol) ~= protocol then
    pinfo.cols.protocol = protocol
    pinfo.cols.info = text
  else
    pinfo.cols.info:append(" | " .. text)
  end
end

-- A preference for the port, and an entry in "Decode As...".
local function register(proto, table_name, default)
  local ports, current = DissectorTable.get(table_name), default
  proto.prefs.port = Pref.uint("Port", default, "The server's port")
  ports:add(current, proto)
  function proto.prefs_changed()
    ports:remove(current, proto)
    current = proto.prefs.port
    ports:add(current, proto)
  end
end

-- ---- Labs 8 and 9: frames -----------------------------------------------------------------------

local HEADER = 4
local MAX_PAYLOAD = 1048576

local lab8 = Proto("lab8", "Frame of lab 8 or 9")
local frame = {
  length = ProtoField.uint32("lab8.length", "Length"),
  verb = ProtoField.string("lab8.verb", "Verb"),
  what = ProtoField.string("lab8.what", "What"),
  text = ProtoField.string("lab8.text", "Text"),
  answer = ProtoField.string("lab8.answer", "Answer"),
  message = ProtoField.string("lab8.message", "Message"),
}
lab8.fields = frame
local too_long = ProtoExpert.new("lab8.too_long", "A length of more than 1,048,576",
                                 expert.group.MALFORMED, expert.severity.ERROR)
local no_text = ProtoExpert.new("lab8.no_utf8", "The payload is no UTF-8",
                                expert.group.MALFORMED, expert.severity.ERROR)
lab8.experts = {too_long, no_text}

local conversations  -- by the client's and the server's address: what was asked and answered
local verdicts       -- by frame: a packet is dissected again whenever somebody looks at it

function lab8.init() conversations, verdicts = {}, {} end

-- What a frame of the server's is. Once a client is in, it is a message, whatever it looks like;
-- but for the one with which a next conversation between the same two addresses begins.
local function judge_server(talk, payload)
  if payload:find("^ASK token ") then
    talk.asked, talk.answers, talk.inside, talk.leaving = {}, 0, false, false
  end
  if talk.inside and not talk.leaving then return {message = payload} end
  local verb, rest = payload:match("^(%u+) ?(.*)$")
  if verb == "ASK" then
    local what, text = rest:match("^(%S+) ?(.*)$")
    table.insert(talk.asked, what or "")
    return {verb = verb, what = what, text = text}
  elseif verb == "OK" or verb == "ERR" then
    talk.inside = talk.inside or verb == "OK"
    return {verb = verb, text = rest}
  elseif verb == "TOKEN" then
    return {verb = verb, text = HIDDEN}
  end
  return {message = HIDDEN}
end

-- What a frame of the client's is: its n-th one answers the n-th question, as long as it is asked.
local function judge_client(talk, payload)
  talk.answers = talk.answers + 1
  if talk.inside and talk.answers > #talk.asked then
    talk.leaving = talk.leaving or payload == "logout"
    return {message = payload}
  end
  local what = talk.answers == #talk.asked and talk.asked[talk.answers] or nil
  return {what = what, answer = what == "name" and payload or HIDDEN}
end

local function judge(tvb, pinfo, payload)
  local key = pinfo.number .. "/" .. tvb:offset() .. "/" .. tvb:len()
  if not (pinfo.visited and verdicts[key]) then
    local from = tostring(pinfo.src) .. " " .. pinfo.src_port
    local to = tostring(pinfo.dst) .. " " .. pinfo.dst_port
    local from_server = pinfo.src_port == pinfo.match
    local ends = from_server and to .. " " .. from or from .. " " .. to
    conversations[ends] = conversations[ends] or {asked = {}, answers = 0}
    verdicts[key] = (from_server and judge_server or judge_client)(conversations[ends], payload)
  end
  return verdicts[key]
end

local function dissect_frame(tvb, pinfo, tree)
  local length = tvb(0, HEADER):uint()
  local item = tree:add(lab8, tvb())
  local length_item = item:add(frame.length, tvb(0, HEADER))
  if length > MAX_PAYLOAD then
    length_item:add_proto_expert_info(too_long)
    show_in_columns(pinfo, "LAB8", "malformed: a length of " .. length)
    return tvb:len()
  end
  local payload = length > 0 and tvb:raw(HEADER, length) or ""
  if not count_characters(payload) then
    item:add_proto_expert_info(no_text)
    show_in_columns(pinfo, "LAB8", "malformed: no UTF-8")
    return tvb:len()
  end

  local verdict = judge(tvb, pinfo, payload)
  local words = {}
  for _, name in ipairs({"verb", "what", "text", "answer", "message"}) do
    if verdict[name] then
      item:add(frame[name], tvb(length > 0 and HEADER or 0), verdict[name])
      table.insert(words, escaped(verdict[name]))
    end
  end
  local kind = verdict.answer and "answer: " or verdict.message and "message: " or ""
  item:append_text(", " .. kind .. table.concat(words, " "))
  show_in_columns(pinfo, "LAB8", kind .. table.concat(words, " "))
  return tvb:len()
end

-- A length that cannot be is not waited for.
local function frame_size(tvb, _, offset)
  local length = tvb(offset, HEADER):uint()
  return length <= MAX_PAYLOAD and HEADER + length or tvb:len() - offset
end

function lab8.dissector(tvb, pinfo, tree)
  dissect_tcp_pdus(tvb, tree, HEADER, frame_size, dissect_frame)
  return tvb:len()
end

register(lab8, "tcp.port", 9090)

-- ---- Lab 10: datagrams --------------------------------------------------------------------------

local MAX_DATAGRAM, MAX_TEXT, MAX_NICK = 1200, 1000, 32

local lab10 = Proto("lab10", "Datagram of lab 10")
local datagram = {
  verb = ProtoField.string("lab10.verb", "Verb"),
  token = ProtoField.string("lab10.token", "Token"),
  cookie = ProtoField.string("lab10.cookie", "Cookie"),
  seq = ProtoField.uint64("lab10.seq", "Seq"),
  id = ProtoField.uint64("lab10.id", "Id"),
  nick = ProtoField.string("lab10.nick", "Nick"),
  nicks = ProtoField.string("lab10.nicks", "Nicks"),
  why = ProtoField.string("lab10.why", "Why"),
  text = ProtoField.string("lab10.text", "Text"),
}
lab10.fields = datagram
local malformed = ProtoExpert.new("lab10.malformed", "Malformed", expert.group.MALFORMED,
                                  expert.severity.ERROR)
lab10.experts = {malformed}

-- What stands behind each verb; "nicks" and "why" are all the rest. A text is a second line.
local CLIENT = {
  JOIN = {"nick", "cookie", optional = "cookie"}, SAY = {"token", "seq", text = true},
  PING = {"token"}, WHO = {"token"}, LEAVE = {"token"}, ACK = {"token", "id"},
}
local SERVER = {
  COOKIE = {"cookie"}, WELCOME = {"token"}, ERROR = {"why"}, ACK = {"seq"},
  MSG = {"id", "nick", text = true}, NOTE = {"id", text = true},
  PONG = {}, MEMBERS = {"nicks"}, BYE = {},
}
local IS_REST = {nicks = true, why = true}
local IS_NUMBER = {seq = true, id = true}

local function check_value(name, value)
  if IS_NUMBER[name] and not (value:find("^%d+$") and value:find("[1-9]")) then
    return name .. " is no number from 1"
  elseif name == "nick" and (has_controls(value) or count_characters(value) > MAX_NICK) then
    return "no nick"
  end
end

-- Pairs of a field's name and its value, in order; or nil, and what is wrong.
local function parse(bytes, grammars)
  if #bytes > MAX_DATAGRAM then return nil, "more than 1,200 bytes" end
  if not count_characters(bytes) then return nil, "no UTF-8" end
  local line, text = bytes:match("^([^\n]*)\n?(.*)$")
  local verb, rest = line:match("^(%S+) ?(.*)$")
  local grammar = grammars[verb]
  if not grammar then return nil, "no verb" end
  if (bytes:find("\n") ~= nil) ~= (grammar.text or false) then
    return nil, grammar.text and "the text is missing" or "a text that does not belong here"
  elseif #text > MAX_TEXT or has_controls(text:gsub("\t", " ")) then
    return nil, "the text is too long, or has control characters"
  end

  local found = {{"verb", verb}}
  for _, name in ipairs(grammar) do
    local value, after = rest:match(IS_REST[name] and "^(.+)()$" or "^([^ ]+) ?()")
    local wrong = value and check_value(name, value)
    if wrong then return nil, wrong end
    if value then
      table.insert(found, {name, value})
      rest = rest:sub(after)
    elseif name ~= grammar.optional then
      return nil, name .. " is missing"
    end
  end
  if rest ~= "" or line:find(" $") then return nil, "more words than belong here" end
  if grammar.text then table.insert(found, {"text", text}) end
  return found
end

function lab10.dissector(tvb, pinfo, tree)
  local item = tree:add(lab10, tvb())
  local bytes = tvb:len() > 0 and tvb:raw() or ""
  local found, wrong = parse(bytes, pinfo.src_port == pinfo.match and SERVER or CLIENT)
  if not found then
    item:add_proto_expert_info(malformed, "Malformed: " .. wrong)
    show_in_columns(pinfo, "LAB10", "malformed: " .. wrong)
    return tvb:len()
  end
  local words = {}
  for _, pair in ipairs(found) do
    local name, value = pair[1], pair[2]
    if name == "token" then value = HIDDEN end
    item:add(datagram[name], tvb(), IS_NUMBER[name] and UInt64(value) or value)
    table.insert(words, (name == "verb" and "" or name == "text" and ": " or " ") .. escaped(value))
  end
  local summary = table.concat(words)
  item:append_text(", " .. summary)
  show_in_columns(pinfo, "LAB10", summary)
  return tvb:len()
end

register(lab10, "udp.port", 9090)
