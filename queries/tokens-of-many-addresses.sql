-- title: Forged tokens of several addresses
-- question: Which forged tokens were passed between addresses?
-- unit: token, address
-- columns: token, account, addresses, lines, first and last use
-- order: most addresses first, token
SELECT fingerprint, token_subject, address_count, line_count, first_seen, last_seen
FROM sessions
WHERE address_count > 1
ORDER BY address_count DESC, fingerprint
