-- title: People with several accounts
-- question: Which affected people hold more than one affected account?
-- unit: person, account
-- columns: person, accounts, views, first and last view
-- order: most accounts first, person
SELECT person, COUNT(*) AS account_count, SUM(view_count) AS view_count,
       MIN(first_seen) AS first_seen, MAX(last_seen) AS last_seen
FROM affected_accounts
WHERE person IS NOT NULL
GROUP BY person
HAVING COUNT(*) > 1
ORDER BY account_count DESC, person
