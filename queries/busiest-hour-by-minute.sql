-- title: The busiest hour by minute
-- question: How many requests a minute did the attacker make at most?
-- unit: request
-- columns: minute (UTC), requests, addresses, tokens
-- order: minute
WITH busiest AS (
  SELECT date_trunc('hour', event_time) AS hour
  FROM attacker_requests
  GROUP BY date_trunc('hour', event_time)
  ORDER BY COUNT(*) DESC, hour
  LIMIT 1
)
SELECT date_trunc('minute', r.event_time) AS minute, COUNT(*) AS request_count,
       COUNT(DISTINCT r.source_ip) AS address_count, COUNT(DISTINCT r.fingerprint) AS token_count
FROM attacker_requests AS r
JOIN busiest AS b ON date_trunc('hour', r.event_time) = b.hour
GROUP BY date_trunc('minute', r.event_time)
ORDER BY minute
