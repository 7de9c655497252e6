-- title: Views by day
-- question: On which days (UTC) was data shown?
-- unit: view, account
-- columns: day, views confirmed, at least probable, at least possible, accounts
-- order: day
SELECT CAST(event_time AS DATE) AS day,
       COUNT(*) FILTER (WHERE bound = 'confirmed') AS confirmed_view_count,
       COUNT(*) FILTER (WHERE bound <> 'possible') AS probable_view_count,
       COUNT(*) AS possible_view_count, COUNT(DISTINCT account) AS account_count
FROM exposures
GROUP BY CAST(event_time AS DATE)
ORDER BY day
