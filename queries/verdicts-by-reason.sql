-- title: Verdicts by reason
-- question: Which rules decided on how many tokens?
-- unit: token, line
-- columns: verdict, confidence, reason, tokens, lines that carry them, first and last use
-- order: verdict, most tokens first
SELECT verdict, confidence, reason, COUNT(*) AS token_count, SUM(line_count) AS line_count,
       MIN(first_seen) AS first_seen, MAX(last_seen) AS last_seen
FROM tokens
GROUP BY verdict, confidence, reason
ORDER BY verdict, token_count DESC, confidence, reason
