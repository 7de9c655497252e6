-- title: Forged passes by key and day
-- question: Under which key and on which day (UTC) were forged tokens first used?
-- unit: token
-- columns: key, day, tokens
-- order: day, key
SELECT key_id, CAST(first_seen AS DATE) AS day, COUNT(*) AS token_count
FROM tokens
WHERE verdict = 'forged'
GROUP BY key_id, CAST(first_seen AS DATE)
ORDER BY day, key_id
