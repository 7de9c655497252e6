-- title: The attack by hour
-- question: How many requests, addresses and accounts were there in each hour of the attack?
-- unit: request
-- columns: hour (UTC), requests, addresses, tokens, accounts
-- order: hour
SELECT date_trunc('hour', event_time) AS hour, COUNT(*) AS request_count,
       COUNT(DISTINCT source_ip) AS address_count, COUNT(DISTINCT fingerprint) AS token_count,
       COUNT(DISTINCT token_subject) AS account_count
FROM attacker_requests
GROUP BY date_trunc('hour', event_time)
ORDER BY hour
