-- Forged passes by key and day (UTC) of their first use.
-- unit: token.
SELECT key_id, CAST(first_seen AS DATE) AS day, COUNT(*) AS token_count
FROM tokens
WHERE verdict = 'forged'
GROUP BY key_id, CAST(first_seen AS DATE)
ORDER BY day, key_id
