-- title: Requests of one token
-- question: Where and for what was one token used?
-- unit: request
-- param: token = none  The fingerprint or the id of the token.
-- columns: time, place, address, what was asked and answered
-- order: time, place
SELECT event_time, evidence_id, line_no, source_ip, method, path, page, status, body_bytes, user_agent
FROM accesses
WHERE fingerprint = $token OR token_id = $token
ORDER BY event_time, evidence_id, line_no
