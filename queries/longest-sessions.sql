-- title: The longest uses of forged tokens
-- question: Which forged tokens were in use for the longest time?
-- unit: token, second
-- columns: token, account, first and last use, seconds, lines, addresses
-- order: longest first, token; 50 rows
SELECT fingerprint, token_subject, first_seen, last_seen,
       date_diff('second', first_seen, last_seen) AS duration_seconds, line_count, address_count
FROM sessions
ORDER BY duration_seconds DESC, fingerprint
LIMIT 50
