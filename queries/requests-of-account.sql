-- title: Requests of one account
-- question: Which requests carried a token of one account, forged or not?
-- unit: request
-- param: account = none  The account, as in the tokens.
-- columns: time, place, address, what was asked and answered, the token and the verdict on it
-- order: time, place
SELECT event_time, evidence_id, line_no, source_ip, method, path, page, status, body_bytes, fingerprint, verdict, reason
FROM accesses
WHERE token_subject = $account
ORDER BY event_time, evidence_id, line_no
