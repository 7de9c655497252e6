-- title: Tokens by key
-- question: How many tokens does each key have, by verdict?
-- unit: token
-- columns: issuer, key, tokens by verdict
-- order: issuer, key
SELECT token_issuer, key_id,
       COUNT(*) FILTER (WHERE verdict = 'legitimate') AS legitimate_count,
       COUNT(*) FILTER (WHERE verdict = 'forged') AS forged_count,
       COUNT(*) FILTER (WHERE verdict = 'stolen') AS stolen_count,
       COUNT(*) FILTER (WHERE verdict = 'indeterminate') AS indeterminate_count
FROM tokens
GROUP BY token_issuer, key_id
ORDER BY token_issuer, key_id
