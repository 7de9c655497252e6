-- title: Accounts with the most views
-- question: Whose data did the attacker look at most?
-- unit: account, view
-- columns: account, person, bound, views, pages, first and last view
-- order: most views first, account; 100 rows
SELECT account, person, bound, view_count, page_count, first_seen, last_seen
FROM affected_accounts
ORDER BY view_count DESC, account
LIMIT 100
