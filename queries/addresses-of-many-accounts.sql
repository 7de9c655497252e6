-- title: Addresses of many accounts
-- question: Which addresses used tokens of more accounts than a household has?
-- unit: address, account
-- param: most:bigint = 10  Addresses with at most so many accounts are left out.
-- columns: address, accounts, tokens, forged tokens, requests, first and last
-- order: most accounts first, address
SELECT source_ip, COUNT(DISTINCT token_subject) AS account_count, COUNT(DISTINCT fingerprint) AS token_count,
       COUNT(DISTINCT CASE WHEN verdict = 'forged' THEN fingerprint END) AS forged_token_count,
       COUNT(*) AS request_count, MIN(event_time) AS first_seen, MAX(event_time) AS last_seen
FROM accesses
GROUP BY source_ip
HAVING COUNT(DISTINCT token_subject) > CAST($most AS BIGINT)
ORDER BY account_count DESC, source_ip
