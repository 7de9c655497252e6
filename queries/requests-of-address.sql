-- title: Requests of one address
-- question: What did one address ask for, and with whose token?
-- unit: request
-- param: address = 203.0.113.1  The address, as in the frames.
-- columns: time, place, what was asked and answered, whose token and the verdict on it
-- order: time, place
SELECT r.event_time, r.evidence_id, r.line_no, r.tier, r.method, r.path, r.page, r.status, r.body_bytes,
       r.token_subject, a.fingerprint, a.verdict
FROM requests AS r
LEFT JOIN accesses AS a ON r.evidence_id = a.evidence_id AND r.line_no = a.line_no
WHERE r.source_ip = $address
ORDER BY r.event_time, r.evidence_id, r.line_no
