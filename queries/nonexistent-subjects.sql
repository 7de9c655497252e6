-- title: Subjects that do not exist
-- question: Which subjects do forged tokens name that the account registry lacks?
-- unit: subject; none of them is an affected account
-- columns: subject, tokens, first use
-- order: first use, subject
SELECT t.token_subject AS subject, COUNT(*) AS token_count, MIN(t.first_seen) AS first_seen
FROM tokens AS t
LEFT JOIN accounts AS a ON t.token_subject = a.account
WHERE t.verdict = 'forged' AND a.person IS NULL
GROUP BY t.token_subject
ORDER BY first_seen, subject
