-- title: Subjects that do not exist, by range
-- question: In which ranges did the attacker guess accounts that do not exist?
-- unit: subject
-- param: digits:bigint = 3  How many characters at the end are left out.
-- columns: the subject without its last digits, subjects, tokens, least and greatest subject
-- order: range
SELECT left(token_subject, greatest(length(token_subject) - CAST($digits AS BIGINT), 0)) AS subject_range,
       COUNT(DISTINCT token_subject) AS subject_count, COUNT(*) AS token_count,
       MIN(token_subject) AS least, MAX(token_subject) AS greatest
FROM tokens
WHERE verdict = 'forged' AND token_subject NOT IN (SELECT account FROM accounts)
GROUP BY left(token_subject, greatest(length(token_subject) - CAST($digits AS BIGINT), 0))
ORDER BY subject_range
