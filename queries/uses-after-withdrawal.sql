-- title: Uses after withdrawal
-- question: Which tokens were in use after the issuer had taken them back?
-- unit: token, request
-- columns: token, account, when it was taken back, uses after that, last use
-- order: most uses first
WITH withdrawn AS (
  SELECT token_id, issuer, MIN(event_time) AS withdrawn_at
  FROM issuances
  WHERE meaning = 'revoked' AND token_id IS NOT NULL
  GROUP BY token_id, issuer
)
SELECT r.token_id, r.token_subject, w.withdrawn_at, COUNT(*) AS request_count, MAX(r.event_time) AS last_seen
FROM requests AS r
JOIN withdrawn AS w ON r.token_id = w.token_id AND r.token_issuer = w.issuer
WHERE r.tier = 'gateway' AND r.event_time > w.withdrawn_at
GROUP BY r.token_id, r.token_subject, w.withdrawn_at
ORDER BY request_count DESC, r.token_id
