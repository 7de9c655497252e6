-- title: First and last access per account
-- question: When was each account's data shown first and last, and how often?
-- unit: account
-- columns: account, person, region, surest bound, views, pages, first and last view
-- order: first view, account
SELECT account, person, region, bound, view_count, page_count, first_seen, last_seen
FROM affected_accounts
ORDER BY first_seen, account
