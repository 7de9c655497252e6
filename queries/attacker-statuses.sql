-- title: Answers to the attacker
-- question: How did the service answer forged tokens?
-- unit: request, byte
-- columns: page, status, requests, bytes, first and last
-- order: page, status
SELECT page, status, COUNT(*) AS request_count, SUM(body_bytes) AS body_bytes,
       MIN(event_time) AS first_seen, MAX(event_time) AS last_seen
FROM attacker_requests
GROUP BY page, status
ORDER BY page, status
