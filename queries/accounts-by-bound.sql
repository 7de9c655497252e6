-- title: Accounts by bound
-- question: How many accounts and people are affected, and how surely?
-- unit: account, person
-- columns: surest bound, accounts, people, views; sum them up for `probable` and `possible`
-- order: surest first
SELECT bound_rank, bound, COUNT(*) AS account_count, COUNT(DISTINCT person) AS person_count,
       SUM(view_count) AS view_count
FROM affected_accounts
GROUP BY bound_rank, bound
ORDER BY bound_rank
