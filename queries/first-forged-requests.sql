-- title: The first forged requests
-- question: Where does the attack begin in the logs?
-- unit: request
-- columns: time, file and line, address, what was asked and answered, whose token, reason
-- order: time, place; 20 rows
SELECT a.event_time, e.path AS file, a.line_no, a.source_ip, a.method, a.path, a.status, a.token_subject,
       a.key_id, a.fingerprint, a.reason
FROM attacker_requests AS a
JOIN evidence AS e ON a.evidence_id = e.evidence_id
ORDER BY a.event_time, a.evidence_id, a.line_no
LIMIT 20
