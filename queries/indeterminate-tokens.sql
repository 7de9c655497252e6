-- title: Indeterminate tokens
-- question: Why can nothing be said about some tokens?
-- unit: token, line
-- columns: reason, what the issuance log can say, login behind it, tokens, lines
-- order: most tokens first
SELECT reason, coverage, coverage_basis, login, COUNT(*) AS token_count, SUM(line_count) AS line_count
FROM tokens
WHERE verdict = 'indeterminate'
GROUP BY reason, coverage, coverage_basis, login
ORDER BY token_count DESC, reason, coverage, coverage_basis, login
