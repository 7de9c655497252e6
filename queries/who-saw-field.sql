-- title: Accounts of which a field was shown
-- question: Whose entrance codes, or another field, were shown in plain?
-- unit: account
-- param: field = entrance_code  A field of the page catalogue.
-- param: form = plain  `plain` or `masked`.
-- columns: account, person, region, surest bound, views, first view
-- order: surest first, then first view, account
SELECT x.account, a.person, a.region,
       MIN(x.bound_rank) AS bound_rank,
       COUNT(*) AS view_count, MIN(x.event_time) AS first_seen
FROM exposures AS x
LEFT JOIN accounts AS a ON x.account = a.account
WHERE x.account IS NOT NULL
  AND x.page IN (SELECT page FROM pages WHERE field = $field AND form = $form)
GROUP BY x.account, a.person, a.region
ORDER BY bound_rank, first_seen, x.account
