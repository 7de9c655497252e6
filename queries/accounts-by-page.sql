-- Accounts by page: distinct accounts whose data each page showed, by the bound of the exposure.
-- unit: account. An account may stand in several bounds of a page; the figures count it in the surest.
SELECT page, bound, COUNT(DISTINCT account) AS account_count, COUNT(*) AS view_count
FROM exposures
GROUP BY page, bound
ORDER BY page, bound
