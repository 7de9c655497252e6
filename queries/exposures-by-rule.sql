-- title: Views by rule
-- question: Which rules gave how many views their bound?
-- unit: view
-- columns: bound, rule, page, views
-- order: bound, rule, page
SELECT bound, rule, page, COUNT(*) AS view_count
FROM exposures
GROUP BY bound, rule, page
ORDER BY bound, rule, page
