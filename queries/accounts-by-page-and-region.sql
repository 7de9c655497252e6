-- title: Accounts by page and region
-- question: Where do the people live whose data each page showed?
-- unit: account
-- columns: page, region (none where the registry does not know the account), accounts confirmed, at least probable, at least possible
-- order: page, most accounts first
WITH surest AS (
  SELECT page, account, MIN(bound_rank) AS bound_rank
  FROM exposures
  WHERE account IS NOT NULL
  GROUP BY page, account
)
SELECT s.page, a.region,
       COUNT(*) FILTER (WHERE s.bound_rank = 1) AS confirmed_account_count,
       COUNT(*) FILTER (WHERE s.bound_rank <= 2) AS probable_account_count,
       COUNT(*) AS possible_account_count
FROM surest AS s
LEFT JOIN accounts AS a ON s.account = a.account
GROUP BY s.page, a.region
ORDER BY s.page, possible_account_count DESC, a.region
