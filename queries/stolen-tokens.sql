-- title: Stolen tokens
-- question: Which tokens were handed out rightly and used by somebody else?
-- unit: token
-- columns: token, account, reason, lines, first and last use
-- order: first use, token
SELECT fingerprint, token_id, token_subject, key_id, confidence, reason, line_count, first_seen, last_seen
FROM tokens
WHERE verdict = 'stolen'
ORDER BY first_seen, fingerprint
