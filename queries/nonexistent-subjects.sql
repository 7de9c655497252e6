-- Subjects that forged passes name and the account registry lacks: evidence of enumeration.
-- unit: subject. None of them is an affected account.
SELECT t.token_subject AS subject, COUNT(*) AS token_count, MIN(t.first_seen) AS first_seen
FROM tokens AS t
LEFT JOIN accounts AS a ON t.token_subject = a.account
WHERE t.verdict = 'forged' AND a.person IS NULL
GROUP BY t.token_subject
ORDER BY first_seen, subject
