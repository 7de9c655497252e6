-- title: Honest use at the same time
-- question: Which accounts were used by their owners while a forged token of theirs was in use?
-- unit: account
-- columns: account, forged requests, honest requests between the first and the last of them, honest addresses
-- order: most honest requests first
WITH forged AS (
  SELECT token_subject, MIN(event_time) AS first_seen, MAX(event_time) AS last_seen, COUNT(*) AS forged_request_count
  FROM accesses WHERE verdict = 'forged' GROUP BY token_subject
)
SELECT f.token_subject AS account, f.first_seen, f.last_seen, f.forged_request_count,
       COUNT(*) AS honest_request_count, COUNT(DISTINCT h.source_ip) AS honest_address_count
FROM forged AS f
JOIN accesses AS h ON h.token_subject = f.token_subject
WHERE h.verdict = 'legitimate' AND h.event_time BETWEEN f.first_seen AND f.last_seen
GROUP BY f.token_subject, f.first_seen, f.last_seen, f.forged_request_count
ORDER BY honest_request_count DESC, account
