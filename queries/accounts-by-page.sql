-- title: Accounts by page
-- question: How many accounts' data did each page show, and how surely?
-- unit: account, view
-- columns: page, bound, accounts, views. An account may stand in several bounds of a page; the figures count it in the surest.
-- order: page, bound
SELECT page, bound, COUNT(DISTINCT account) AS account_count, COUNT(*) AS view_count
FROM exposures
GROUP BY page, bound
ORDER BY page, bound
