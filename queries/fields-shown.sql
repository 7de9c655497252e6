-- title: Accounts by field
-- question: How many accounts had each field shown, plain or masked?
-- unit: account, view
-- columns: field, form, accounts confirmed, at least probable, at least possible, views
-- order: field, form
WITH surest AS (
  SELECT p.field, p.form, x.account, COUNT(*) AS view_count,
         MIN(x.bound_rank) AS bound_rank
  FROM exposures AS x
  JOIN (SELECT DISTINCT page, field, form FROM pages) AS p ON x.page = p.page
  WHERE x.account IS NOT NULL
  GROUP BY p.field, p.form, x.account
)
SELECT field, form,
       COUNT(*) FILTER (WHERE bound_rank = 1) AS confirmed_account_count,
       COUNT(*) FILTER (WHERE bound_rank <= 2) AS probable_account_count,
       COUNT(*) AS possible_account_count, SUM(view_count) AS view_count
FROM surest
GROUP BY field, form
ORDER BY field, form
